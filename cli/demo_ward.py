"""The invented ward of the demonstration: what it asks, whom, and what its invented voters choose."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.manifest import (
    RELAXED_SMALL_AREAS,
    Approval,
    Area,
    ChooseOne,
    Manifest,
    NamedKey,
    Option,
    Question,
    Ranking,
)
from protocol.ranking import blank_ranking, ranking_values
from protocol.roll import RollEntry
from protocol.text import LocalText, format_time
from voting.office import utc_now
from voting.preparation import log_origin, new_election_id
from voting.server_keys import ServerKeys

SITE = "demo.psephos.invalid"
NAME = LocalText(en="Đồng Sen Ward", vi="Phường Đồng Sen")
AUTHORITY = LocalText(en="People’s Committee of Đồng Sen Ward", vi="Ủy ban nhân dân phường Đồng Sen")
HELP_LINE = "024 0000 0123"
TRUSTEE_NAMES = ("Trường THPT Đồng Sen", "Chi hội Luật gia Đồng Sen", "Hội Người cao tuổi phường")
AREA_NAMES = ("Bến Đò", "Hồ Sen")

LAND = ChooseOne(
    id="land",
    text=LocalText(
        en="What should the old market land be used for?", vi="Khu đất chợ cũ nên được dùng vào việc gì?"
    ),
    options=(
        Option(
            id="market",
            label=LocalText(en="Rebuild the market, with a roof", vi="Xây lại chợ dân sinh có mái che"),
        ),
        Option(id="park", label=LocalText(en="A park with a playground", vi="Công viên và sân chơi trẻ em")),
        Option(
            id="library",
            label=LocalText(
                en="A library with group study rooms and a meeting house for older residents",
                vi="Thư viện có phòng học nhóm, kết hợp nhà sinh hoạt cộng đồng cho người cao tuổi",
            ),
        ),
        Option(
            id="parking",
            label=LocalText(
                en="A two-storey car park, reserved for residents at night",
                vi="Bãi đỗ xe hai tầng, ban đêm dành riêng cho cư dân",
            ),
        ),
    ),
)
LANES = Approval(
    id="lanes",
    text=LocalText(
        en="Which lanes should be repaired first in 2027? Choose up to three.",
        vi="Những ngõ nào cần được sửa trước trong năm 2027? Chọn nhiều nhất ba ngõ.",
    ),
    options=tuple(
        Option(id=f"lane-{number}", label=LocalText(en=f"Lane {number} {place}", vi=f"Ngõ {number} {place}"))
        for number, place in ((12, "Lò Gốm"), (45, "Bến Đò"), (3, "Chợ Cũ"), (81, "Hồ Sen"), (17, "Gò Mây"))
    ),
    min=1,
    max=3,
)
HOURS = ChooseOne(
    id="hours",
    text=LocalText(
        en="Until when should the ward library stay open in the evening?",
        vi="Buổi tối, thư viện phường nên mở cửa đến mấy giờ?",
    ),
    options=tuple(
        Option(id=f"until-{hour}", label=LocalText(en=f"Until {hour}:00", vi=f"Đến {hour}:00"))
        for hour in (19, 20, 21)
    ),
)
TREES = Ranking(
    id="trees",
    text=LocalText(
        en="Which trees should be planted along the lake? Rank them.",
        vi="Nên trồng loại cây nào ven hồ? Hãy xếp hạng.",
    ),
    options=(
        Option(id="flame", label=LocalText(en="Flame trees", vi="Cây phượng")),
        Option(id="myrtle", label=LocalText(en="Giant crape myrtles", vi="Cây bằng lăng")),
        Option(id="willow", label=LocalText(en="Weeping willows", vi="Cây liễu")),
        Option(id="banyan", label=LocalText(en="Banyans", vi="Cây đa")),
    ),
    positions=(3, 2, 1, 0),
)
COUNTED_QUESTIONS: tuple[Question, ...] = (LAND, LANES, TREES)
OPEN_QUESTIONS: tuple[Question, ...] = (HOURS, LANES, TREES)


def signing_keys() -> list[SigningKey]:
    """Fresh signing keys of the trustees."""
    return [SigningKey.from_seed(secrets.token_bytes(32)) for _ in TRUSTEE_NAMES]


def demo_manifest(
    keys: ServerKeys,
    title: LocalText,
    questions: Sequence[Question],
    signing: Sequence[SigningKey],
    days: int,
) -> Manifest:
    """A manifest with three trustees of whom two open, a key of 2048 bits, open from now on for `days`."""
    election = new_election_id()
    server, now = keys.make(election), utc_now()
    return Manifest(
        areas=tuple(
            Area(id=f"area-{number}", name=LocalText(en=name, vi=name))
            for number, name in enumerate(AREA_NAMES, start=1)
        ),
        authority=AUTHORITY,
        bits=2048,
        ceremony="one-machine",
        closes_at=format_time(now + timedelta(days=days)),
        documents=(),
        election=election,
        extension_seconds=0,
        format="psephos/manifest/v1",
        log_key=encode_base64url(server.log.public_key),
        log_origin=log_origin(SITE, election),
        objection_seconds=0,
        opens_at=format_time(now),
        promise_seconds=60,
        questions=tuple(questions),
        quorum=None,
        registrar_key=None,
        rehearsal=False,
        revoting=True,
        server_key=encode_base64url(server.server.public_key),
        sign_in="none",
        small_areas=RELAXED_SMALL_AREAS,
        threshold=2,
        time_zone="Asia/Ho_Chi_Minh",
        title=title,
        trustees=tuple(
            NamedKey(key=encode_base64url(key.public_key), name=name)
            for key, name in zip(signing, TRUSTEE_NAMES, strict=True)
        ),
        witnesses=(),
    )


def roll_entries(voters: int) -> list[RollEntry]:
    """Voters of the ward, spread over its areas."""
    return [RollEntry(weight=1, area=f"area-{i % len(AREA_NAMES) + 1}") for i in range(voters)]


def invented_vote() -> tuple[tuple[int, ...], ...]:
    """One invented voter's answers to COUNTED_QUESTIONS."""
    land = [0] * (len(LAND.options) + 1)
    land[secrets.randbelow(len(LAND.options)) if secrets.randbelow(12) else len(LAND.options)] = 1
    lanes = [0] * len(LANES.options)
    for _ in range(1 + secrets.randbelow(LANES.max)):
        lanes[secrets.randbelow(len(lanes))] = 1
    trees = secrets.SystemRandom().sample(range(1, 5), 4)
    return tuple(land), tuple(lanes), ranking_values(trees) if secrets.randbelow(12) else blank_ranking(4)
