"""Minh does not trust his computer: he tests two ballots, checks one with another program, then votes."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from crypto.ballot_seed import BallotSeed
from crypto.credential import credential_of
from crypto.display_code import display_code
from crypto.encoding import decode_base64url, encode_base64url
from protocol.ballot import BallotRecord, encrypt_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest
from protocol.challenge import Reveal
from protocol.leaf import Kind, sign_body
from tests.browser.booth import Booth
from tests.browser.site import Site
from tests.browser.ward import HeldElection
from tests.browser.words import EN
from voting.registrar import IssuedCode

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PSEPHOS = Path(sys.executable).parent / "psephos"


def test_minh_tests_two_ballots_and_casts_a_third(site: Site, page: Page, tmp_path: Path) -> None:
    election = site.ward.open
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.enter(voter.code.written)
    booth.choose("A covered market")
    booth.choose("Lane 45, Bến Đò")
    booth.give({"Lantern festival": "2", "Boat race": "1"})
    booth.expect_review()
    shown = booth.tracker()
    assert shown  # before he says whether he will cast or test it
    booth.button(EN.test).click()
    booth.expect_step(EN.tested)
    booth.sees("You have not voted yet.")
    assert booth.tracker() == shown
    answers = page.locator("#test-list dd").all_inner_texts()
    assert answers == ["A covered market", "Lane 45, Bến Đò", "Lantern festival: 2\nBoat race: 1"]
    expect(page.get_by_text("The test is on the public board as number")).to_be_visible()
    file = booth.save(EN.save_test, tmp_path)
    command = page.locator("[data-field=test-command]").inner_text()
    _another_program_agrees(command, file, shown)
    _a_changed_file_is_refused(command, file, voter, election)
    _a_tested_ballot_cannot_be_cast(site, election, voter, file)

    booth.button(EN.after_test).click()
    booth.expect_review()
    second = booth.tracker()
    booth.button(EN.test).click()
    booth.expect_step(EN.tested)
    assert booth.tracker() == second
    expect(page.get_by_text("The test is on the public board as number")).to_be_visible()
    booth.button(EN.after_test).click()
    booth.expect_review()
    third = booth.tracker()
    assert len({shown, second, third}) == 3
    assert site.ward.ballots_of(election, voter) == ()
    booth.cast()
    assert booth.expect_end() == third

    (ballot,) = site.ward.ballots_of(election, voter)
    assert display_code(ballot.leaf.digest_bytes) == third
    assert site.ward.opened(election, ballot) == [[1, 0, 0, 0], [0, 1, 0], [2, 1]]
    page.goto(site.page("en", election, "board"))
    expect(page.get_by_role("row").filter(has_text="Test").filter(has_text=shown[:5])).to_be_visible()
    page.goto(site.page("en", election, f"check?code={shown}"))
    expect(page.get_by_text("Your receipt is evidence.")).to_be_visible()  # a test is no ballot


def _run(command: str, *more: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = command.split()
    assert program == "psephos"
    return subprocess.run(
        [PSEPHOS, *arguments, *more], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def _another_program_agrees(command: str, file: Path, shown: str) -> None:
    """The very command of the page, in the folder of the saved file."""
    run = _run(command, "--json", folder=file.parent)
    assert run.returncode == 0, run.stderr
    verdict = json.loads(run.stdout)
    assert verdict["ok"]
    assert verdict["receipt_code"] == shown
    assert verdict["answers"]["land"] == {"market": 1, "park": 0, "library": 0, "blank": 0}
    assert verdict["answers"]["festivals"] == {"lantern": 2, "boats": 1}


def _a_changed_file_is_refused(command: str, file: Path, voter: IssuedCode, election: HeldElection) -> None:
    """A device that had encrypted another choice would have to show such a file; it could even sign it."""
    folder = file.parent / "changed"
    folder.mkdir()
    reveal = _read(file)
    answers = list(reveal.challenge.answers)
    answers[0] = replace(answers[0], values=(0, 1, 0, 0))
    record = replace(reveal.challenge, answers=tuple(answers))
    signed = sign_body(Kind.CHALLENGE, encode_canonical(record), credential_of(voter.code, election.id))
    for signature, code in (
        (reveal.signature, "bad-signature"),
        (encode_base64url(signed), "challenge-differs"),
    ):
        changed = replace(reveal, challenge=record, signature=signature)
        (folder / file.name).write_bytes(encode_canonical(changed))
        run = _run(command, folder=folder)
        assert run.returncode == 1
        assert f"REFUTED ({code})" in run.stdout


def _read(file: Path) -> Reveal:
    data = file.read_bytes()
    return decode_canonical(data, Reveal, limit_bytes=len(data))


def _a_tested_ballot_cannot_be_cast(
    site: Site, election: HeldElection, voter: IssuedCode, file: Path
) -> None:
    """A device that kept a tested ballot tries to cast it after all."""
    reveal = _read(file).challenge
    body = encrypt_ballot(
        election.terms,
        [answer.values for answer in reveal.answers],
        voter.public_key,
        reveal.sequence,
        BallotSeed(decode_base64url(reveal.seed, 32)),
    )
    signature = sign_body(Kind.BALLOT, body, credential_of(voter.code, election.id))
    request = CastRequest(
        ballot=decode_canonical(body, BallotRecord, limit_bytes=len(body)),
        format="psephos/cast/v1",
        signature=encode_base64url(signature),
    )
    answer = httpx.post(f"{site.api(election)}/ballots", content=encode_canonical(request), timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (409, "challenged")
    assert site.ward.ballots_of(election, voter) == ()


def test_minh_looks_at_the_test_on_his_phone(site: Site, page: Page, phone: Page, tmp_path: Path) -> None:
    election = site.ward.open
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.enter(voter.code.written)
    booth.choose("A library")
    booth.choose("Lane 81, Hồ Sen")
    booth.give({"Boat race": "3"})
    booth.expect_review()
    shown = booth.tracker()
    booth.button(EN.test).click()
    booth.expect_step(EN.tested)
    picture = page.get_by_role("img", name="QR code: the address below")
    expect(picture).to_be_visible()
    address = page.locator("[data-field=second-address]").inner_text()
    assert address.startswith(site.page("en", election, "test#"))
    answer = httpx.get(site.url + (picture.get_attribute("src") or ""), timeout=30)
    assert answer.headers["content-type"] == "image/svg+xml"

    phone.goto(address.replace("/en/", "/vi/"))
    expect(phone.get_by_text("Thiết bị này ra đúng cùng mã biên nhận.")).to_be_visible()
    assert "-".join(phone.locator("#second-code [data-field=tracker]").inner_text().split()) == shown
    answers = phone.locator("#second-answers dd").all_inner_texts()
    assert answers == ["Thư viện", "Ngõ 81 Hồ Sen", "Đua thuyền: 3"]
    # A code that was not opened is waited for, and nothing is said to be right.
    booth.button(EN.after_test).click()
    booth.expect_review()
    phone.goto(address.replace("/en/", "/vi/")[:-43] + "A" * 43)
    expect(phone.get_by_text("Đang chờ lá phiếu có mã biên nhận này")).to_be_visible()
    expect(phone.locator("#second-holds")).to_be_hidden()
    phone.goto(site.page("vi", election, "test"))
    expect(phone.get_by_text("Hãy quét mã QR mà thiết bị kia hiện")).to_be_visible()
    assert site.ward.ballots_of(election, voter) == ()


def test_a_letter_of_another_vote_is_noticed(site: Site, page: Page) -> None:
    election, other = site.ward.open, site.ward.short
    voter = election.take()
    booth = Booth(page, site, election)
    place = site.page("en", election, "booth")
    page.goto(f"{place}#code={voter.code.written}&vote={other.terms.fingerprint_code}")
    assert page.url == place
    booth.go_on()
    booth.sees("Your letter belongs to the vote with the fingerprint")
    expect(page.get_by_role("heading", level=1, name=EN.enter_code)).to_be_visible()
    page.goto("about:blank")
    page.goto(f"{place}#code={voter.code.written}&vote={election.terms.fingerprint_code}")
    booth.go_on()
    booth.expect_step(booth.text(0))
