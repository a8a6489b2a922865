"""A vote whose voters sign in, set up as officials and a registrar do it: from a draft with a list to open polls."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from identity.assurance import Assurance
from identity.desk import Desk
from identity.people import email_claim, find_or_make, person_hash
from identity.roles import Role
from identity.sessions import KnownAs, open_session
from identity.types import EMAIL
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms
from storage.session import writing
from tests.support.drafts import (
    AREAS,
    CALENDAR,
    RULES,
    TITLE,
    Preparing,
    holders,
    question,
    staff,
)
from tests.support.offices import Clock
from tests.support.sites import Browser, SiteUnderTest
from voting.deeds import By
from voting.draft_document import LocalMoment, QuestionsPart
from voting.draft_terms import freeze, take_ceremony, take_freeze_signature, take_roll
from voting.drafts import create
from voting.office import Office
from voting.preparation import open_polls
from voting.registrar import IssuedCode, issue_codes

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
REGISTRAR = SigningKey.from_seed(b"r" * 32)


@dataclass
class SignInVote:
    """Open polls. codes: one for each voter, in the order of the list."""

    office: Office
    desk: Desk
    election: str
    codes: list[IssuedCode] = field(repr=False)
    emails: Sequence[str]

    @property
    def terms(self) -> ElectionTerms:
        """As frozen."""
        return self.office.terms(self.election)

    def person(self, email: str) -> bytes:
        """What the server keeps of who signs in with this address."""
        return person_hash(self.desk.keys, EMAIL, email_claim(email))

    def browser(
        self, site: SiteUnderTest, email: str, assurance: Assurance = Assurance.SUBSTANTIAL
    ) -> Browser:
        """A browser in which the owner of this address is signed in."""
        claim = self.person(email)
        known = KnownAs(EMAIL, claim, assurance, ("email",))
        with writing(self.desk.engine) as session:
            person = find_or_make(session, EMAIL, claim, language="en", now=self.desk.clock())
            token = open_session(
                self.desk, session, person, known, device="Firefox, Linux", second_factor=False
            )
        browser = site.browser().hold(token)
        browser.get("/en/my")
        return browser


def hold_sign_in_vote(
    office: Office,
    desk: Desk,
    now: datetime,
    emails: Sequence[str],
    *,
    sign_in: bool = True,
    language: str = "vi",
    questions: int = 1,
) -> SignInVote:
    """Opened yesterday, closes in five days. The last voter's line of the list says no address for notices.

    now: of the clock that will rule from then on; the draft is set up two days earlier.
    """
    clock = Clock(now - timedelta(days=2))
    before = Office(office.engine, office.keys, clock)
    desk_before = replace(desk, clock=clock)
    official = By(desk_before, staff("Ms Lan", Role.OFFICIAL))
    draft = create(before, official, TITLE)
    preparing = Preparing(before, desk_before, clock, official, official, draft)
    rules = msgspec.structs.replace(
        RULES,
        registrar_key=encode_base64url(REGISTRAR.public_key),
        sign_in="required" if sign_in else "none",
    )
    calendar = msgspec.structs.replace(
        CALENDAR, opens=_local(now - timedelta(days=1)), closes=_local(now + timedelta(days=5))
    )
    asked = QuestionsPart(
        questions=tuple(question("choose-one", f"q{number}") for number in range(1, questions + 1))
    )
    for part in (TITLE, asked, calendar, AREAS, rules, holders(1)):
        preparing.save(part)
    # Six voters of one area with one weight, so that nobody stands alone.
    lines = "".join(
        f"Cử tri {n},north,1,{email},{language if n < len(emails) else ''},{email if n < len(emails) else ''}\n"
        for n, email in enumerate(emails, start=1)
    )
    preparing.voters(
        f"voter,area,weight,identity,language,email\n{lines}".encode(), EMAIL if sign_in else None
    )
    election = preparing.fix()
    take_ceremony(before, official, draft, preparing.ceremony())
    issued, roll = issue_codes(election, [RollEntry(weight=1, area="north")] * len(emails))
    take_roll(before, official, draft, roll)
    take_freeze_signature(before, official, draft, preparing.signature(1))
    freeze(before, official, draft)
    clock.now = now - timedelta(days=1) + timedelta(minutes=1)
    open_polls(before, election)
    return SignInVote(office, desk, election, issued, emails)


def _local(moment: datetime) -> LocalMoment:
    local = moment.astimezone(ZONE)
    return LocalMoment(date=f"{local:%Y-%m-%d}", fold=0, time=f"{local:%H:%M}")
