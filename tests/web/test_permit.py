"""The page that lets a ballot in: for whom, what it gives, and what it never gives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from board import log as board
from board.log import LogId
from identity.assurance import Assurance
from rehearsal.one_machine import seal_vote
from storage.session import reading
from tests.support.offices import DirectCasting
from tests.support.sign_in_votes import SignInVote, hold_sign_in_vote
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from voting.models import VotingElection, VotingPermit, VotingTie
from web.api.bundles import Bundles
from web.rate_limits import PERMIT

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
YES = ((1, 0, 0, 0),)
NO = ((0, 1, 0, 0),)
TAB = "A" * 22
_CODE = re.compile(r'id="entry-code">([A-Za-z0-9_-]{43})<')


@dataclass
class Held:
    """A site with one vote that asks its voters to sign in."""

    site: SiteUnderTest
    vote: SignInVote

    @property
    def page(self) -> str:
        return f"/en/elections/{self.vote.election}/permit"

    def browser(self, n: int, assurance: Assurance = Assurance.SUBSTANTIAL) -> Browser:
        """Where voter n is signed in. n: from 1."""
        return self.vote.browser(self.site, EMAILS[n - 1], assurance)

    def code(self, browser: Browser) -> str:
        """An entry code, as somebody gets it by pressing the button."""
        assert "Let my ballot in" in browser.get(self.page).text
        given = browser.post(self.page, {"tab": TAB})
        assert given.status_code == 200, given.text
        found = _CODE.search(given.text)
        assert found is not None
        return found[1]

    def cast(
        self, n: int, entry: str | None, values: tuple[tuple[int, ...], ...] = YES, sequence: int = 1
    ) -> object:
        """Status and problem code of a ballot with the code of voter n, from a program that knows no cookie."""
        data = seal_vote(self.vote.terms, self.vote.codes[n - 1].code, values, sequence)
        headers = {} if entry is None else {"Psephos-Permit": entry}
        answer = self.site.browser().client.post(
            f"/api/v1/elections/{self.vote.election}/ballots", content=data, headers=headers
        )
        return (
            answer.status_code if answer.status_code == 201 else (answer.status_code, answer.json()["code"])
        )

    def kinds(self) -> list[str]:
        """What the board holds beyond its opening."""
        with reading(self.vote.office.engine) as session:
            row = session.scalars(select(VotingElection).where(VotingElection.id == self.vote.election)).one()
            return [each.kind for each in board.entries(session, LogId(row.log_id), 0, 1000)][5:]

    def permits(self) -> int:
        with reading(self.vote.office.engine) as session:
            return len(session.scalars(select(VotingPermit)).all())


@pytest.fixture
def held(either_database_url: str, tmp_path: Path) -> Iterator[Held]:
    with site_under_test(either_database_url, tmp_path) as site:
        vote = hold_sign_in_vote(site.app.state.office, site.desk.desk, site.desk.clock(), EMAILS)
        site.app.state.casting = DirectCasting(vote.office)
        site.app.state.bundles = Bundles(tmp_path / "bundles")
        yield Held(site, vote)


def test_a_voter_signs_in_and_the_ballot_goes_in_once(held: Held) -> None:
    an = held.browser(1)
    entry = held.code(an)
    assert held.cast(1, None) == (401, "sign-in-needed")
    assert held.cast(1, entry) == 201
    assert held.cast(1, entry, sequence=2) == (403, "permit-expired")
    assert held.cast(1, held.code(an), NO, sequence=2) == 201
    assert held.kinds() == ["ballot", "ballot"]


def test_the_answer_is_kept_by_nobody_and_names_no_ballot(held: Held) -> None:
    an = held.browser(1)
    an.get(held.page)
    given = an.post(held.page, {"tab": TAB})
    assert given.headers["cache-control"] == "no-store"
    assert f'"tab":"{TAB}"' in given.text
    assert f"psephos vote --permit {_CODE.findall(given.text)[0]} http://localhost:8000/api/v1/" in given.text
    # Without a booth that named itself there is nobody to hand it to by script.
    assert "client/permit.js" not in an.post(held.page, {"tab": "<script>"}).text
    assert "client/permit.js" not in an.post(held.page).text


def test_an_unused_code_ends_with_the_next_one_and_after_a_quarter_of_an_hour(held: Held) -> None:
    an = held.browser(1)
    first, second = held.code(an), held.code(an)
    assert held.permits() == 1
    assert held.cast(1, first) == (403, "permit-expired")
    held.site.desk.clock.wait(minutes=15)
    assert held.cast(1, second) == (403, "permit-expired")
    assert held.kinds() == []
    assert held.cast(1, held.code(an)) == 201


def test_who_is_not_on_the_list_gets_no_code_and_is_told_whom_to_ask(held: Held) -> None:
    stranger = held.vote.browser(held.site, "stranger@example.org")
    page = stranger.get(held.page)
    assert "is not on the voters’ list" in page.text
    assert "Ask the help desk" in page.text
    refused = stranger.post(held.page, {"tab": TAB})
    assert refused.status_code == 403
    assert _CODE.search(refused.text) is None
    assert held.permits() == 0


def test_a_sign_in_that_is_not_sure_enough_gets_no_code(held: Held) -> None:
    weak = held.browser(1, Assurance.LOW)
    page = weak.get(f"{held.page}?tab={TAB}")
    assert "not sure enough for this vote" in page.text
    assert f"sign-in?next={held.page}%3Ftab={TAB}" in page.text
    assert weak.post(held.page, {"tab": TAB}).status_code == 403
    assert held.permits() == 0


def test_signed_out_the_page_leads_to_sign_in_and_back(held: Held) -> None:
    answer = held.site.browser().get(f"{held.page}?tab={TAB}")
    assert answer.status_code == 303
    assert (
        answer.headers["location"]
        == f"/en/sign-in?next=%2Fen%2Felections%2F{held.vote.election}%2Fpermit%3Ftab%3D{TAB}"
    )
    assert held.permits() == 0


def test_after_closing_nothing_is_given_out(held: Held) -> None:
    an = held.browser(1)
    an.get(held.page)
    held.site.desk.clock.wait(days=5)
    later = held.browser(1)  # the session ended long ago
    assert "Voting has closed" in later.get(held.page).text
    assert later.post(held.page, {"tab": TAB}).status_code == 403
    assert held.permits() == 0


def test_a_vote_without_sign_in_has_no_such_page(held: Held) -> None:
    desk, office = held.vote.desk, held.vote.office
    plain = hold_sign_in_vote(
        office, desk, held.site.desk.clock() + timedelta(seconds=1), EMAILS, sign_in=False
    )
    an = held.browser(1)
    for election in (plain.election, "0" * 32, "x"):
        assert an.get(f"/en/elections/{election}/permit").status_code == 404
        assert an.post(f"/en/elections/{election}/permit").status_code == 404


def test_one_person_one_code_and_the_conflict_is_public(held: Held) -> None:
    an, binh = held.browser(1), held.browser(2)
    assert held.cast(1, held.code(an)) == 201
    assert held.cast(2, held.code(an)) == (409, "sign-in-conflict")  # the same person, another code
    assert held.cast(1, held.code(binh), sequence=2) == (
        409,
        "sign-in-conflict",
    )  # the same code, another person
    assert held.kinds() == ["ballot", "conflict", "conflict"]
    with reading(held.vote.office.engine) as session:
        assert len(session.scalars(select(VotingTie)).all()) == 3
    assert held.cast(2, held.code(binh)) == 201


def test_the_api_knows_no_cookie(held: Held) -> None:
    an = held.browser(1)
    held.code(an)
    data = seal_vote(held.vote.terms, held.vote.codes[0].code, YES)
    answer = an.client.post(f"/api/v1/elections/{held.vote.election}/ballots", content=data)
    assert answer.json()["code"] == "sign-in-needed"
    assert held.kinds() == []


def test_the_booth_is_the_same_for_everybody(held: Held) -> None:
    booth = f"/en/elections/{held.vote.election}/booth"
    signed_in, stranger = held.browser(1).get(booth), held.site.browser().get(booth)
    assert signed_in.text == stranger.text
    assert signed_in.headers["etag"] == stranger.headers["etag"]
    assert 'data-step="sign-in"' in stranger.text
    assert "set-cookie" not in signed_in.headers


def test_nobody_draws_codes_without_end(held: Held) -> None:
    an, binh = held.browser(1), held.browser(2)
    an.get(held.page)
    answers = [an.post(held.page, {"tab": TAB}).status_code for _ in range(PERMIT.amount + 1)]
    assert answers == [200] * PERMIT.amount + [429]
    assert binh.post(held.page, {"tab": TAB}).status_code == 200
