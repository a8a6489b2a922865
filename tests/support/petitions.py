"""Petitions in every state, made by the verbs, with a body, two thresholds and people who have started and decide."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from consultation.petitions.answering import Saying, last_official
from consultation.petitions.counting import signatures_counted
from consultation.petitions.deciding import admit
from consultation.petitions.life import create_draft, submit
from consultation.petitions.settings import set_bodies, set_rules, set_thresholds
from consultation.petitions.store import find_petition, lock_petition
from consultation.petitions.types import Body, Draft, Due, Petition, Rules, Threshold
from identity.roles import Role
from protocol.text import LocalText
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test
from voting.deeds import By

WARD = Body("ward", LocalText(en="Ward office", vi="Ủy ban nhân dân phường"), "ward@example.org")
COUNCIL = Body("council", LocalText(en="Ward council", vi="Hội đồng nhân dân phường"))
LAKE = Draft(
    action="Light the east bank of Sen Lake",
    background="Three lamps on 640 metres, two of them broken since June.",
    details="We ask for 16 lamps and a railing.",
    language="en",
    body="ward",
)
_READ = re.compile(r'name="(version|digest)" value="([0-9a-f]+)"')
ANSWERS, DEBATES = Threshold(0, 3, Due.ANSWER, None, 30), Threshold(0, 5, Due.DEBATE, COUNCIL, 60)


def words_read(page: str) -> Mapping[str, str]:
    """The fields of a form that name the words it was opened at."""
    return dict(_READ.findall(page))


@dataclass
class PetitionsUnderTest:
    """A desk on which petitions can be started; two of them as sponsors are enough."""

    site: DeskUnderTest
    lan: str
    moderator: By
    official: By

    def started(self, draft: Draft = LAKE) -> str:
        """A draft of Lan's."""
        with writing(self.site.desk.engine) as session:
            return create_draft(session, self.lan, draft, self.site.clock())

    def submitted(self, draft: Draft = LAKE) -> str:
        """One that gathers sponsors."""
        petition = self.started(draft)
        with writing(self.site.desk.engine) as session:
            submit(session, self.lan, petition, self.site.clock())
        return petition

    def waiting(self, draft: Draft = LAKE) -> str:
        """One that waits for a moderator."""
        petition = self.submitted(draft)
        self.count(petition, 2)
        return petition

    def published(self, draft: Draft = LAKE) -> str:
        """One that is open."""
        petition = self.waiting(draft)
        with writing(self.site.desk.engine) as session:
            admit(session, self.moderator, petition, 1)
        return petition

    def count(self, petition: str, signatures: int) -> None:
        """As `signing` does after a signature."""
        with writing(self.site.desk.engine) as session:
            row = lock_petition(session, petition)
            signatures_counted(session, row, signatures, self.site.desk, self.site.clock())

    def find(self, petition: str) -> Petition:
        """As it stands."""
        with reading(self.site.desk.engine) as session:
            return find_petition(session, petition)

    def saying(self, session: Session, petition: str, words: str = "We do it.", body: str = "ward") -> Saying:
        """What the office says after everything that it has said."""
        return Saying(body, words, "en", last_official(session, petition))


def prepare(site: DeskUnderTest) -> PetitionsUnderTest:
    """Bodies, thresholds and people on a desk that is there already."""
    with writing(site.desk.engine) as session:
        set_bodies(session, [WARD, COUNCIL])
        set_rules(session, Rules(sponsors=2, sponsor_days=30, open_days=180))
        set_thresholds(session, [ANSWERS, DEBATES])
    moderator = By(site.desk, site.signed_in(Role.MODERATOR, name="Mai"))
    official = By(site.desk, site.signed_in(Role.OFFICIAL, name="Oanh"))
    return PetitionsUnderTest(site, site.person(), moderator, official)


@contextmanager
def petitions_under_test(database_url: str, folder: Path) -> Iterator[PetitionsUnderTest]:
    """The same on a fresh database."""
    with desk_under_test(database_url, folder) as site:
        yield prepare(site)
