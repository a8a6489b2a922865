"""A whole election on one machine, through the real verbs of every room: for `psephos simulate` and `psephos demo`.

The manifest says `one-machine`: whoever runs this could keep every key, and pages and verifier say so.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from audits.stored_board import StoredBoard
from crypto.ballot_seed import BallotSeed
from crypto.credential import credential_of, credential_seed
from crypto.encoding import encode_base64url
from crypto.opening_proof import open_partially
from crypto.voting_code import VotingCode
from protocol.ballot import BallotRecord, encrypt_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest
from protocol.errors import ProtocolError
from protocol.leaf import Kind, sign_body
from protocol.manifest import Manifest
from protocol.opening_rules import make_partial_openings, make_statement, opening_context
from protocol.records import freeze_message
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms, assemble_terms
from protocol.verification import VerifiedBoard, verify_board
from rehearsal.ceremony import Trustees
from storage.engine import make_engine
from storage.errors import DatabaseBusy
from storage.migrate import migrate
from tally.opening import append_partial_openings, append_statement, count_progress
from voting.casting import cast_ballot
from voting.errors import VotingError
from voting.office import Office
from voting.preparation import freeze_election, open_polls, register_election
from voting.registrar import IssuedCode, issue_codes
from voting.server_keys import ServerKeys

CHUNK_BALLOTS = 32

T = TypeVar("T")

Vote = tuple[tuple[int, ...], ...]
"""One answer for each question: an integer for each slot."""


class BallotRefused(Exception):
    """The casting door refuses a ballot that was made here."""


class UrnNotOpened(Exception):
    """The trustees refuse to open."""


def open_office(database_url: str, secrets_folder: Path) -> Office:
    """An office on a database, migrated."""
    engine = make_engine(database_url)
    migrate(engine)
    return Office(engine, ServerKeys.open(secrets_folder))


def freeze_and_open(
    office: Office,
    manifest: Manifest,
    trustees: Trustees,
    entries: Iterable[RollEntry],
    keep: Callable[[list[IssuedCode]], None] | None = None,
) -> tuple[ElectionTerms, list[IssuedCode]]:
    """Codes for every entry of the roll, freeze under all trustees' signatures, open the polls.

    keep: is given the codes before anything is frozen, so that none can be lost.
    """
    manifest_body = register_election(office, manifest)
    issued, roll_body = issue_codes(manifest.election, entries)
    if keep is not None:
        keep(issued)
    terms, _ = assemble_terms(manifest_body, trustees.ceremony_body, roll_body)
    message = freeze_message(terms.election, terms.fingerprint)
    signatures = [key.sign(message) for key in trustees.signing]
    freeze_election(office, trustees.ceremony_body, roll_body, manifest_body, signatures)
    open_polls(office, manifest.election)
    return terms, issued


def seal_vote(terms: ElectionTerms, code: VotingCode, vote: Vote, sequence: int = 1) -> bytes:
    """What a voter's device makes: encrypt, prove, sign; the bytes of a cast request."""
    credential = credential_of(code, terms.election)
    seed = BallotSeed.fresh(credential_seed(code, terms.election))
    body = encrypt_ballot(terms, vote, credential.public_key, sequence, seed)
    signature = sign_body(Kind.BALLOT, body, credential)
    ballot = decode_canonical(body, BallotRecord, limit_bytes=len(body))
    return encode_canonical(
        CastRequest(ballot=ballot, format="psephos/cast/v1", signature=encode_base64url(signature))
    )


def open_urn(office: Office, election_id: str, trustees: Trustees, openers: Sequence[int]) -> VerifiedBoard:
    """All closing statements, then the openings of `openers`; the board that the trustees verified first.

    What stands on the board already is not made again, so an interrupted opening can be continued.
    """
    verified = verify_board(StoredBoard(office.engine, election_id))
    terms, tally, closing = verified.terms, verified.tally, verified.rules.closing
    if not verified.report.ok or terms is None or tally is None or closing is None:
        raise UrnNotOpened("The trustees do not open: the board does not verify.")
    done = count_progress(office, election_id)
    for number, key in enumerate(trustees.signing, start=1):
        if number in done.statements:
            continue
        body = make_statement(terms, number, closing, tally.closing_root, tally.aggregates_digest)
        append_statement(office, election_id, body, sign_body(Kind.CLOSING_STATEMENT, body, key))
    for number in openers:
        if number in done.openings:
            continue
        openings = [
            open_partially(
                terms.record,
                trustees.shares[number - 1],
                product.ciphertext,
                opening_context(terms, tally.aggregates_digest, product, number),
            )
            for product in tally.opened_products
        ]
        body = make_partial_openings(terms, tally.aggregates_digest, number, openings)
        signature = sign_body(Kind.PARTIAL_OPENING, body, trustees.signing[number - 1])
        append_partial_openings(office, election_id, body, signature)
    return verified


class Hands:
    """Worker processes that encrypt and cast: each call is spread over all of them, in order.

    Every ballot goes through `voting.casting.cast_ballot`, so several cast at once as on a real server.
    """

    def __init__(self, database_url: str, secrets_folder: Path, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        # A new interpreter for each: no connection or lock is inherited.
        self.pool: Executor = ProcessPoolExecutor(
            self.workers,
            mp_context=get_context("spawn"),
            initializer=_start_hand,
            initargs=(database_url, secrets_folder),
        )

    def __enter__(self) -> "Hands":
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def seal(self, election_id: str, votes: Sequence[tuple[VotingCode, Vote, int]]) -> list[bytes]:
        """A cast request for each (code, vote, sequence)."""
        work = [(election_id, chunk) for chunk in self._share(votes)]
        return [request for requests in self.pool.map(_seal_all, work) for request in requests]

    def cast(self, election_id: str, requests: Sequence[bytes]) -> None:
        """Cast them all. Raises: BallotRefused for the first that is refused."""
        work = [(election_id, chunk) for chunk in self._share(requests)]
        for refusal in self.pool.map(_cast_all, work):
            if refusal is not None:
                raise BallotRefused(refusal)

    def _share(self, items: Sequence[T]) -> Iterator[Sequence[T]]:
        size = max(1, min(CHUNK_BALLOTS, -(-len(items) // self.workers)))
        return (items[start : start + size] for start in range(0, len(items), size))


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


_hand_office: Office | None = None


def _start_hand(database_url: str, secrets_folder: Path) -> None:
    global _hand_office  # noqa: PLW0603  (one office for the life of a worker process)
    _hand_office = Office(make_engine(database_url), ServerKeys.open(secrets_folder))


def _seal_all(work: tuple[str, Sequence[tuple[VotingCode, Vote, int]]]) -> list[bytes]:
    election_id, votes = work
    terms = _office().terms(election_id)  # its key's tables are built once in each process
    return [seal_vote(terms, code, vote, sequence) for code, vote, sequence in votes]


def _cast_all(work: tuple[str, Sequence[bytes]]) -> str | None:
    """Why the first that was refused was refused. As text: not every error survives the way between processes."""
    election_id, requests = work
    try:
        for request in requests:
            cast_ballot(_office(), election_id, request)
    except (VotingError, ProtocolError, DatabaseBusy) as error:
        return f"{error.code}: {error}"
    return None


def _office() -> Office:
    if _hand_office is None:
        raise RuntimeError("This process was not started as a hand.")
    return _hand_office
