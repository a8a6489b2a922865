"""A server that lies: the booth refuses to work with it, and never says that a vote is in when it is not proved."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from crypto.checkpoint import Checkpoint, parse_checkpoint_text, parse_note, sign_checkpoint
from crypto.display_code import display_code
from crypto.encoding import decode_base64url, encode_base64url
from crypto.signature import SigningKey
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest, Promise, make_promise, verify_promise
from protocol.leaf import Kind, body_digest, make_leaf
from protocol.records import freeze_message
from protocol.terms import fingerprint_of
from protocol.text import LocalText, format_time
from rehearsal.one_machine import seal_vote
from tests.browser.booth import Booth
from tests.browser.site import Site
from tests.browser.ward import LAND, HeldElection, Hours, hold
from tests.browser.words import EN, VI, Words
from voting.casting import cast_ballot
from voting.office import utc_now

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

Json = dict[str, Any]

FINGERPRINT = (
    "The data of this vote do not have the fingerprint that they should have. "
    "Do not vote here; tell the help desk.",
    "Dữ liệu của cuộc bỏ phiếu này không có đúng mã nhận dạng. Đừng bỏ phiếu ở đây; hãy báo cho đường dây hỗ trợ.",
)
CHANGED = (
    "The questions on this page differ from those that were fixed for the vote. "
    "Do not vote here; tell the help desk."
)
CONTRADICTED = "The server’s answers contradict one another."


# Terms that are not those of the letter.


def flip(text: str, at: int = 5) -> str:
    """Another text of base64url with the same length."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def broken_signature(terms: Json) -> None:
    """One trustee did not sign."""
    terms["freeze"]["signatures"][1] = flip(terms["freeze"]["signatures"][1])


def other_modulus(terms: Json) -> None:
    """A modulus whose factors the server knows."""
    terms["ceremony"]["n"] = flip(terms["ceremony"]["n"])


def other_label(terms: Json) -> None:
    """The words of two options exchanged."""
    options = terms["manifest"]["questions"][0]["options"]
    options[0]["label"], options[1]["label"] = options[1]["label"], options[0]["label"]


def other_fingerprint(terms: Json) -> None:
    """A name that is not that of the records."""
    terms["fingerprint"] = flip(terms["fingerprint"])


def other_log_key(terms: Json) -> None:
    """A log whose key another server has."""
    terms["manifest"]["log_key"] = encode_base64url(SigningKey.from_seed(b"X" * 32).public_key)


def replace_terms(page: Page, terms: bytes) -> None:
    """Answer with these terms."""
    page.route("**/terms", lambda route: route.fulfill(body=terms, content_type="application/json"))


def fails(site: Site, page: Page, sentence: str, words: Words = EN) -> None:
    """The booth refuses, says why, and nothing can be typed any more."""
    page.goto(site.page(words.lang, site.ward.short, "booth"))
    Booth(page, site, site.ward.short, words).expect_step(words.failed)
    expect(page.get_by_role("alert").locator("visible=true")).to_have_text(sentence)
    expect(page.get_by_role("textbox")).to_have_count(0)


@pytest.mark.parametrize(
    "lie", [broken_signature, other_modulus, other_label, other_fingerprint, other_log_key]
)
def test_terms_that_do_not_hold_together(site: Site, page: Page, lie: Callable[[Json], None]) -> None:
    terms = httpx.get(f"{site.api(site.ward.short)}/terms").json()
    lie(terms)
    replace_terms(page, encode_canonical(terms))
    fails(site, page, FINGERPRINT[0])


@pytest.mark.parametrize("words", [pytest.param(EN, marks=pytest.mark.slow), VI], ids=["en", "vi"])
def test_another_election_under_the_same_address(site: Site, page: Page, words: Words) -> None:
    """Terms that hold together and that all key holders signed, but not those of the letter."""
    terms, _ = signed_terms(site, other_label)
    replace_terms(page, terms)
    fails(site, page, FINGERPRINT[words is VI], words)


def test_a_key_that_fails_its_own_certificate(site: Site, page: Page) -> None:
    """Even the page names the false fingerprint, and all key holders signed it: the arithmetic betrays the key."""

    def forged(terms: Json) -> None:
        terms["ceremony"]["nth_roots"][0] = flip(terms["ceremony"]["nth_roots"][0])

    terms, code = signed_terms(site, forged)
    replace_terms(page, terms)
    replace_in_page(page, {site.ward.short.terms.fingerprint_code: code})
    fails(site, page, FINGERPRINT[0])


def signed_terms(site: Site, lie: Callable[[Json], None]) -> tuple[bytes, str]:
    """Invented terms with a true fingerprint and all signatures; the fingerprint's code."""
    election = site.ward.short
    terms: Json = httpx.get(f"{site.api(election)}/terms").json()
    lie(terms)
    fingerprint = fingerprint_of(
        body_digest(Kind.MANIFEST, encode_canonical(terms["manifest"])),
        body_digest(Kind.CEREMONY, encode_canonical(terms["ceremony"])),
        decode_base64url(terms["roll_digest"], 32),
    )
    message = freeze_message(election.id, fingerprint)
    terms["fingerprint"] = terms["freeze"]["fingerprint"] = encode_base64url(fingerprint)
    terms["freeze"]["signatures"] = [encode_base64url(key.sign(message)) for key in election.trustees.signing]
    return encode_canonical(terms), display_code(fingerprint)


# A page that shows other words than those of the manifest.


def replace_in_page(page: Page, changes: dict[str, str]) -> None:
    """Exchange words of the booth's HTML."""

    def change(route: Route) -> None:
        answer = route.fetch()
        html = answer.text()
        assert all(old in html for old in changes)
        pattern = "|".join(re.escape(old) for old in changes)
        html = re.sub(pattern, lambda match: changes[match[0]], html)
        route.fulfill(response=answer, body=html)

    page.route("**/booth", change)


@pytest.mark.parametrize(
    "changes",
    [
        {"A covered market": "A library", "A library": "A covered market"},
        {'data-option="0"': 'data-option="1"', 'data-option="1"': 'data-option="0"'},
        {"What should the old market land become?": "What should the old market land not become?"},
        {'data-question="land"': 'data-question="sand"'},
    ],
    ids=["labels", "inputs", "text", "question"],
)
def test_a_page_with_other_words(site: Site, page: Page, changes: dict[str, str]) -> None:
    replace_in_page(page, changes)
    fails(site, page, CHANGED)


# Answers to a ballot that prove nothing, or something else.


@pytest.fixture(scope="module")
def hasty(site: Site) -> HeldElection:
    """An election that promises its ballots within two seconds; one is there already."""
    title = LocalText(en="A hasty vote", vi="Cuộc bỏ phiếu vội")
    office = site.ward.office
    election = hold(office, title, (LAND,), Hours.around(utc_now()), promise_seconds=2)
    cast_ballot(office, election.id, seal_vote(election.terms, election.take().code, ((1, 0, 0, 0),)))
    return election


def cast(site: Site, page: Page, election: HeldElection) -> Booth:
    """A voter who presses the button."""
    booth = Booth(page, site, election).open()
    booth.to_review(election.take(), "A library")
    booth.cast()
    return booth


def never_ends(booth: Booth) -> None:
    """The page has looked once more, and does not say that the vote is in."""
    page = booth.page
    with page.expect_response("**/credentials/**"):
        pass
    booth.sees(EN.unknown)
    expect(page.locator("section[data-step=end]")).to_be_hidden()


def swallow(site: Site, page: Page, election: HeldElection, forge: Callable[[Json], None]) -> None:
    """The server answers as if it had stored the ballot, with its real key, and stores nothing."""
    keys = site.ward.office.election_keys(election.id)

    def answer(route: Route) -> None:
        data = (route.request.post_data or "").encode()
        request = decode_canonical(data, CastRequest, limit_bytes=len(data))
        body, now = encode_canonical(request.ballot), format_time(utc_now())
        index = len(site.ward.entries(election))
        tracker = body_digest(Kind.BALLOT, body)
        leaf = make_leaf(Kind.BALLOT, body, now, decode_base64url(request.signature, 64))
        promise = make_promise(election.terms.manifest, tracker, index, now, keys.server)
        made: Json = {
            "index": index,
            "leaf": json.loads(leaf),
            "promise": json.loads(encode_canonical(promise)),
            "sequence": request.ballot.sequence,
        }
        forge(made)
        route.fulfill(status=201, body=encode_canonical(made), content_type="application/json")

    page.route("**/ballots", answer)


def true_promise(made: Json) -> None:
    """Nothing is wrong with it, but that it will not be kept."""


def test_a_promise_that_is_not_kept_is_evidence(
    site: Site, page: Page, hasty: HeldElection, tmp_path: Path
) -> None:
    """The ballot is thrown away behind a true promise: no end, and a file that convicts the server."""
    swallow(site, page, hasty, true_promise)
    booth = cast(site, page, hasty)
    booth.expect_step(EN.unknown)
    never_ends(booth)
    kept = json.loads(booth.save("Save what was sent", tmp_path).read_bytes())
    promise = decode_canonical(encode_canonical(kept["promise"]), Promise, limit_bytes=2000)
    verify_promise(hasty.terms.manifest, promise)
    ballot = encode_canonical(kept["request"]["ballot"])
    assert promise.tracker == encode_base64url(body_digest(Kind.BALLOT, ballot))
    assert len(site.ward.entries(hasty)) <= promise.index


def wrong_signature(made: Json) -> None:
    """A promise that binds nobody."""
    made["promise"]["signature"] = flip(made["promise"]["signature"])


def wrong_tracker(made: Json) -> None:
    """A promise for another ballot."""
    made["promise"]["tracker"] = flip(made["promise"]["tracker"])


def wrong_index(made: Json) -> None:
    """An answer about the place of another ballot."""
    made["index"] -= 1


@pytest.mark.parametrize("forge", [wrong_signature, wrong_tracker, wrong_index])
def test_a_promise_that_promises_nothing(
    site: Site, page: Page, hasty: HeldElection, forge: Callable[[Json], None]
) -> None:
    swallow(site, page, hasty, forge)
    booth = cast(site, page, hasty)
    booth.expect_step(EN.unknown)
    booth.sees(CONTRADICTED)
    never_ends(booth)


def other_log(site: Site, election: HeldElection, answer: Json) -> None:
    """The right tree under a signature that is not this log's."""
    head = parse_checkpoint_text(parse_note(answer["checkpoint"]).text)
    answer["checkpoint"] = sign_checkpoint(head, SigningKey.from_seed(b"X" * 32))


def other_election(site: Site, election: HeldElection, answer: Json) -> None:
    """A true signed head, of another board."""
    answer["checkpoint"] = httpx.get(f"{site.api(site.ward.short)}/checkpoint").text


def other_root(site: Site, election: HeldElection, answer: Json) -> None:
    """A head that this log signed, of a tree without the ballot: a fork."""
    log = site.ward.office.election_keys(election.id).log
    head = Checkpoint(election.terms.manifest.log_origin, answer["size"], b"R" * 32)
    answer["checkpoint"] = sign_checkpoint(head, log)


def wrong_proof(site: Site, election: HeldElection, answer: Json) -> None:
    """One hash of the path is another."""
    answer["proof"][0] = flip(answer["proof"][0])


def other_ballot(site: Site, election: HeldElection, answer: Json) -> None:
    """The ballot of somebody else, with its true proof, in a true head."""
    index = next(entry.index for entry in site.ward.entries(election) if entry.kind == Kind.BALLOT)
    answer.update(httpx.get(f"{site.api(election)}/entries/{index}").json())


@pytest.mark.parametrize("lie", [other_log, other_election, other_root, wrong_proof, other_ballot])
def test_a_board_that_does_not_prove_the_ballot(
    site: Site,
    page: Page,
    hasty: HeldElection,
    lie: Callable[[Site, HeldElection, Json], None],
) -> None:
    lying = True

    def answer(route: Route) -> None:
        honest = route.fetch()
        entry = honest.json()
        if lying:
            lie(site, hasty, entry)
        route.fulfill(response=honest, body=encode_canonical(entry))

    page.route("**/entries/*", answer)
    booth = cast(site, page, hasty)
    booth.expect_step(EN.unknown)
    booth.sees(CONTRADICTED)
    never_ends(booth)
    # The voter is not held for a fool for ever: when the server stops lying, the page sees it by itself.
    lying = False
    booth.expect_end()
