"""The registrar's pages: addresses whole or not at all, revocations that say what they do, mails that failed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from crypto.display_code import alias
from crypto.signature import SigningKey
from identity import trail
from identity.roles import Role
from mail.models import OutboxMail
from protocol.leaf import Kind, sign_body
from protocol.revocation import encode_signed_revocation, make_revocation
from rehearsal.one_machine import seal_vote
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.sign_in_votes import REGISTRAR, SignInVote, hold_sign_in_vote
from tests.support.sites import SAME_SITE, Browser, SiteUnderTest, site_under_test
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.contacts import FAULTS, FAULTS_SHOWN, read_contacts
from voting.models import VotingRoll
from voting.notice_models import VotingContact
from voting.notices import WRITE_NOTICE
from web.notices import NoticeWriter
from web.registrar_texts import CONTACT_FAULTS

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
YES = ((1, 0, 0, 0),)
HEADING = "voter_number,email,language\n"

Held = tuple[SiteUnderTest, SignInVote]


@pytest.fixture
def held(either_database_url: str, tmp_path: Path) -> Iterator[Held]:
    """A site with an open vote whose terms name a registrar."""
    with site_under_test(either_database_url, tmp_path) as site:
        office = site.app.state.office
        yield site, hold_sign_in_vote(office, site.desk.desk, site.desk.clock(), EMAILS, sign_in=False)


def number(vote: SignInVote, n: int) -> str:
    """Voter number of voter n, from 1."""
    return alias(vote.codes[n - 1].public_key)


def send(browser: Browser, path: str, name: str, data: bytes) -> tuple[int, str]:
    """Choose a file and press the button."""
    answer = browser.client.post(
        path, data={"csrf": browser.token}, files={name: ("file", data)}, headers=SAME_SITE
    )
    return answer.status_code, answer.text


def contacts(vote: SignInVote) -> dict[str, tuple[str, str]]:
    """Addresses that are stored, by voter number."""
    with reading(vote.office.engine) as session:
        rows = session.execute(select(VotingContact.key, VotingContact.email, VotingContact.language))
        return {alias(key): (email, language) for key, email, language in rows}


def deeds(site: SiteUnderTest) -> list[str]:
    with reading(site.desk.desk.engine) as session:
        count = trail.size(site.desk.desk, session)
        return [deed.deed for deed in trail.deeds(site.desk.desk, session, 0, count, with_names=False)]


def revocation(vote: SignInVote, n: int, key: SigningKey = REGISTRAR, reason: str = "Thư bị mất.") -> bytes:
    """The file of `psephos registrar replace` for voter n."""
    new = SigningKey.from_seed(bytes([n]) * 32).public_key
    old = vote.codes[n - 1].public_key
    body = make_revocation(vote.election, vote.terms.fingerprint, old, new, reason)
    return encode_signed_revocation(body, sign_body(Kind.REVOCATION, body, key))


def test_addresses_are_taken_whole_and_replaced_whole(held: Held) -> None:
    site, vote = held
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    page = registrar.get(path)
    assert "who voted and when, never what" in page.text
    file = (
        f"\ufeff{HEADING}{number(vote, 1)},An@Example.ORG,vi\r\n{number(vote, 2).lower()},b@example.org,\r\n"
    )
    assert send(registrar, f"{path}/contacts", "contacts", file.encode())[0] == 303
    assert contacts(vote) == {
        number(vote, 1): ("An@example.org", "vi"),
        number(vote, 2): ("b@example.org", ""),
    }
    assert "Addresses of voting codes: 2." in registrar.get(path).text
    other = f"{HEADING}{number(vote, 3)},c@example.org,en\n"
    assert send(registrar, f"{path}/contacts", "contacts", other.encode())[0] == 303
    assert list(contacts(vote)) == [number(vote, 3)]
    assert registrar.post(f"{path}/contacts/remove").status_code == 303
    assert contacts(vote) == {}
    assert deeds(site)[-3:] == ["contacts-taken", "contacts-taken", "contacts-removed"]


def test_each_bad_line_is_named_and_nothing_is_stored(held: Held) -> None:
    site, vote = held
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    registrar.get(path)
    good = f"{number(vote, 1)},an@example.org,vi\n"
    for bad, sentence in (
        (HEADING + good + good, "Line 3: voter number"),
        (HEADING + good + f"{number(vote, 2)},nobody,vi\n", "Line 3: “nobody” is no e-mail address"),
        (HEADING + good + f"{number(vote, 2)},b@example.org,fr\n", "Line 3: “fr” is neither en nor vi"),
        (
            HEADING + good + "7KQ4M-2XW9T-HB6RD-0PN5V-GE83C,b@example.org,vi\n",
            "Line 3: no code with the voter",
        ),
        (HEADING + good + "name,b@example.org,vi\n", "Line 3: “name” is no voter number"),
        (HEADING + good + "one cell\n", "Line 3 does not have three columns"),
        ("voter,email\n" + good, "The first line has to be"),
        (HEADING, "There is no address in the file"),
        (HEADING + '"' + good, "not a whole CSV table"),
    ):
        status, text = send(registrar, f"{path}/contacts", "contacts", bad.encode())
        assert status == 422
        assert text.count(sentence) == 2, sentence  # in the summary and at the field
    assert send(registrar, f"{path}/contacts", "contacts", HEADING.encode("utf-16"))[0] == 422
    assert send(registrar, f"{path}/contacts", "contacts", b"")[0] == 422
    assert contacts(vote) == {}
    assert "contacts-taken" not in deeds(site)


def test_of_many_faults_the_first_are_shown_and_all_counted() -> None:
    found = read_contacts((HEADING + "x,y,z\n" * 100_000).encode(), {})
    assert (len(found.faults), found.count) == (FAULTS_SHOWN, 100_000)
    assert set(CONTACT_FAULTS) == FAULTS


def test_a_lost_letter(held: Held) -> None:
    site, vote = held
    for sequence in (1, 2):
        cast_ballot(vote.office, vote.election, seal_vote(vote.terms, vote.codes[0].code, YES, sequence))
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    registrar.get(path)
    status, text = send(registrar, f"{path}/revocation", "revocation", revocation(vote, 1))
    assert status == 200
    assert "2 ballots that this code has cast are not counted any more." in text
    assert "Thư bị mất." in text
    file = re.search(r'name="file" value="([A-Za-z0-9+/=]+)"', text)
    assert file is not None
    hesitant = registrar.post(f"{path}/revocation/publish", {"file": file[1]})
    assert hesitant.status_code == 422
    assert "Tick the box" in hesitant.text
    with reading(vote.office.engine) as session:
        assert session.get_one(VotingRoll, (vote.election, vote.codes[0].public_key)).revoked_index is None
    done = registrar.post(f"{path}/revocation/publish", {"file": file[1], "sure": "yes"})
    assert done.status_code == 303
    page = registrar.get(path).text
    assert "2 ballots not counted" in page
    assert number(vote, 1) in page
    assert deeds(site)[-1] == "code-replaced"
    again = registrar.post(f"{path}/revocation/publish", {"file": file[1], "sure": "yes"})
    assert again.status_code == 409
    status, text = send(registrar, f"{path}/revocation", "revocation", revocation(vote, 1, reason="Lần nữa."))
    assert "is not in force in this vote" in text


def test_a_file_that_the_registrar_did_not_sign_is_not_published(held: Held) -> None:
    site, vote = held
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    registrar.get(path)
    forged = revocation(vote, 1, SigningKey.from_seed(b"x" * 32))
    status, text = send(registrar, f"{path}/revocation", "revocation", forged)
    assert status == 200
    file = re.search(r'name="file" value="([A-Za-z0-9+/=]+)"', text)
    assert file is not None
    refused = registrar.post(f"{path}/revocation/publish", {"file": file[1], "sure": "yes"})
    assert refused.status_code == 409
    assert "is not signed by the registrar" in refused.text
    for data in (b"", b"{}", b"x" * 3000, HEADING.encode()):
        assert send(registrar, f"{path}/revocation", "revocation", data)[0] == 422
    for value in ("", "!", "e30="):
        answer = registrar.post(f"{path}/revocation/publish", {"file": value, "sure": "yes"})
        assert answer.status_code in (404, 409)
    with reading(vote.office.engine) as session:
        assert session.get_one(VotingRoll, (vote.election, vote.codes[0].public_key)).revoked_index is None
    assert "code-replaced" not in deeds(site)


def test_only_failed_mails_are_listed_and_can_be_sent_again(held: Held) -> None:
    site, vote = held
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    registrar.get(path)
    lines = "".join(f"{number(vote, n)},owner{n}@example.org,vi\n" for n in (1, 2))
    assert send(registrar, f"{path}/contacts", "contacts", (HEADING + lines).encode())[0] == 303
    for n in (1, 2):
        cast_ballot(vote.office, vote.election, seal_vote(vote.terms, vote.codes[n - 1].code, YES))
    writer = NoticeWriter(vote.office, site.settings.base_url, "1")
    worker = Worker(vote.office.engine, {WRITE_NOTICE: writer.do}, vote.office.clock)
    while worker.run_once():
        pass
    with writing(vote.office.engine) as session:
        changed = update(OutboxMail).where(OutboxMail.recipient == "owner2@example.org")
        session.execute(changed.values(state="bounced", reason="550 no such mailbox"))
    page = registrar.get(path).text
    assert "owner1@example.org" not in page
    assert "owner2@example.org" in page
    assert "550 no such mailbox" in page
    mail = re.search(r'name="mail" value="([0-9]+)"', page)
    assert mail is not None
    assert registrar.post(f"{path}/resend", {"mail": mail[1]}).status_code == 303
    assert "owner2@example.org" not in registrar.get(path).text
    assert deeds(site)[-1] == "notice-resent"
    before = deeds(site)
    for wrong in ("", "x", "999", mail[1]):
        assert registrar.post(f"{path}/resend", {"mail": wrong}).status_code == 303
    assert deeds(site) == before


def test_after_closing_nothing_is_taken(held: Held) -> None:
    site, vote = held
    registrar = site.browser_of(Role.REGISTRAR)
    path = f"/en/registrar/{vote.election}"
    registrar.get(path)
    close_polls(vote.office, vote.election, "Ms Lan", "A test of the end.")
    file = f"{HEADING}{number(vote, 1)},an@example.org,vi\n"
    assert send(registrar, f"{path}/contacts", "contacts", file.encode())[0] == 409
    assert contacts(vote) == {}
    page = registrar.get(path).text
    assert "codes are not replaced any more" in page
    assert 'name="contacts"' not in page


def test_drafts_and_inventions_have_no_page(held: Held) -> None:
    site, _ = held
    registrar = site.browser_of(Role.REGISTRAR)
    assert "The old market land" in registrar.get("/en/registrar").text
    for election in ("0" * 32, "x"):
        assert registrar.get(f"/en/registrar/{election}").status_code == 404
        assert registrar.post(f"/en/registrar/{election}/contacts/remove").status_code == 404
