"""An invented ward with invented numbers: one example of every page, in every state that looks different."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from web.i18n import Text
from web.pages.board import BoardCounts, BoardEntry, BoardPage, EntryPage, SignedState, WitnessState
from web.pages.booth import BoothOption, BoothPage, BoothQuestion
from web.pages.check import CheckAnswer, CheckedBallot, CheckPage, Mistyped, Standing
from web.pages.common import Head, KeyHolders, PageNotFound, Site, State, Turnout, VoteRow, Warnings
from web.pages.election import (
    AreaTurnout,
    CalendarEntry,
    ElectionPage,
    Kind,
    Milestone,
    QuestionSummary,
)
from web.pages.home import CheckAnyPage, ElectionsPage, HomePage, HowPage, LeadingVote
from web.pages.result import AreaResult, OptionResult, QuestionResult, ResultPage
from web.pages.verify import VerifyPage

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
MARKET = "a" * 32
LIBRARY = "b" * 32
PLAYGROUND = "c" * 32
COUNTING = "d" * 32
CLUB = "e" * 32
WITHHELD = "f" * 32
FINGERPRINT = "4F2M9-KTBQ7-XD0C4-ZM9DX-J26WK"
RECEIPT = "7KQ4M-2XW9T-HB6RD-0PN5V-GE83C"
EARLIER = "R5TGN-0C4ZM-9DXJ2-6WKPB-81HQF"
ALIAS = "H3DR0-KQM92-XBT7F-CW5PN-6GJ4V"

SITE = Site(
    name=Text("Đồng Sen Ward", "Phường Đồng Sen"),
    authority=Text("People’s Committee of Đồng Sen Ward", "Ủy ban nhân dân phường Đồng Sen"),
    help_line="024 0000 0123",
    base_url="http://localhost:8000",
)


def head(election: str, title: Text, state: State, closes_at: datetime) -> Head:
    """A vote of the ward that lasts a week."""
    return Head(
        id=election,
        title=title,
        authority=SITE.authority,
        state=state,
        opens_at=closes_at - timedelta(days=6, hours=13),
        closes_at=closes_at,
        time_zone="Asia/Ho_Chi_Minh",
        fingerprint=FINGERPRINT,
        revoting=True,
    )


MARKET_HEAD = head(
    MARKET,
    Text(
        "The old market land, and which lanes to repair first",
        "Khu đất chợ cũ và những ngõ cần sửa trước",
    ),
    State.OPEN,
    datetime(2026, 11, 29, 13, tzinfo=UTC),
)
LIBRARY_HEAD = head(
    LIBRARY,
    Text("Evening hours of the ward library", "Giờ mở cửa buổi tối của thư viện phường"),
    State.RESULT,
    datetime(2026, 10, 18, 13, tzinfo=UTC),
)
PLAYGROUND_HEAD = head(
    PLAYGROUND,
    Text("A name for the new playground", "Đặt tên cho sân chơi mới"),
    State.ANNOUNCED,
    datetime(2026, 12, 20, 13, tzinfo=UTC),
)
COUNTING_HEAD = head(
    COUNTING,
    Text("Rubbish collection in narrow lanes", "Thu gom rác ở các ngõ hẹp"),
    State.COUNTING,
    datetime(2026, 11, 23, 13, tzinfo=UTC),
)
CLUB_HEAD = replace(
    head(
        CLUB,
        Text("Board of the reading club", "Ban điều hành câu lạc bộ đọc sách"),
        State.OPEN,
        datetime(2026, 11, 24, 13, tzinfo=UTC),
    ),
    revoting=False,
)
WITHHELD_HEAD = head(
    WITHHELD,
    Text("Benches at the lake", "Ghế đá ven hồ"),
    State.WITHHELD,
    datetime(2026, 9, 30, 13, tzinfo=UTC),
)
HEADS = {
    head.id: head
    for head in (MARKET_HEAD, LIBRARY_HEAD, PLAYGROUND_HEAD, COUNTING_HEAD, CLUB_HEAD, WITHHELD_HEAD)
}

HOLDERS = KeyHolders(
    (
        "Ủy ban Mặt trận Tổ quốc phường",
        "Ban Thanh tra nhân dân",
        "Chi hội Luật gia Đồng Sen",
        "Trường THPT Đồng Sen",
        "Hội Người cao tuổi phường",
    ),
    threshold=2,
    one_machine=False,
)
ONE_HOLDER = KeyHolders(("Nguyễn Thị Lan",), threshold=1, one_machine=False)
ONE_MACHINE = replace(HOLDERS, one_machine=True)
NO_WARNINGS = Warnings(unwitnessed=False, no_objection_time=False, relaxed_areas=False, short_key=False)
ALL_WARNINGS = Warnings(unwitnessed=True, no_objection_time=True, relaxed_areas=True, short_key=True)
TURNOUT = Turnout(voted=3987, listed=8412, as_of=NOW)
LIBRARY_TURNOUT = Turnout(voted=5214, listed=8377, as_of=LIBRARY_HEAD.closes_at)

AREAS = (
    AreaTurnout(Text("Bến Đò", "Bến Đò"), 951, 1934),
    AreaTurnout(Text("Chợ Cũ", "Chợ Cũ"), 866, 1702),
    AreaTurnout(Text("Hồ Sen", "Hồ Sen"), 1004, 2016),
    AreaTurnout(Text("Gò Mây", "Gò Mây"), 541, 1288),
    AreaTurnout(Text("Lò Gốm", "Lò Gốm"), 625, 1472),
)

LAND = BoothQuestion(
    id="land",
    kind=Kind.CHOOSE_ONE,
    text=Text("What should the old market land be used for?", "Khu đất chợ cũ nên được dùng vào việc gì?"),
    options=(
        BoothOption("market", Text("Rebuild the market, with a roof", "Xây lại chợ dân sinh có mái che")),
        BoothOption("park", Text("A park with a playground", "Công viên và sân chơi trẻ em")),
        BoothOption(
            "library",
            Text(
                "A library with group study rooms and a meeting house for older residents",
                "Thư viện có phòng học nhóm, kết hợp nhà sinh hoạt cộng đồng cho người cao tuổi",
            ),
        ),
        BoothOption(
            "parking",
            Text(
                "A two-storey car park, reserved for residents at night",
                "Bãi đỗ xe hai tầng, ban đêm dành riêng cho cư dân",
            ),
        ),
    ),
    minimum=1,
    maximum=1,
    points_max=0,
)
LANES = BoothQuestion(
    id="lanes",
    kind=Kind.APPROVAL,
    text=Text(
        "Which lanes should be repaired first in 2027?", "Những ngõ nào cần được sửa trước trong năm 2027?"
    ),
    options=tuple(
        BoothOption(f"lane-{number}", Text(f"Lane {number} {place}", f"Ngõ {number} {place}"))
        for number, place in (
            (12, "Lò Gốm"),
            (45, "Bến Đò"),
            (3, "Chợ Cũ"),
            (81, "Hồ Sen"),
            (17, "Gò Mây"),
            (60, "Bến Đò"),
            (9, "Hồ Sen"),
            (102, "Chợ Cũ"),
            (28, "Lò Gốm"),
        )
    ),
    minimum=1,
    maximum=3,
    points_max=0,
)
BUDGET = BoothQuestion(
    id="budget",
    kind=Kind.POINTS,
    text=Text(
        "How should ten points of the small budget be spread?", "Nên chia mười điểm ngân sách nhỏ thế nào?"
    ),
    options=(
        BoothOption("trees", Text("Trees along the lakeside street", "Cây xanh dọc đường ven hồ")),
        BoothOption("lamps", Text("Lamps in dark lanes", "Đèn ở các ngõ tối")),
        BoothOption("books", Text("Books for the library", "Sách cho thư viện")),
    ),
    minimum=0,
    maximum=10,
    points_max=10,
)
TREES = BoothQuestion(
    id="trees",
    kind=Kind.RANKING,
    text=Text("Which trees should grow along the lake?", "Nên trồng cây gì ven hồ?"),
    options=(
        BoothOption("flame", Text("Flame trees", "Cây phượng")),
        BoothOption("myrtle", Text("Giant crape myrtles", "Cây bằng lăng")),
        BoothOption(
            "willow",
            Text(
                "Weeping willows, with benches between them on the side of the school",
                "Cây liễu, có ghế đá xen giữa ở phía trường học",
            ),
        ),
        BoothOption("banyan", Text("Banyans", "Cây đa")),
    ),
    minimum=1,
    maximum=1,
    points_max=0,
    positions=(3, 2, 1, 0),
)
QUESTIONS = (LAND, LANES, BUDGET, TREES)


def row(election: str) -> VoteRow:
    """The vote as lists show it."""
    shown = HEADS[election]
    if shown.state is State.ANNOUNCED:
        return VoteRow(shown, None, None)
    chosen = Text("Until 21:00 on weekdays", "Mở đến 21:00 các ngày trong tuần")
    return VoteRow(
        shown,
        LIBRARY_TURNOUT if shown.state is State.RESULT else TURNOUT,
        chosen if shown.state is State.RESULT else None,
    )


def rows(*states: State) -> tuple[VoteRow, ...]:
    """All votes in one of these states."""
    return tuple(row(shown.id) for shown in HEADS.values() if shown.state in states)


OPEN = rows(State.OPEN)
ANNOUNCED = rows(State.ANNOUNCED)
FINISHED = rows(State.COUNTING, State.RESULT, State.WITHHELD)


def calendar(shown: Head) -> tuple[CalendarEntry, ...]:
    """Fixed, opened, closes, counted, published."""
    at = {
        Milestone.FIXED: shown.opens_at - timedelta(days=14),
        Milestone.OPENS: shown.opens_at,
        Milestone.CLOSES: shown.closes_at,
        Milestone.COUNTING: shown.closes_at + timedelta(hours=1),
        Milestone.RESULT: None,
    }
    finished = shown.state in (State.RESULT, State.WITHHELD)
    return tuple(
        CalendarEntry(milestone, moment, done=finished or (moment is not None and moment <= NOW))
        for milestone, moment in at.items()
    )


def election_page(election: str) -> ElectionPage:
    """The page of one vote."""
    shown = HEADS[election]
    small = election == CLUB
    return ElectionPage(
        head=shown,
        questions=tuple(
            QuestionSummary(q.text, q.kind, len(q.options), q.minimum, q.maximum, q.points_max, q.positions)
            for q in QUESTIONS
        ),
        turnout=None if shown.state is State.ANNOUNCED else TURNOUT,
        areas=() if small else AREAS,
        calendar=calendar(shown),
        holders=ONE_HOLDER if small else ONE_MACHINE if election == COUNTING else HOLDERS,
        warnings=ALL_WARNINGS if small or election == COUNTING else NO_WARNINGS,
        now=NOW,
    )


def booth_page(election: str) -> BoothPage:
    """The booth of one vote."""
    page = election_page(election)
    return BoothPage(page.head, QUESTIONS, page.holders, page.warnings, TURNOUT, sign_in=election == CLUB)


BALLOTS = (
    CheckedBallot(
        EARLIER, 1377, datetime(2026, 11, 23, 13, 41, tzinfo=UTC), Standing.REPLACED, entered=False
    ),
    CheckedBallot(RECEIPT, 4128, NOW, Standing.COUNTS, entered=True),
)


def check_page(election: str, code: str = "", *, submitted: bool = False) -> CheckPage:
    """The form, or the answer to a few well-known codes."""
    mistyped = None
    if submitted and not code:
        mistyped = Mistyped.EMPTY
    elif "Ă" in code:
        mistyped = Mistyped.VIETNAMESE
    elif "U" in code:
        mistyped = Mistyped.SYMBOL
    elif code and len(code) < 25:
        mistyped = Mistyped.LENGTH
    return CheckPage(
        head=HEADS[election],
        code=code,
        mistyped=mistyped,
        symbol="U" if mistyped is Mistyped.SYMBOL else "",
        length=len(code),
        answer=CheckAnswer(ALIAS, BALLOTS, None) if code in (RECEIPT, ALIAS, EARLIER) else None,
        size=4131,
    )


KINDS = ("manifest", "ceremony", "roll", "freeze", "polls-opened")
LAST_KINDS = ("closing", "aggregates", "act", "closing-statement", "partial-opening", "result")


def entry(index: int) -> BoardEntry:
    """Set-up first, then ballots and now and then a test."""
    kind = KINDS[index] if index < len(KINDS) else "challenge" if index % 21 == 0 else "ballot"
    if index > 4131:
        kind = LAST_KINDS[index - 4132]
    code = RECEIPT if index == 4128 else f"{index * 7919 % 99991:05}-XR3K0-HW6QT-9DXJ2-6WKPB"
    return BoardEntry(
        index,
        NOW - timedelta(seconds=29 * (4131 - index)),
        kind,
        code if kind in ("ballot", "challenge") else None,
    )


def board_page(election: str, page: int | None = None, sought: str = "") -> BoardPage:
    """25 entries a page."""
    size, on_page = 4138, 25
    pages = (size + on_page - 1) // on_page
    shown = pages if page is None else page
    if not 1 <= shown <= pages:
        raise PageNotFound(str(page))
    first, last = (shown - 1) * on_page, min(shown * on_page, size) - 1
    witnesses = (
        WitnessState("Trường THPT Đồng Sen", NOW),
        WitnessState("Báo Sông Thương", NOW + timedelta(seconds=1)),
        WitnessState("Khoa Tin học, Đại học Hạ Vân", None),
    )
    return BoardPage(
        head=HEADS[election],
        entries=tuple(entry(index) for index in range(last, first - 1, -1)),
        page=shown,
        pages=pages,
        state=SignedState(
            size,
            NOW,
            "m3T9qk0uTz2B8Vw6Qh4pXy1cLr7NsEfGd5JaKoIx0R0=",
            f"/api/v1/elections/{election}/checkpoint",
        ),
        witnesses=() if election == CLUB else witnesses,
        quorum=2,
        counts=BoardCounts(ballots=4094, replaced=107, tests=21, acts=16),
        bundle_bytes=None if election == PLAYGROUND else 24_300_000,
        not_found=bool(sought),
        sought=sought,
    )


def entry_page(election: str, index: int) -> EntryPage:
    """One entry."""
    if index >= 4138:
        raise PageNotFound(str(index))
    shown = entry(index)
    digest = "eJ0Zk3T9qk0uTz2B8Vw6Qh4pXy1cLr7NsEfGd5JaKoI"
    return EntryPage(
        head=HEADS[election],
        entry=shown,
        digest=digest,
        leaf=f'{{"digest":"{digest}","kind":"{shown.kind}","time":"2026-11-24T07:05:40Z"}}',
        body_url=f"/api/v1/elections/{election}/bodies/{digest}",
        body_bytes=14_800,
        size=4138,
    )


def bars(labels: tuple[Text | None, ...], votes: tuple[int, ...], base: int) -> tuple[OptionResult, ...]:
    """Options with their shares; the largest that is not the blank vote is first."""
    top = max(count for label, count in zip(labels, votes, strict=True) if label)
    return tuple(
        OptionResult(label, count, Fraction(count, base), first=label is not None and count == top)
        for label, count in zip(labels, votes, strict=True)
    )


HOURS = (
    Text("Until 21:00 on weekdays, closed on Sunday", "Mở đến 21:00 các ngày trong tuần, nghỉ Chủ nhật"),
    Text("Until 19:00 every day, Sunday included", "Mở đến 19:00 mọi ngày, kể cả Chủ nhật"),
    Text(
        "Until 21:00 on three evenings a week, with study rooms for secondary school pupils",
        "Mở đến 21:00 ba tối mỗi tuần, có phòng học cho học sinh trung học",
    ),
    Text("Leave the hours as they are (17:00)", "Giữ nguyên giờ hiện nay (17:00)"),
    None,
)
AREA_VOTES = {
    "Bến Đò": (571, 412, 162, 49, 15),
    "Chợ Cũ, Hồ Sen": (1130, 841, 307, 82, 29),
    "Gò Mây": (301, 298, 101, 33, 8),
    "Lò Gốm": (389, 295, 132, 44, 15),
}
LIBRARY_QUESTION = QuestionResult(
    text=Text("When should the ward library be open?", "Thư viện phường nên mở cửa khi nào?"),
    kind=Kind.CHOOSE_ONE,
    options=bars(HOURS, (2391, 1846, 702, 208, 67), 5214),
    base=5214,
    areas=tuple(
        AreaResult(Text(name, name), sum(votes), bars(HOURS, votes, sum(votes)))
        for name, votes in AREA_VOTES.items()
    ),
)


def three_questions() -> tuple[QuestionResult, ...]:
    """One result of each kind."""
    approval = bars(
        tuple(option.label for option in LANES.options), (901, 1700, 355, 640, 88, 1700, 12, 0, 470), 3120
    )
    points = bars(tuple(option.label for option in BUDGET.options), (9100, 12000, 4100), 31200)
    places = ((1400, 700, 600, 318), (818, 1200, 800, 200), (600, 618, 1200, 600), (200, 500, 418, 1900))
    scores = tuple(sum(p * n for p, n in zip(TREES.positions, row, strict=True)) for row in places)
    ranked = bars(tuple(option.label for option in TREES.options), scores, 3 * 3120)
    return (
        replace(LIBRARY_QUESTION, areas=()),
        QuestionResult(LANES.text, Kind.APPROVAL, approval, 3120, ()),
        QuestionResult(BUDGET.text, Kind.POINTS, points, 31200, ()),
        QuestionResult(
            TREES.text,
            Kind.RANKING,
            tuple(replace(option, places=row) for option, row in zip(ranked, places, strict=True)),
            3 * 3120,
            (),
            positions=TREES.positions,
            blank=102,
        ),
    )


def result_page(election: str) -> ResultPage:
    """The library's result; others have three questions, a weight, one key holder."""
    shown = HEADS[election]
    if shown.state not in (State.RESULT, State.WITHHELD):
        raise PageNotFound(election)
    withheld = shown.state is State.WITHHELD
    return ResultPage(
        head=shown,
        questions=() if withheld else (LIBRARY_QUESTION,),
        turnout=LIBRARY_TURNOUT,
        counted=5214,
        weighted=False,
        persons=None if withheld else 5214,
        holders=HOLDERS,
        warnings=NO_WARNINGS,
        bundle_name="psephos-bbbbbbbb",
        bundle_bytes=38_000_000,
        merged_areas=not withheld,
    )


CLUB_RESULT = replace(
    result_page(LIBRARY),
    head=replace(CLUB_HEAD, state=State.RESULT),
    questions=three_questions(),
    weighted=True,
    persons=None,
    holders=ONE_HOLDER,
    warnings=ALL_WARNINGS,
    merged_areas=False,
)


class ExamplePages:
    """A page source that knows the votes above."""

    def __init__(self, home: HomePage | None = None) -> None:
        self._home = home or HomePage(LeadingVote(MARKET_HEAD, 3, TURNOUT), OPEN, ANNOUNCED, FINISHED)

    def home(self) -> HomePage:
        return self._home

    def elections(self) -> ElectionsPage:
        return ElectionsPage(OPEN, ANNOUNCED, FINISHED)

    def check_any(self) -> CheckAnyPage:
        return CheckAnyPage(OPEN + FINISHED)

    def how(self) -> HowPage:
        return HowPage(OPEN + FINISHED)

    def election(self, election: str) -> ElectionPage:
        return election_page(known(election))

    def booth(self, election: str) -> BoothPage:
        return booth_page(known(election))

    def check(self, election: str, code: str, *, submitted: bool) -> CheckPage:
        return check_page(known(election), code, submitted=submitted)

    def board(self, election: str, page: int | None, sought: str) -> BoardPage:
        return board_page(known(election), page, sought)

    def entry(self, election: str, index: int) -> EntryPage:
        return entry_page(known(election), index)

    def result(self, election: str) -> ResultPage:
        return CLUB_RESULT if known(election) == CLUB else result_page(election)

    def verify(self, election: str) -> VerifyPage:
        bundle_bytes = None if known(election) == PLAYGROUND else 24_300_000
        return VerifyPage(
            HEADS[election], NO_WARNINGS, f"psephos-{election[:8]}", bundle_bytes, 4138, "m3T9qk0uTz2B"
        )


def known(election: str) -> str:
    """The election's id, if the examples have it."""
    if election not in HEADS:
        raise PageNotFound(election)
    return election
