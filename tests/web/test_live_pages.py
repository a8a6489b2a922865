"""Public pages of a real board: documents, extensions, an early end, quorum, replaced codes, a rehearsal's mark."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from crypto.display_code import alias
from crypto.encoding import encode_base64url
from protocol.leaf import Kind, sign_body
from protocol.manifest import Document, Manifest
from protocol.revocation import make_revocation
from protocol.text import LocalText, parse_time
from tests.support.elections import choose_one, make_election, make_manifest, voter_key
from tests.support.offices import OfficeUnderTest, cast_request, make_office
from tests.support.sign_in_votes import REGISTRAR
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.extension import extend_polls
from voting.revocation import revoke
from web.search import fold

YES = ((1, 0, 0),)
LONG = LocalText(en="The plan, with costs", vi="Phương án, có chi phí")


def manifest() -> Manifest:
    return msgspec.structs.replace(
        make_manifest((choose_one(2),)),
        documents=(
            Document(
                bytes=120_000, media_type="application/pdf", name=LONG, sha256=encode_base64url(b"d" * 32)
            ),
        ),
        extension_seconds=7200,
        quorum=(1, 2),
        registrar_key=encode_base64url(REGISTRAR.public_key),
        title=LocalText(en="Lanes of Đồng Sen", vi="Ngõ phường Đồng Sen"),
    )


@pytest.fixture
def office(either_database_url: str, tmp_path: Path) -> Iterator[OfficeUnderTest]:
    made = make_office(either_database_url, tmp_path / "secrets", make_election(manifest(), voters=4))
    yield made
    made.engine.dispose()


def page(office: OfficeUnderTest, rest: str = "", lang: str = "en") -> str:
    answer = office.client.get(f"/{lang}/elections/{office.id}{rest}")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def cast(office: OfficeUnderTest, voter: int) -> None:
    cast_ballot(office.office, office.id, cast_request(office.election, voter, YES))


def test_documents_and_quorum_stand_on_the_page(office: OfficeUnderTest) -> None:
    shown = page(office)
    assert f"/en/elections/{office.id}/documents/{encode_base64url(b'd' * 32)}" in shown
    assert "The plan, with costs" in shown
    assert "120 kB" in shown
    assert "Phương án, có chi phí" in page(office, lang="vi")
    assert "The vote is valid if at least 50.0% of the voters take part." in shown
    cast(office, 1)
    close_polls(office.office, office.id, "Ms Lan", "Cháy nhà văn hóa.")
    assert "The quorum of 50.0% was not reached." in page(office)


def test_an_extension_and_an_early_end_say_who_and_why(office: OfficeUnderTest) -> None:
    closes = parse_time(office.election.manifest.closes_at)
    index = extend_polls(
        office.office, office.id, closes + timedelta(hours=1), "Nguyễn Thị Lan", "Mất điện <từ> 18 giờ."
    )
    shown = page(office)
    assert "Extended to" in shown
    assert "Mất điện &lt;từ&gt; 18 giờ." in shown
    assert "Nguyễn Thị Lan, entry" in shown
    entry = page(office, f"/board/{index}")
    assert "New closing time" in entry
    assert "Mất điện &lt;từ&gt; 18 giờ." in entry
    closing = close_polls(office.office, office.id, "Ông Minh", "Lũ lụt.")
    shown = page(office)
    assert "Closed before its time" in shown
    assert "Reason: Lũ lụt." in shown
    assert "Ông Minh" in page(office, f"/board/{closing}")


def test_a_closing_in_time_has_nothing_to_explain(office: OfficeUnderTest) -> None:
    office.clock.now = parse_time(office.election.manifest.closes_at)
    index = close_polls(office.office, office.id)
    assert "Closed before its time" not in page(office)
    assert "the clock" in page(office, f"/board/{index}")


def test_replaced_codes_are_counted_and_read_on_the_board(office: OfficeUnderTest) -> None:
    cast(office, 1)
    old, new = voter_key(1).public_key, voter_key(9).public_key
    body = make_revocation(office.id, office.election.terms.fingerprint, old, new, "Thư thất lạc.")
    index = revoke(office.office, office.id, body, sign_body(Kind.REVOCATION, body, REGISTRAR))
    assert 'Voting codes replaced</th><td class="ps-num">1</td>' in page(office, "/board")
    entry = page(office, f"/board/{index}")
    for words in (alias(old), alias(new), "Thư thất lạc.", "Replaced by voter number"):
        assert words in entry


def test_a_rehearsal_says_so_on_every_page(either_database_url: str, tmp_path: Path) -> None:
    trial = msgspec.structs.replace(manifest(), rehearsal=True)
    office = make_office(either_database_url, tmp_path / "secrets", make_election(trial, voters=4))
    cast(office, 1)
    mark = "This is a rehearsal with invented voters. It decides nothing."
    for rest in ("", "/booth", "/check", "/board", "/board/0", "/verify", "/test"):
        assert mark in page(office, rest), rest
    assert "Lanes of" not in office.client.get("/en/").text
    listed = office.client.get("/en/elections").text
    assert "Rehearsal" in listed
    assert mark not in listed
    office.engine.dispose()


def test_a_real_vote_has_no_such_mark(office: OfficeUnderTest) -> None:
    for rest in ("", "/booth", "/check", "/board"):
        assert "Rehearsal" not in page(office, rest)


def test_votes_are_found_without_accents(office: OfficeUnderTest) -> None:
    for sought in ("dong sen", "ĐỒNG SEN", "Đồng  Sen", "ngo sen", "lanes", "ward dong"):
        assert "Lanes of Đồng Sen" in office.client.get("/en/elections", params={"q": sought}).text
    missing = office.client.get("/en/elections", params={"q": "<b>thư viện</b>"}).text
    assert "Lanes of Đồng Sen" not in missing
    assert "No vote has “&lt;b&gt;thư viện&lt;/b&gt;” in its title" in missing
    assert 'action="/en/elections"' in office.client.get("/en/").text


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Đường Nguyễn Huệ", "duong nguyen hue"),
        ("  A\tB ", "a b"),
        ("e\u0302\u0301", "e"),
        ("ǅ", "dz"),
        ("", ""),
    ],
)
def test_folding(typed: str, folded: str) -> None:
    assert fold(typed) == folded
