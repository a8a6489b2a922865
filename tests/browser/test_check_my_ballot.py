"""Checking a ballot next week: the browser proves what it says, and notices a server that lies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from crypto.checkpoint import (
    Checkpoint,
    parse_checkpoint_text,
    parse_note,
    sign_checkpoint,
    verify_checkpoint,
)
from crypto.display_code import alias, display_code
from crypto.encoding import decode_base64url, encode_base64url
from crypto.merkle import leaf_hash, verify_inclusion
from crypto.signature import SigningKey
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest
from protocol.leaf import Kind
from rehearsal.one_machine import seal_vote
from tests.browser.site import Site
from tests.browser.ward import HeldElection
from tests.browser.words import EN, VI
from voting.registrar import IssuedCode

pytestmark = pytest.mark.browser

Json = dict[str, Any]
CHECKED = "What this browser checked"
FAILED = "A check failed:"
RECEIPT_GOOD = "The receipt is genuine, and its ballot still stands where the receipt says"


def code_of(site: Site, election: HeldElection, voter: IssuedCode, number: int = 0) -> str:
    """The receipt code of a ballot of this voter."""
    return display_code(site.ward.ballots_of(election, voter)[number].leaf.digest_bytes)


def cast(site: Site, election: HeldElection, voter: IssuedCode) -> Json:
    """Vote without a browser; the receipt that a program would keep."""
    data = seal_vote(election.terms, voter.code, ((0, 1, 0, 0),))
    answer = httpx.post(f"{site.api(election)}/ballots", content=data, timeout=30)
    assert answer.status_code == 201
    cast = answer.json()
    entry = httpx.get(f"{site.api(election)}/entries/{cast['index']}").json()
    return {
        "ballot": json.loads(
            encode_canonical(decode_canonical(data, CastRequest, limit_bytes=len(data)).ballot)
        ),
        "checkpoint": entry["checkpoint"],
        "election": election.id,
        "fingerprint": election.terms.fingerprint_text,
        "format": "psephos/receipt/v1",
        "inclusion": entry["proof"],
        "leaf": cast["leaf"],
        "promise": cast["promise"],
        "tracker": cast["promise"]["tracker"],
    }


def test_the_proof_can_be_saved_and_holds_in_another_program(site: Site, page: Page, tmp_path: Path) -> None:
    election = site.ward.closed
    voter = election.used[0]
    page.goto(site.page("en", election, f"check?code={code_of(site, election, voter, 1)}"))
    expect(page.get_by_role("heading", name=EN.found)).to_be_visible()
    expect(page.get_by_role("heading", name=CHECKED)).to_be_visible()
    expect(page.get_by_text("has cast 2 ballots; the last one counts.")).to_be_visible()
    for line in ("The board is signed with the key of this vote", election.terms.fingerprint_code):
        expect(page.locator("#browser-checks")).to_contain_text(line)
    expect(page.get_by_text("This answer comes from the server")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the proof").click()
    download.value.save_as(tmp_path / "proof.json")
    proof = json.loads((tmp_path / "proof.json").read_bytes())
    manifest = election.terms.manifest
    head = verify_checkpoint(proof["checkpoint"], manifest.log_origin, decode_base64url(manifest.log_key, 32))
    assert len(proof["entries"]) == 2
    for entry in proof["entries"]:
        path = [decode_base64url(node, 32) for node in entry["proof"]]
        verify_inclusion(leaf_hash(entry["leaf"].encode()), entry["index"], head.size, path, head.root)


def test_a_code_that_nobody_has_and_a_voter_without_a_ballot(site: Site, page: Page) -> None:
    election = site.ward.closed
    page.goto(site.page("vi", election, "check"))
    page.get_by_label("Mã biên nhận hoặc mã cử tri").fill("00000-00000-00000-00000-00000")
    page.get_by_role("button", name=VI.check, exact=True).click()
    expect(page.get_by_role("heading", name=VI.not_found)).to_be_visible()
    absent = alias(election.codes[0].public_key)
    page.get_by_label("Mã biên nhận hoặc mã cử tri").fill(absent)
    page.get_by_role("button", name=VI.check, exact=True).click()
    expect(page.get_by_role("status").filter(has_text=absent)).to_be_visible()
    expect(page.get_by_role("heading", name=VI.not_found)).to_have_count(0)


def test_the_address_in_the_receipts_qr_code(site: Site, page: Page) -> None:
    """It holds all bits of the tracker, so that no other ballot can have its code."""
    election = site.ward.closed
    voter = election.used[1]
    tracker = encode_base64url(site.ward.ballots_of(election, voter)[0].leaf.digest_bytes)
    page.goto(site.page("en", election, f"check?code={tracker}"))
    expect(page.get_by_role("heading", name=EN.found)).to_be_visible()
    expect(page.get_by_role("heading", name=CHECKED)).to_be_visible()
    # Another ballot with the same receipt code would be a collision made on purpose: only the other bits tell.
    page.goto(site.page("en", election, f"check?code={tracker[:30]}{flip(tracker[30:])}"))
    expect(page.get_by_role("status").filter(has_text=FAILED)).to_be_visible()
    expect(page.get_by_role("heading", name=EN.found)).to_have_count(0)


def test_a_saved_receipt_is_opened(site: Site, page: Page, tmp_path: Path) -> None:
    """One that the Python implementation made; then others that are not what they seem."""
    election = site.ward.short
    receipt = cast(site, election, election.take())
    good = tmp_path / "receipt.json"
    good.write_bytes(encode_canonical(receipt))
    page.goto(site.page("en", election, "check"))
    chooser = page.get_by_label("Or open the receipt that you saved")
    chooser.set_input_files(good)
    expect(page.get_by_role("heading", name=EN.found)).to_be_visible()
    expect(page.locator("#browser-checks")).to_contain_text(RECEIPT_GOOD)
    changes: dict[str, Json] = {
        "promise": {"promise": {**receipt["promise"], "index": receipt["promise"]["index"] + 1}},
        "inclusion": {"inclusion": [flip(receipt["inclusion"][0]), *receipt["inclusion"][1:]]},
        "ballot": {"ballot": {**receipt["ballot"], "sequence": 2}},
        "tracker": {"tracker": flip(receipt["tracker"])},
    }
    for name, changed in changes.items():
        bad = tmp_path / f"{name}.json"
        bad.write_bytes(encode_canonical({**receipt, **changed}))
        chooser.set_input_files(bad)
        expect(page.get_by_text("This file is not a good receipt of this vote:")).to_be_visible()
        expect(page.get_by_role("heading", name=EN.found)).to_have_count(0)
        chooser.set_input_files(good)
        expect(page.get_by_role("heading", name=EN.found)).to_be_visible()


# A server that lies.


def flip(text: str) -> str:
    """Another text of base64url with the same length."""
    return text[:5] + ("A" if text[5] != "A" else "B") + text[6:]


def lie_about(page: Page, path: str, lie: Callable[[Json], None]) -> None:
    """Change the server's JSON answers at this path."""

    def answer(route: Route) -> None:
        honest = route.fetch()
        record = honest.json()
        lie(record)
        route.fulfill(response=honest, body=encode_canonical(record))

    page.route(path, answer)


def say_other_note(page: Page, note: str) -> None:
    """Answer every question for the newest head with this note."""
    page.route("**/checkpoint", lambda route: route.fulfill(body=note, content_type="text/plain"))


def is_detected(site: Site, page: Page, election: HeldElection, code: str) -> None:
    """The page says that a check failed, and not that the ballot was found."""
    page.goto(site.page("en", election, f"check?code={code}"))
    expect(page.get_by_role("status").filter(has_text=FAILED)).to_be_visible()
    expect(page.get_by_role("heading", name=EN.found)).to_have_count(0)
    expect(page.locator("#browser-checks")).to_be_hidden()


def test_a_wrong_proof(site: Site, page: Page) -> None:
    def lie(entry: Json) -> None:
        entry["proof"][0] = flip(entry["proof"][0])

    lie_about(page, "**/entries/*", lie)
    election = site.ward.closed
    is_detected(site, page, election, code_of(site, election, election.used[1]))


def test_the_ballot_of_somebody_else(site: Site, page: Page) -> None:
    """The server lost the ballot and shows another one, true in all its parts, under the voter's code."""
    election = site.ward.closed
    other = httpx.get(
        f"{site.api(election)}/find", params={"code": code_of(site, election, election.used[2])}
    ).json()
    lie_about(page, "**/find?code=*", lambda answer: answer.update(other))
    is_detected(site, page, election, code_of(site, election, election.used[1]))


def test_another_leaf_than_the_board_holds(site: Site, page: Page) -> None:
    def lie(answer: Json) -> None:
        answer["ballots"][0]["leaf"]["digest"] = flip(answer["ballots"][0]["leaf"]["digest"])

    lie_about(page, "**/find?code=*", lie)
    election = site.ward.closed
    is_detected(site, page, election, alias(election.used[1].public_key))


def test_a_head_that_the_log_did_not_sign(site: Site, page: Page) -> None:
    election = site.ward.closed
    note = httpx.get(f"{site.api(election)}/checkpoint").text
    head = parse_checkpoint_text(parse_note(note).text)
    say_other_note(page, sign_checkpoint(head, SigningKey.from_seed(b"X" * 32)))
    is_detected(site, page, election, code_of(site, election, election.used[1]))


def test_a_fork_is_noticed_by_a_browser_that_was_here_before(site: Site, page: Page) -> None:
    """A second board, signed with the log's own key: only the head that this browser kept betrays it."""
    election = site.ward.closed
    code = code_of(site, election, election.used[1])
    page.goto(site.page("en", election, f"check?code={code}"))
    expect(page.get_by_role("heading", name=EN.found)).to_be_visible()
    log = site.ward.office.election_keys(election.id).log
    size = len(site.ward.entries(election)) + 1
    fork = Checkpoint(election.terms.manifest.log_origin, size, b"R" * 32)
    say_other_note(page, sign_checkpoint(fork, log))
    is_detected(site, page, election, code)


def test_the_board_grows_and_is_shown_to_continue(site: Site, page: Page) -> None:
    election = site.ward.short
    voter = election.take()
    cast(site, election, voter)
    address = site.page("en", election, f"check?code={alias(voter.public_key)}")
    page.goto(address)
    expect(page.get_by_role("heading", name=EN.found)).to_be_visible()
    cast(site, election, election.take())
    page.goto(address)
    expect(page.locator("#browser-checks")).to_contain_text(
        "nothing was removed or changed since your last visit"
    )


# The board page.


def test_the_board_is_checked_in_the_browser(site: Site, page: Page) -> None:
    election = site.ward.closed
    size = len(site.ward.entries(election))
    page.goto(site.page("en", election, "board"))
    button = page.get_by_role("button", name="Check the signature in this browser")
    button.click()
    good = f"Your browser has checked the signature of this state with {size} entries."
    expect(page.get_by_role("status").filter(has_text=good)).to_be_visible()

    log = site.ward.office.election_keys(election.id).log
    for key, root in ((SigningKey.from_seed(b"X" * 32), None), (log, b"R" * 32)):
        note = httpx.get(f"{site.api(election)}/checkpoint").text
        head = parse_checkpoint_text(parse_note(note).text)
        page.unroute_all()
        say_other_note(page, sign_checkpoint(Checkpoint(head.origin, head.size, root or head.root), key))
        button.click()
        expect(page.get_by_role("status").filter(has_text=FAILED)).to_be_visible()
    kinds = {entry.kind for entry in site.ward.entries(election)}
    assert Kind.RESULT in kinds
