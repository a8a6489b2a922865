"""Key holders' pages: each sees only what names them, and hands in only what is their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from audits.stored_board import StoredBoard
from crypto.encoding import encode_base64url
from crypto.key_record import KeyShare
from crypto.opening_proof import open_partially
from identity.roles import Role
from protocol.leaf import Kind, sign_body
from protocol.opening_rules import make_partial_openings, make_statement, opening_context
from protocol.roll import RollEntry
from protocol.signed_body import SignedBody, decode_signed_body, encode_signed_body
from protocol.trustee_identity import encode_identity
from protocol.verification import verify_board
from rehearsal.one_machine import seal_vote
from tally.aggregation import aggregate
from tally.opening import append_statement
from tests.support.drafts import NOW, PARTS, VOTERS_CSV, Preparing, holders
from tests.support.elections import trustee_key
from tests.support.keys import load_test_key
from tests.support.office_pages import OfficePages, fault_of, office_pages, send
from tests.support.offices import close_early
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from voting.casting import cast_ballot
from voting.draft_terms import freeze, take_ceremony, take_freeze_signature, take_roll
from voting.preparation import open_polls
from voting.registrar import issue_codes


@dataclass
class KeyHolder:
    """A browser of one key holder."""

    browser: Browser
    preparing: Preparing

    def path(self, place: str = "") -> str:
        base = f"/en/trustee/{self.preparing.draft}"
        return f"{base}/{place}" if place else base

    def page(self) -> str:
        answer = self.browser.get(self.path())
        assert answer.status_code == 200
        return answer.text.split("<h1")[1]


@dataclass
class Stage:
    """Three key holders; the first two have accounts."""

    site: SiteUnderTest
    pages: OfficePages
    lan: KeyHolder
    minh: KeyHolder
    stranger: KeyHolder

    @property
    def preparing(self) -> Preparing:
        return self.pages.preparing


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with site_under_test(f"sqlite:///{tmp_path / 'psephos.sqlite'}", tmp_path) as site:
        site.desk.clock.now = NOW
        pages = office_pages(site)
        people = [site.desk.person(name, (Role.TRUSTEE,)) for name in ("Lan", "Minh", "Hoa")]
        browsers = []
        for person in people:
            browser = site.browser().hold(site.desk.session(person))
            browser.get("/en/my")
            browsers.append(KeyHolder(browser, pages.preparing))
        for part in PARTS:
            pages.preparing.save(part)
        named = holders(3)
        part = msgspec.structs.replace(
            named,
            holders=tuple(
                msgspec.structs.replace(holder, key="", person=people[i] if i < 2 else None)
                for i, holder in enumerate(named.holders)
            ),
        )
        pages.preparing.save(part)
        pages.preparing.voters(VOTERS_CSV.encode())
        yield Stage(site, pages, *browsers)


def identity(number: int) -> tuple[str, bytes]:
    return ("me.public.json", encode_identity("Somebody", trustee_key(number)))


def with_keys(stage: Stage) -> None:
    """All three public keys are there, the terms are fixed."""
    for holder, number in ((stage.lan, 1), (stage.minh, 2)):
        assert send(holder.browser, holder.path("key"), {}, file=identity(number)).status_code == 303
    part = stage.preparing.load().draft.key_holders
    last = msgspec.structs.replace(part.holders[2], key=encode_base64url(trustee_key(3).public_key))
    stage.preparing.save(msgspec.structs.replace(part, holders=(*part.holders[:2], last)))
    stage.preparing.fix()


def test_a_key_holder_sees_only_own_votes(stage: Stage) -> None:
    assert "The old market land" in stage.lan.browser.get("/en/trustee").text
    assert "Your turn" in stage.lan.browser.get("/en/trustee").text
    assert "No vote names you" in stage.stranger.browser.get("/en/trustee").text
    for place in ("", "files/manifest.json"):
        assert stage.stranger.browser.get(stage.stranger.path(place)).status_code == 404
    for place in ("key", "ceremony", "signature", "statement", "opening"):
        answer = send(stage.stranger.browser, stage.stranger.path(place), {}, file=identity(1))
        assert answer.status_code == 404
    assert stage.lan.browser.get(stage.pages.path()).status_code == 403


def test_each_hands_in_a_key_of_their_own(stage: Stage) -> None:
    assert "Make your signing key" in stage.lan.page()
    for data in (b"{}", b"", identity(1)[1].replace(b"Somebody", b"Somebady")):
        answer = send(stage.lan.browser, stage.lan.path("key"), {}, file=("x.json", data))
        assert answer.status_code == 422
        assert fault_of(answer, "file")
    for _ in range(2):
        assert send(stage.lan.browser, stage.lan.path("key"), {}, file=identity(1)).status_code == 303
    stage.minh.page()
    theirs = send(stage.minh.browser, stage.minh.path("key"), {}, file=identity(1))
    assert "another key holder’s key" in fault_of(theirs, "file")
    keys = [holder.key for holder in stage.preparing.load().draft.key_holders.holders]
    assert keys == [encode_base64url(trustee_key(1).public_key), "", ""]
    assert "Wait until the office has fixed the terms" in stage.lan.page()


def test_from_the_key_to_the_signature(stage: Stage) -> None:
    with_keys(stage)
    assert "psephos trustee keys terms" in stage.lan.page()
    late = send(stage.lan.browser, stage.lan.path("key"), {}, file=identity(1))
    assert "changed meanwhile" in fault_of(late, "file")
    assert stage.lan.browser.get(stage.lan.path("files/manifest.json")).status_code == 200
    ceremony = ("ceremony.json", stage.preparing.ceremony())
    for holder in (stage.lan, stage.minh):
        holder.page()
        assert send(holder.browser, holder.path("ceremony"), {}, file=ceremony).status_code == 303
    assert "Wait for the roll" in stage.lan.page()
    take_roll(stage.preparing.office, stage.preparing.official, stage.preparing.draft, stage.preparing.roll())
    assert "sign-freeze" in stage.lan.page()
    assert stage.lan.browser.get(stage.lan.path("files/terms.zip")).content.startswith(b"PK")
    other = send(
        stage.lan.browser, stage.lan.path("signature"), {}, file=("s.json", stage.preparing.signature(2))
    )
    assert "another key holder" in fault_of(other, "file")
    for _ in range(2):
        own = ("s.json", stage.preparing.signature(1))
        assert send(stage.lan.browser, stage.lan.path("signature"), {}, file=own).status_code == 303
    assert stage.preparing.load().prepared.signed == {1}
    assert "You have signed" in stage.lan.page()
    assert ("Lan", "signature-taken") in stage.preparing.trail()


def voted_and_closed(stage: Stage) -> str:
    """The vote is frozen with real codes, one voter in each area votes; closed and multiplied."""
    preparing = stage.preparing
    with_keys(stage)
    office, official, draft = preparing.office, preparing.official, preparing.draft
    take_ceremony(office, official, draft, preparing.ceremony())
    entries = [RollEntry(weight=1, area="north" if number < 12 else "south") for number in range(24)]
    election = preparing.load().election
    assert election is not None
    issued, roll = issue_codes(election, entries)
    take_roll(office, official, draft, roll)
    for number in (1, 2, 3):
        take_freeze_signature(office, official, draft, preparing.signature(number))
    terms = freeze(office, official, draft)
    stage.site.desk.clock.now = NOW.replace(day=24)
    open_polls(office, election)
    vote = ((1, 0, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1, 0))
    for item in issued[:10]:
        cast_ballot(office, election, seal_vote(terms, item.code, vote))
    close_early(office, election)
    aggregate(office, election)
    return election


def signed_files(stage: Stage, election: str, number: int) -> tuple[bytes, bytes]:
    """The files that `psephos trustee state` and `open` would write on the board as it is."""
    board = verify_board(StoredBoard(stage.preparing.office.engine, election))
    terms, tally, closing = board.terms, board.tally, board.rules.closing
    assert board.report.ok, board.report
    assert terms is not None
    assert tally is not None
    assert closing is not None
    share: KeyShare = load_test_key("threshold-2of3-2048")[1][number - 1]
    statement = make_statement(terms, number, closing, tally.closing_root, tally.aggregates_digest)
    openings = [
        open_partially(
            terms.record,
            share,
            product.ciphertext,
            opening_context(terms, tally.aggregates_digest, product, number),
        )
        for product in tally.opened_products
    ]
    opening = make_partial_openings(terms, tally.aggregates_digest, number, openings)
    return tuple(  # type: ignore[return-value]
        encode_signed_body(SignedBody(kind, body, sign_body(kind, body, trustee_key(number)), number))
        for kind, body in ((Kind.CLOSING_STATEMENT, statement), (Kind.PARTIAL_OPENING, opening))
    )


def test_from_the_closing_to_the_opened_count(stage: Stage) -> None:
    election = voted_and_closed(stage)
    lan, minh = stage.lan, stage.minh
    signed_in_again(stage)
    assert f"psephos trustee state {election}" in lan.page()
    statement, opening = signed_files(stage, election, 1)
    others, others_opening = signed_files(stage, election, 2)
    for place, data, sentence in (
        ("statement", others, "another key holder"),
        ("statement", opening, "cannot be taken"),
        ("statement", b"{}", "cannot be taken"),
        ("statement", statement.replace(b'"checkpoint_size":', b'"checkpoint_size":1'), "cannot be taken"),
        ("opening", opening, "cannot be taken"),  # too few statements
    ):
        answer = send(lan.browser, lan.path(place), {}, file=("x.json", data))
        assert answer.status_code == 422
        assert sentence in fault_of(answer, "file")
    assert send(lan.browser, lan.path("statement"), {}, file=("x.json", statement)).status_code == 303
    again = send(lan.browser, lan.path("statement"), {}, file=("x.json", statement))
    assert "stands on the board already" in fault_of(again, "file")
    assert f"psephos trustee open {election}" in lan.page()
    minh.page()
    assert send(minh.browser, minh.path("statement"), {}, file=("x.json", others)).status_code == 303
    third = signed_files(stage, election, 3)[0]
    assert "another key holder" in fault_of(
        send(lan.browser, lan.path("statement"), {}, file=("x.json", third)), "file"
    )
    signed = decode_signed_body(third)
    append_statement(stage.preparing.office, election, signed.body, signed.signature)  # without an account
    early = send(lan.browser, lan.path("opening"), {}, file=("x.json", opening))
    assert early.status_code == 422
    stage.site.desk.clock.now = NOW.replace(day=25)
    signed_in_again(stage)
    for holder, data in ((lan, opening), (minh, others_opening)):
        assert send(holder.browser, holder.path("opening"), {}, file=("x.json", data)).status_code == 303
        assert "Everything is done" in holder.page()
    deeds = stage.preparing.trail()
    assert deeds[-1] == ("Minh", "opening-taken")
    assert ("Lan", "statement-taken") in deeds


def signed_in_again(stage: Stage) -> None:
    """Sessions do not last as long as a vote."""
    for number, holder in enumerate((stage.lan, stage.minh)):
        person = stage.preparing.load().draft.key_holders.holders[number].person
        assert person is not None
        holder.browser = stage.site.browser().hold(stage.site.desk.session(person))
        holder.browser.get("/en/my")
