"""The other half of the demonstration: real petitions and comments that were imported, and the ward's own."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from cli.demo_ward import AUTHORITY
from cli.import_data import read_contributions, read_petitions, read_topics
from consultation.areas import Area, set_areas
from consultation.importing import Report, import_discussions, import_petitions, importer
from consultation.petitions import life
from consultation.petitions.answering import Saying, answer
from consultation.petitions.deciding import admit
from consultation.petitions.settings import set_bodies, set_rules, set_thresholds
from consultation.petitions.types import Body, Draft, Due, Rules, Threshold
from consultation.signing.counting import take_areas
from consultation.signing.signing import Signing, sign
from identity.assurance import Assurance
from identity.desk import Desk
from identity.people import add_claim, make_person
from identity.sessions import SignedIn
from protocol.text import LocalText
from storage.session import writing
from voting.deeds import By

SAMPLE: Final = Path(__file__).parent / "sample"
WARD: Final = Body("ward", AUTHORITY)
PARLIAMENT: Final = Body(
    "parliament", LocalText(en="Parliament (imported petitions)", vi="Nghị viện (kiến nghị nhập vào)")
)
AREAS: Final = (
    Area("ben-do", LocalText(en="Bến Đò", vi="Bến Đò")),
    Area("ho-sen", LocalText(en="Hồ Sen", vi="Hồ Sen")),
    Area("lo-gom", LocalText(en="Lò Gốm", vi="Lò Gốm")),
)
THRESHOLDS: Final = (Threshold(0, 30, Due.ANSWER, None, 30), Threshold(0, 100, Due.DEBATE, None, 60))
LAMPS: Final = Draft(
    "Lắp đèn đường và lan can dọc bờ đông hồ Sen",
    "Con đường dài 640 mét và chỉ có ba bóng đèn. Trẻ em đi học thêm về qua đây mỗi tối.",
    "Chúng tôi đề nghị lắp 12 bóng đèn và lan can cao 1,1 mét trước mùa mưa.",
    "vi",
    "ward",
    "ho-sen",
)
LIBRARY: Final = Draft(
    "Keep the ward library open on Sunday afternoons",
    "Pupils have nowhere quiet to learn at weekends. On Saturdays every seat is taken by nine o'clock.",
    "",
    "en",
    "ward",
)
SIGNERS: Final = {LAMPS: (9, 21, 6), LIBRARY: (7, 6, 8)}
"""Invented people who sign, by area."""


def take_part(desk: Desk) -> tuple[Report, Report]:
    """Import, write, sign and answer, all by the verbs of the site; what was refused of the imports."""
    with writing(desk.engine) as session:
        set_areas(session, AREAS)
        set_bodies(session, (WARD, PARLIAMENT))
        set_thresholds(session, THRESHOLDS)
        set_rules(session, Rules(sponsors=0))
    by = importer(desk)
    petitions = read_petitions(SAMPLE / "petitions.csv")
    imported = import_petitions(by, petitions, PARLIAMENT.id, "en", lambda: None)
    discussed = import_discussions(
        by,
        read_topics(SAMPLE / "proposals.csv"),
        read_contributions(SAMPLE / "comments.csv"),
        "en",
        lambda: None,
    )
    lamps, _ = (_petition(desk, by, draft, counts) for draft, counts in SIGNERS.items())
    with writing(desk.engine) as session:
        answer(session, by, lamps, Saying(WARD.id, "12 bóng đèn sẽ được lắp trước ngày 30/4.", "vi", 0))
        set_rules(session, Rules())
    return imported, discussed


def _petition(desk: Desk, by: By, draft: Draft, counts: Sequence[int]) -> str:
    with writing(desk.engine) as session:
        creator = make_person(session, name="", language=draft.language, now=desk.clock())
        petition = life.create_draft(session, creator, draft, desk.clock())
        life.submit(session, creator, petition, desk.clock())
        admit(session, by, petition, 1)
    for area, count in zip(AREAS, counts, strict=True):
        for _ in range(count):
            with writing(desk.engine) as session:
                signer = _invented(session, desk.clock())
                sign(desk, session, petition, signer, Signing(1, area.id, mails=False, language="vi"))
    with writing(desk.engine) as session:
        take_areas(session, petition, desk.clock())
    return petition


def _invented(session: Session, now: datetime) -> SignedIn:
    """Somebody who is signed in well enough for every site; there is no session."""
    person, claim = make_person(session, name="", language="vi", now=now), secrets.token_bytes(32)
    add_claim(session, person, "demo", claim, now=now)
    return SignedIn(
        person_id=person,
        name="",
        language="vi",
        roles=frozenset(),
        methods=("invented",),
        assurance=Assurance.HIGH,
        second_factor_at=None,
        issuer="demo",
        claim=claim,
        session=b"",
    )
