"""Pages of objections: without script, nothing public that was not meant to be, nothing lost."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from crypto.crockford import ALPHABET
from crypto.transcript import tuple_hash
from identity.roles import Role
from mail.models import OutboxMail
from mail.server import read_mail_server
from protocol.canonical import encode_canonical
from storage.session import reading, writing
from tests.support.sign_in_votes import SignInVote, hold_sign_in_vote
from tests.support.sites import SAME_SITE, Browser, SiteUnderTest, site_under_test
from tests.voting.test_disputes import evidence, promise, sealed
from voting.casting import cast_ballot
from voting.disputes import WORDS_MAX, disputes_of
from voting.office import find_election
from web.rate_limits import DISPUTE

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
WORDS = "Tôi bỏ phiếu lúc 9 giờ.\nMã không có trên bảng."

Held = tuple[SiteUnderTest, SignInVote]


@pytest.fixture
def held(either_database_url: str, tmp_path: Path) -> Iterator[Held]:
    with site_under_test(either_database_url, tmp_path) as site:
        server = read_mail_server("smtp+plain://localhost:2525", "office@example.org")
        site.app.state.settings = replace(site.settings, mail_server=server)
        office = site.app.state.office
        yield site, hold_sign_in_vote(office, site.desk.desk, site.desk.clock(), EMAILS, sign_in=False)


def log(vote: SignInVote, rest: str = "", lang: str = "en") -> str:
    return f"/{lang}/elections/{vote.election}/disputes{rest}"


def fields(browser: Browser, vote: SignInVote, **changes: str) -> dict[str, str]:
    """The form, opened and filled in."""
    page = browser.get(log(vote, "/new"))
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page.text)
    assert key is not None
    return {
        "key": key[1],
        "category": "not-found",
        "words": WORDS,
        "receipt_code": "",
        "email": "",
        **changes,
    }


def file(browser: Browser, vote: SignInVote, data: bytes | None = None, **changes: str) -> str:
    """File an objection; the address that the browser is sent to."""
    answer = send(browser, vote, fields(browser, vote, **changes), data)
    assert answer[0] == 303, answer[1]
    return answer[1]


def send(
    browser: Browser, vote: SignInVote, values: dict[str, str], data: bytes | None = None
) -> tuple[int, str]:
    files = {"evidence": ("psephos-ballot.json", data)} if data is not None else {"evidence": ("", b"")}
    answer = browser.client.post(
        log(vote, "/new"), data={"csrf": browser.token, **values}, files=files, headers=SAME_SITE
    )
    return answer.status_code, answer.headers.get("location", answer.text)


def count(vote: SignInVote) -> int:
    with reading(vote.office.engine) as session:
        return len(disputes_of(session, vote.election))


def test_filed_listed_answered_and_told(held: Held) -> None:
    site, vote = held
    browser, everybody = site.browser(), site.browser()
    assert "Nobody has objected so far." in everybody.get(log(vote)).text
    place = file(browser, vote, email="Lan@example.org")
    assert place.startswith(log(vote, "/1?key="))
    own = browser.get(place)
    assert own.headers["cache-control"] == "no-store"
    assert "Your objection is filed as no. 1" in own.text
    assert "Mã không có trên bảng." in own.text
    saved = browser.get(place.replace("/1?", "/1/filing?"))
    assert "psephos-objection-1.json" in saved.headers["content-disposition"]
    listed = everybody.get(log(vote))
    assert tuple_hash("dispute", [saved.content]).hex() in listed.text
    assert "My ballot is not found on the board" in listed.text
    assert "set-cookie" not in listed.headers
    for page in (listed, everybody.get(log(vote, "/1"))):
        assert "Mã không có" not in page.text
        assert "example.org" not in page.text

    official = site.browser_of(Role.OFFICIAL)
    assert "1 waits for an answer" in official.get("/en/office/disputes").text
    assert "My ballot is not found" in official.get(f"/en/office/{vote.election}/disputes").text
    desk = f"/en/office/{vote.election}/disputes/1"
    page = official.get(desk)
    assert "Mã không có trên bảng." in page.text
    assert "The words are not public." in page.text
    empty = official.post(desk, {"answer": ""})
    assert empty.status_code == 422
    assert empty.text.count("Choose what the office answers") == 2
    done = official.post(desk, {"verdict": "upheld", "answer": "Máy chủ đã sai.\nChúng tôi xin lỗi."})
    assert done.status_code == 303
    again = official.post(desk, {"verdict": "rejected", "answer": "Khác."})
    assert again.status_code == 409
    public = everybody.get(log(vote, "/1")).text
    assert "The office agrees" in public
    assert "Chúng tôi xin lỗi." in public
    assert "Khác." not in public
    assert "If the answer does not convince you" in public
    assert "None waits" in official.get("/en/office/disputes").text
    with reading(vote.office.engine) as session:
        (mail,) = session.scalars(select(OutboxMail))
        assert (mail.recipient, mail.kind, mail.language) == ("Lan@example.org", "dispute-answer", "en")
        assert f"http://localhost:8000/en/elections/{vote.election}/disputes/1" in (mail.text or "")


def test_words_are_public_if_their_writer_says_so(held: Held) -> None:
    site, vote = held
    file(site.browser(), vote, publish="yes", words="<b>Công khai</b>")
    page = site.browser().get(log(vote, lang="vi")).text
    assert "&lt;b&gt;Công khai&lt;/b&gt;" in page


def test_the_machine_says_at_once_what_a_file_proves(held: Held) -> None:
    site, vote = held
    request = sealed(vote)
    broken = evidence(request, promise(vote, request, 5))
    site.desk.clock.wait(seconds=vote.terms.manifest.promise_seconds + 1)
    browser = site.browser()
    place = file(browser, vote, broken)
    sentence = "Proved: this server has signed that the ballot stands on the board as number 5."
    for page in (browser.get(place), site.browser().get(log(vote))):
        assert sentence in page.text
    listed = site.browser().client.get(f"/api/v1/elections/{vote.election}/disputes").json()
    assert [(each["number"], each["finding"], each["proved"]) for each in listed["disputes"]] == [
        (1, "broken-promise", True)
    ]
    official = site.browser_of(Role.OFFICIAL)
    got = official.get(f"/en/office/{vote.election}/disputes/1/evidence")
    assert got.content == broken
    assert got.headers["content-disposition"].startswith("attachment")
    assert official.get(f"/en/office/{vote.election}/disputes/2/evidence").status_code == 404
    cast = cast_ballot(vote.office, vote.election, sealed(vote, 2))
    file(browser, vote, evidence(sealed(vote, 2, 2), cast.promise))
    assert f"its ballot stands on the board as number {cast.index}" in site.browser().get(log(vote)).text


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(held: Held) -> None:
    site, vote = held
    browser = site.browser()
    good = fields(browser, vote)
    for changes, data, sentence in (
        ({"category": ""}, None, "Choose what happened"),
        ({"category": "invented"}, None, "Choose what happened"),
        ({"words": ""}, None, "Write what happened, and when"),
        ({"words": "x" * (WORDS_MAX + 1)}, None, f"Shorten this to {WORDS_MAX} characters"),
        ({"receipt_code": "ILOU"}, None, "Write the receipt code or voter number"),
        ({"email": "lan"}, None, "Write an e-mail address such as"),
        ({}, b"\x89PNG", "Choose the file that the voting booth"),
        ({}, encode_canonical({"format": "psephos/evidence/v1"}), "Choose the file that the voting booth"),
    ):
        status, text = send(browser, vote, {**good, **changes}, data)
        assert status == 422, sentence
        assert text.count(sentence) == 2, sentence
        assert good["key"] in text
        assert changes or WORDS.splitlines()[0] in text
        assert "<title>Error:" in text
    assert send(browser, vote, {**good, "key": "x"})[0] == 404
    assert browser.post(log(vote, "/new"), good, csrf="forged").status_code == 403
    assert count(vote) == 0


def test_a_code_of_a_ballot_is_written_as_the_office_looks_it_up(held: Held) -> None:
    site, vote = held
    code = (ALPHABET[:25]).lower()
    place = file(site.browser(), vote, receipt_code=code)
    assert place
    page = site.browser_of(Role.OFFICIAL).get(f"/en/office/{vote.election}/disputes/1").text
    assert "-".join(code.upper()[i : i + 5] for i in range(0, 25, 5)) in page


def test_only_the_filer_gets_the_filing(held: Held) -> None:
    site, vote = held
    place = file(site.browser(), vote)
    file(site.browser(), vote)
    stranger = site.browser()
    for key in ("", "x", "0" * 32, place.rpartition("=")[2].upper() + "0"):
        assert stranger.get(log(vote, f"/1/filing?key={key}")).status_code == 404
        assert "Mã không có" not in stranger.get(log(vote, f"/1?key={key}")).text
    key = place.rpartition("=")[2]
    assert stranger.get(log(vote, f"/2/filing?key={key}")).status_code == 404
    for number in ("0", "3", "x", "01", "9" * 20, "-1"):
        assert stranger.get(log(vote, f"/{number}")).status_code == 404


def test_sent_twice_it_is_one(held: Held) -> None:
    site, vote = held
    browser = site.browser()
    values = fields(browser, vote)
    assert send(browser, vote, values) == send(browser, vote, values)
    assert count(vote) == 1


def test_nobody_fills_the_list(held: Held) -> None:
    site, vote = held
    browser = site.browser()
    for _ in range(DISPUTE.amount):
        file(browser, vote)
    status, text = send(browser, vote, fields(browser, vote))
    assert (status, count(vote)) == (422, DISPUTE.amount)
    assert "Too many tries" in text


def test_after_the_time_the_form_is_gone_and_the_list_stays(held: Held) -> None:
    site, vote = held
    browser = site.browser()
    file(browser, vote)
    values = fields(browser, vote)
    with writing(vote.office.engine) as session:  # as if the result stood there
        find_election(session, vote.election).result_index = 4
    site.desk.clock.wait(days=6)
    assert "You can object until" in browser.get(log(vote)).text
    site.desk.clock.wait(days=8)
    page = browser.get(log(vote, "/new"))
    assert "The time to object ended on" in page.text
    assert "<textarea" not in page.text
    send(browser, vote, values)
    assert count(vote) == 1
    assert "My ballot is not found" in browser.get(log(vote)).text


def test_a_draft_has_no_objections(held: Held) -> None:
    site, _ = held
    for election in ("0" * 32, "x"):
        for rest in ("", "/new", "/1", "/1/filing?key=" + "0" * 32):
            assert site.browser().get(f"/en/elections/{election}/disputes{rest}").status_code == 404
