"""Petitions of a ward in every state, made by the verbs that people use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from consultation.areas import Area, set_areas
from consultation.petitions import life
from consultation.petitions.answering import Saying, answer
from consultation.petitions.deciding import Rejecting, admit, reject
from consultation.petitions.settings import set_bodies, set_thresholds
from consultation.petitions.types import Body, Draft, Due, Reason, Threshold
from identity.roles import Role
from protocol.text import LocalText
from storage.session import writing
from tests.support.desks import DeskUnderTest
from tests.support.signatures import Signatures
from voting.deeds import By

WARD: Final = Body("ward", LocalText(en="Ward Office", vi="Ủy ban phường"))
CITY: Final = Body("city", LocalText(en="City Transport Office", vi="Sở Giao thông"))
AREAS: Final = tuple(
    Area(name, LocalText(en=en, vi=vi))
    for name, en, vi in (("north", "North", "Bắc"), ("south", "South", "Nam"))
)
SPONSORS: Final = 5
LAMPS: Final = Draft(
    "Lắp đèn đường dọc bờ đông hồ Sen",
    "Con đường dài 640 mét và chỉ có ba bóng đèn.\n\nTrẻ em đi học thêm về qua đây.",
    "Chúng tôi đề nghị lắp 12 bóng đèn.",
    "vi",
    "ward",
    "north",
)
CROSSING: Final = Draft(
    "Build a crossing in front of the school",
    "Two thousand children cross here each day. <b>Cars</b> do not stop.",
    "",
    "en",
    "city",
)


@dataclass
class Ward:
    """A site with two bodies and a threshold. creator: who started all petitions."""

    site: DeskUnderTest
    answer_at: int = 7
    signatures: Signatures = field(init=False)
    creator: str = field(init=False)
    moderator: By = field(init=False)
    official: By = field(init=False)

    def __post_init__(self) -> None:
        desk = self.site.desk
        self.signatures = Signatures(self.site)
        self.creator = self.site.person("Lan")
        self.moderator = By(desk, self.site.signed_in(Role.MODERATOR))
        self.official = By(desk, self.site.signed_in(Role.OFFICIAL))
        with writing(desk.engine) as session:
            set_areas(session, AREAS)
            set_bodies(session, (WARD, CITY))
            set_thresholds(session, (Threshold(0, self.answer_at, Due.ANSWER, None, 30),))

    def draft(self, words: Draft = LAMPS) -> str:
        """Seen by its creator alone."""
        with writing(self.site.desk.engine) as session:
            return life.create_draft(session, self.creator, words, self.site.clock())

    def sponsors(self, words: Draft = LAMPS) -> str:
        """Waiting for the first signatures."""
        petition = self.draft(words)
        with writing(self.site.desk.engine) as session:
            life.submit(session, self.creator, petition, self.site.clock())
        return petition

    def moderation(self, words: Draft = LAMPS) -> str:
        """Waiting for a moderator."""
        petition = self.sponsors(words)
        self.sign(petition, SPONSORS)
        return petition

    def open(self, words: Draft = LAMPS, signatures: int = SPONSORS) -> str:
        """Published, with this many signatures."""
        petition = self.moderation(words)
        with writing(self.site.desk.engine) as session:
            admit(session, self.moderator, petition, 1)
        self.sign(petition, signatures - SPONSORS)
        return petition

    def rejected(self, reason: Reason, words: Draft = LAMPS, twin: str | None = None) -> str:
        """Not published, for this reason."""
        petition = self.moderation(words)
        with writing(self.site.desk.engine) as session:
            reject(
                session, self.moderator, petition, 1, Rejecting(reason, "Lý do của <người> kiểm duyệt.", twin)
            )
        return petition

    def sign(self, petition: str, count: int, areas: Mapping[int, str] | None = None) -> None:
        """So many new people sign. areas: of some of them, by their number from 0."""
        for number in range(count):
            self.signatures.sign(petition, area=(areas or {}).get(number))

    def answer(self, petition: str, body: str = "ward", words: str = "Chúng tôi lắp 12 bóng đèn.") -> None:
        """The official answer."""
        with writing(self.site.desk.engine) as session:
            answer(session, self.official, petition, Saying(body, words, "vi", 0))
