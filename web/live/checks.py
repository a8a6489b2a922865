"""What the board says about a code, as the server answers it to somebody without script."""

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.crockford import MistypedCode, VietnameseKeyboard, WrongLength, WrongSymbol
from crypto.display_code import alias, display_code
from protocol.canonical import decode_canonical
from protocol.revocation import REVOCATION_BYTES_MAX, Revocation
from protocol.text import parse_time
from voting.lookup import CredentialRecord, StandingBallot
from voting.models import VotingElection
from web.pages.check import CheckAnswer, CheckedBallot, Mistyped, ReplacedCode, Standing


def answer_of(
    session: Session, row: VotingElection, record: CredentialRecord, entered: int | None
) -> CheckAnswer:
    """Every ballot of a credential. entered: index of the one that was asked for."""
    return CheckAnswer(
        record.alias,
        tuple(
            CheckedBallot(
                receipt=display_code(ballot.leaf.digest_bytes),
                index=ballot.index,
                time=parse_time(ballot.leaf.time),
                standing=_standing(record, ballot),
                entered=ballot.index == entered,
            )
            for ballot in record.ballots
        ),
        _revoked(session, row, record),
    )


def mistake_in(error: MistypedCode) -> tuple[Mistyped, str, int]:
    """What is wrong with a typed code: kind, the symbol that no code has, how many were typed."""
    if isinstance(error, VietnameseKeyboard):
        return Mistyped.VIETNAMESE, "", 0
    if isinstance(error, WrongSymbol):
        return Mistyped.SYMBOL, error.symbol, 0
    return Mistyped.LENGTH, "", error.found if isinstance(error, WrongLength) else 0


def _standing(record: CredentialRecord, ballot: StandingBallot) -> Standing:
    if record.revoked_index is not None:
        return Standing.REVOKED
    return Standing.COUNTS if ballot.counts else Standing.REPLACED


def _revoked(session: Session, row: VotingElection, record: CredentialRecord) -> ReplacedCode | None:
    if record.revoked_index is None or record.replaced_by is None:
        return None
    digest = board.entry(session, LogId(row.log_id), record.revoked_index).digest
    said = decode_canonical(board.body(session, digest), Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    return ReplacedCode(record.revoked_index, alias(record.replaced_by), said.reason)
