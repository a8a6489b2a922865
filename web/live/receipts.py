"""The receipt of a ballot, from what everybody can read on the board: that it is there, and where; never a choice."""

from dataclasses import dataclass

from crypto.crockford import MistypedCode
from crypto.display_code import display_code
from crypto.encoding import encode_base64url
from paper.receipt import ReceiptPaper
from paper.words import Both
from protocol.text import parse_time
from storage.session import reading
from voting.errors import CodeNotFound, NoSuchElection
from voting.lookup import CredentialRecord, StandingBallot, find_by_any
from voting.office import Office, find_election
from web.i18n import Language, Text
from web.links import Links
from web.live.heads import head_of
from web.pages.common import Head, PageNotFound, Site


@dataclass(frozen=True)
class FoundReceipt:
    """One ballot on the board. number: among the ballots of its voting code, from 1.  counts: as of now."""

    head: Head
    paper: ReceiptPaper
    tracker: str
    counts: bool


def find_receipt(
    office: Office, site: Site, language: Language, election: str, code: str
) -> FoundReceipt | None:
    """The ballot with this receipt code (or whole tracker), or the last one of this voter number.

    None where there is none. Raises: PageNotFound.
    """
    with reading(office.engine) as session:
        try:
            row = find_election(session, election)
        except NoSuchElection:
            raise PageNotFound(election) from None
        if row.fingerprint is None:
            raise PageNotFound("a draft")
        try:
            record, index = find_by_any(session, row, code)
        except (MistypedCode, CodeNotFound):
            return None
        ballot = _chosen(record, index)
        if ballot is None:
            return None
        head = head_of(session, row, office.clock(), withheld=False)
        paper = _paper(site, language, head, record, ballot)
    return FoundReceipt(head, paper, encode_base64url(ballot.leaf.digest_bytes), ballot.counts)


def _chosen(record: CredentialRecord, index: int | None) -> StandingBallot | None:
    if index is None:
        return record.ballots[-1] if record.ballots else None
    return next(ballot for ballot in record.ballots if ballot.index == index)


def _paper(
    site: Site, language: Language, head: Head, record: CredentialRecord, ballot: StandingBallot
) -> ReceiptPaper:
    tracker, links = ballot.leaf.digest_bytes, Links(language)
    return ReceiptPaper(
        title=_both(head.title),
        authority=_both(head.authority),
        cast_at=head.local(parse_time(ballot.leaf.time)),
        closes_at=head.closes,
        receipt_code=display_code(tracker),
        voter_number=record.alias,
        fingerprint=head.fingerprint or "",
        index=ballot.index,
        number=ballot.sequence,
        check_address=site.base_url + links.check(head.id),
        scan=site.base_url + links.check(head.id, encode_base64url(tracker)),
        revoting=head.revoting,
        rehearsal=head.rehearsal,
    )


def _both(text: Text) -> Both:
    return Both(text.en, text.vi)
