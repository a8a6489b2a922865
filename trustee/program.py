"""What a trustee does: check the terms and sign them, verify the whole board and sign its closing, open its products.

Nothing is taken from the server on trust. The program reads the board itself, recomputes the products itself, and
opens those alone: no function here takes a ciphertext.

Source: PROTOCOL section 8, "Closing statement first", "Opening".
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from crypto.certificate import nth_root_challenges, verify_key_record, verify_key_share
from crypto.encoding import encode_base64url
from crypto.errors import CryptoError
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.opening_proof import open_partially, verify_partial_opening
from protocol.events import Events
from protocol.leaf import Kind, sign_body
from protocol.opening_rules import (
    OpeningTooEarly,
    make_partial_openings,
    make_statement,
    opening_context,
    require_quorum,
)
from protocol.records import freeze_message
from protocol.report import CheckName, CheckReport
from protocol.signed_body import SignedBody
from protocol.tally_checks import TallyChecks
from protocol.terms import ElectionTerms, assemble_terms
from protocol.text import format_time, parse_time
from protocol.verification import BoardSource, Options, VerifiedBoard, verify_board
from trustee.diary import Diary
from trustee.errors import (
    ActNotAccepted,
    AlreadyOpened,
    BoardRefused,
    NothingToOpen,
    NotThisTrustee,
    StatementAlreadySigned,
    StatementNotOnBoard,
    TooEarly,
)
from trustee.key_file import TrusteeKey

# Invalid ballots are not counted and blame the server; they do not keep the valid ones from being opened.
REQUIRED_CHECKS: Final = (
    CheckName.KEY,
    CheckName.ROLL,
    CheckName.BOARD,
    CheckName.COUNTED,
    CheckName.AGGREGATES,
)


@dataclass(frozen=True)
class SignedByTrustee:
    """What goes to the board, and what the trustee should know about it.

    failures: checks that failed and do not keep a trustee from signing (invalid ballots, another trustee's fault).
    warnings, events: as the report has them. Replaced codes and moved hours keep every rule, and may be wrong all the
    same: a person looks at them before the count is opened, for it cannot be opened differently afterwards.
    """

    signed: SignedBody
    failures: tuple[CheckReport, ...]
    warnings: tuple[str, ...] = ()
    events: Events = field(default_factory=Events)


def check_terms(
    key: TrusteeKey, manifest_body: bytes, ceremony_body: bytes, roll_body: bytes
) -> ElectionTerms:
    """The terms, after every check that a trustee makes before signing them.

    Raises: ProtocolError, CryptoError naming what is wrong with them; NotThisTrustee.
    """
    terms, _ = assemble_terms(manifest_body, ceremony_body, roll_body)
    verify_key_record(terms.record, terms.manifest.size)
    require_own(key, terms)
    return terms


def sign_freeze(key: TrusteeKey, terms: ElectionTerms) -> bytes:
    """The trustee's signature of the fingerprint, 64 bytes. terms: from `check_terms`."""
    return key.signing_key.sign(freeze_message(terms.election, terms.fingerprint))


def require_own(key: TrusteeKey, terms: ElectionTerms) -> KeyShare:
    """The share, if this key file is one of the election's trustees. Raises: NotThisTrustee."""
    if key.share is None or key.place is None:
        raise NotThisTrustee("This key file holds no share yet: it comes out of the key ceremony.")
    if key.place.election != terms.election:
        raise NotThisTrustee(f"This key file is for election {key.place.election}, not for {terms.election}.")
    number = key.place.trustee
    trustees = terms.manifest.trustees
    if number > len(trustees) or trustees[number - 1].key != encode_base64url(key.public_key):
        raise NotThisTrustee(f"The manifest names another key than this one for trustee {number}.")
    require_share(terms.record, key.share)
    return key.share


def require_share(record: PublicKeyRecord, share: KeyShare) -> None:
    """The share lies behind the election key's own verification key. Raises: NotThisTrustee."""
    try:
        verify_key_share(record, share)
    except CryptoError as error:
        raise NotThisTrustee(f"The share in this key file does not open this election: {error}") from error


def rehearse(record: PublicKeyRecord, share: KeyShare) -> int:
    """Answer elements that this program derives from n itself, and check the proofs; how many.

    Shows long before the counting that the key file opens. Nothing of it leaves the program.
    Raises: NotThisTrustee.
    """
    require_share(record, share)
    elements = nth_root_challenges(record.n)
    for element in elements:
        opening = open_partially(record, share, element, b"rehearsal")
        verify_partial_opening(record, share.index, element, opening, b"rehearsal")
    return len(elements)


def sign_statement(
    source: BoardSource, key: TrusteeKey, diary: Diary, now: datetime, options: Options | None = None
) -> SignedByTrustee:
    """Verify the whole board and sign its closing: once for an election, ever.

    now: the trustee's own clock, aware; the objection time is counted from it.
    Raises: BoardRefused, NotThisTrustee, TooEarly, StatementAlreadySigned, DiaryDamaged; what `source` raises.
    """
    view = _verify(source, key, options)
    body = view.statement()
    diary.record_statement(body, now)
    return view.signed(Kind.CLOSING_STATEMENT, body)


def open_products(
    source: BoardSource,
    key: TrusteeKey,
    diary: Diary,
    now: datetime,
    options: Options | None = None,
    *,
    accept_act: bool = False,
) -> SignedByTrustee:
    """Verify the whole board again and answer its products, each with a proof.

    now: the trustee's own clock, aware.  accept_act: the trustee has read the act that lowers the quorum and has asked
    the others what they signed; needed where no witness watches the board.
    Raises: as `sign_statement`; TooEarly before the statements or the end of the objection time,
    ActNotAccepted, StatementNotOnBoard, NothingToOpen, AlreadyOpened.
    """
    view = _verify(source, key, options)
    terms, tally, number = view.terms, view.tally, view.share.index
    signed, allowed = diary.statement(), view.statement()
    if signed is not None and signed.body != allowed:
        raise StatementAlreadySigned(signed.body, allowed)
    if signed is None or number not in tally.statements:
        raise StatementNotOnBoard(
            "This trustee's closing statement does not stand on this board. Sign the closing first, and open when "
            "the board shows the statement."
        )
    try:
        require_quorum(terms, len(tally.statements), tally.quorum_lowered)
    except OpeningTooEarly as error:
        raise TooEarly(str(error)) from error
    if not accept_act:
        _require_no_act(terms, tally)
    # The closing leaf's time is the server's word, and after a quiet hour it may lie an hour back. When this program
    # saw the closed board is not.
    seen_closed = max(parse_time(tally.closing_time), signed.noted_at)
    earliest = seen_closed + timedelta(seconds=terms.manifest.objection_seconds)
    if now < earliest:
        raise TooEarly(f"The time for objections ends at {format_time(earliest)}; it is {format_time(now)}.")
    if not tally.opened_products:
        raise NothingToOpen(
            "The result is withheld: nothing may be opened."
            if tally.withheld
            else "No ballot is counted: there is nothing to open."
        )
    if number in tally.answers:
        raise AlreadyOpened("This trustee's openings stand on the board already.")
    openings = [
        open_partially(
            terms.record,
            view.share,
            product.ciphertext,
            opening_context(terms, tally.aggregates_digest, product, number),
        )
        for product in tally.opened_products
    ]
    body = make_partial_openings(terms, tally.aggregates_digest, number, openings)
    return view.signed(Kind.PARTIAL_OPENING, body)


def _require_no_act(terms: ElectionTerms, tally: TallyChecks) -> None:
    # Two sets of t statements need not share an honest trustee. With witnesses they share a closing all the same;
    # without, the server and one trustee could show two honest ones two boards, and the difference is one vote.
    enough = len(tally.statements) >= terms.manifest.statement_quorum
    if tally.act is None or terms.manifest.witnesses or enough:
        return
    numbered = list(enumerate(terms.manifest.trustees, start=1))
    absent = [f"{number} ({named.name})" for number, named in numbered if number not in tally.statements]
    raise ActNotAccepted(
        f"{tally.act.name} has lowered the number of trustees who must confirm the closing to {tally.act.to}, "
        f"for this reason: {tally.act.reason}\nNo witness watches this board, so others may have been shown another: "
        f"two boards that differ in one ballot open that ballot. Ask trustee {', '.join(absent)} yourself, not through "
        "the server: was a closing statement signed, with another checkpoint_root than "
        f"{encode_base64url(tally.closing_root)}? If none was, open with --accept-act."
    )


@dataclass(frozen=True)
class _View:
    """A board that was verified by this very program, up to its aggregates."""

    board: VerifiedBoard
    terms: ElectionTerms
    tally: TallyChecks
    closing: int
    key: TrusteeKey
    share: KeyShare

    def statement(self) -> bytes:
        """The one closing statement that this board allows."""
        tally = self.tally
        return make_statement(
            self.terms, self.share.index, self.closing, tally.closing_root, tally.aggregates_digest
        )

    def signed(self, kind: Kind, body: bytes) -> SignedByTrustee:
        signature = sign_body(kind, body, self.key.signing_key)
        report = self.board.report
        failures = tuple(check for check in report.checks if not check.ok)
        signed = SignedBody(kind, body, signature, self.share.index)
        return SignedByTrustee(signed, failures, report.warnings, report.events)


def _verify(source: BoardSource, key: TrusteeKey, options: Options | None) -> _View:
    board = verify_board(source, options)
    if board.terms is not None:
        require_own(key, board.terms)  # the plainest reason first: not this trustee's election
    reasons = [
        f"{check.name}: {failure.reason}"
        for check in board.report.checks
        if check.name in REQUIRED_CHECKS
        for failure in check.failures[:1]
    ]
    if reasons or board.terms is None or board.tally is None:
        raise BoardRefused(board.report, reasons)
    closing = board.rules.closing
    if closing is None:
        raise TooEarly("The board is not closed yet.")
    if board.rules.aggregates is None:
        raise TooEarly("The server has not published the aggregates yet.")
    return _View(board, board.terms, board.tally, closing, key, require_own(key, board.terms))
