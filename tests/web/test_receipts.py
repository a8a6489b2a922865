"""Receipts without script: on paper and by mail, from the public board alone."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from crypto.display_code import alias, display_code
from crypto.encoding import encode_base64url
from mail.models import OutboxMail
from mail.server import read_mail_server
from rehearsal.one_machine import seal_vote
from storage.session import reading
from tests.support.sign_in_votes import SignInVote, hold_sign_in_vote
from tests.support.sites import SiteUnderTest, site_under_test
from voting.casting import CastAnswer, cast_ballot
from web.rate_limits import RECEIPT_MAIL

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
YES, NO = ((1, 0, 0, 0),), ((0, 1, 0, 0),)
LABELS = ("Market q1", "Park q1", "Library q1", "Chợ q1", "Công viên q1")

Held = tuple[SiteUnderTest, SignInVote, list[CastAnswer]]


@pytest.fixture
def held(either_database_url: str, tmp_path: Path) -> Iterator[Held]:
    """A site that sends mail, with a vote in which the first voter has cast two ballots."""
    with site_under_test(either_database_url, tmp_path) as site:
        server = read_mail_server("smtp+plain://localhost:2525", "office@example.org")
        site.app.state.settings = replace(site.settings, mail_server=server)
        vote = hold_sign_in_vote(
            site.app.state.office, site.desk.desk, site.desk.clock(), EMAILS, sign_in=False
        )
        casts = []
        for sequence, values in ((1, YES), (2, NO)):
            data = seal_vote(vote.terms, vote.codes[0].code, values, sequence)
            casts.append(cast_ballot(vote.office, vote.election, data))
        yield site, vote, casts


def place(vote: SignInVote, rest: str, lang: str = "en") -> str:
    return f"/{lang}/elections/{vote.election}/{rest}"


def text_of(data: bytes) -> str:
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def mails(site: SiteUnderTest) -> list[OutboxMail]:
    with reading(site.desk.desk.engine) as session:
        found = list(session.scalars(select(OutboxMail).order_by(OutboxMail.id)))
        session.expunge_all()
        return found


def test_a_receipt_on_paper_says_where_the_ballot_is_and_no_choice(held: Held) -> None:
    site, vote, casts = held
    code = display_code(casts[1].leaf.digest_bytes)
    whole = encode_base64url(casts[1].leaf.digest_bytes)
    for asked in (code, code.lower().replace("-", " "), whole, alias(vote.codes[0].public_key)):
        answer = site.browser().get(place(vote, f"receipt.pdf?code={asked}"))
        assert answer.headers["content-type"] == "application/pdf"
        assert f'filename="psephos-receipt-{code[:5]}.pdf"' in answer.headers["content-disposition"]
        assert "set-cookie" not in answer.headers
        text = text_of(answer.content)
        assert code in text
        assert alias(vote.codes[0].public_key) in text
        assert "The old market land" in text
        assert not any(label in text for label in LABELS)
    first = site.browser().get(place(vote, f"receipt.pdf?code={display_code(casts[0].leaf.digest_bytes)}"))
    assert text_of(first.content) != text
    vietnamese = site.browser().get(place(vote, f"receipt.pdf?code={code}", "vi"))
    assert "Khu đất chợ cũ" in text_of(vietnamese.content)


def test_a_code_without_a_ballot_leads_to_the_page_that_says_so(held: Held) -> None:
    site, vote, _ = held
    for code in ("", "nonsense", "7KQ4M-2XW9T-HB6RD-0PN5V-GE83C", alias(vote.codes[1].public_key)):
        for rest in ("receipt.pdf", "receipt-mail"):
            answer = site.browser().get(place(vote, f"{rest}?code={code}"))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith(place(vote, "check"))
    for election in ("0" * 32, "x"):
        assert site.browser().get(f"/en/elections/{election}/receipt.pdf?code=x").status_code == 404


def test_the_check_page_offers_both_without_script(held: Held) -> None:
    site, vote, casts = held
    code = display_code(casts[0].leaf.digest_bytes)
    page = site.browser().get(place(vote, f"check?code={code}"))
    assert place(vote, f"receipt.pdf?code={code}") in page.text
    assert place(vote, f"receipt-mail?code={code}") in page.text
    site.app.state.settings = replace(site.app.state.settings, mail_server=None)
    assert "receipt-mail" not in site.browser().get(place(vote, f"check?code={code}")).text


def test_a_receipt_by_mail_is_queued_once_and_its_text_is_not_kept(held: Held) -> None:
    site, vote, casts = held
    code = display_code(casts[1].leaf.digest_bytes)
    browser = site.browser()
    page = browser.get(place(vote, f"receipt-mail?code={code}"))
    assert "the server can connect your address and your ballot" in page.text
    number = page.text.split('name="number" value="')[1][:32]
    fields = {"code": code, "number": number, "email": " Lan@Example.ORG "}
    for _ in range(2):
        sent = browser.post(place(vote, "receipt-mail"), fields)
        assert sent.headers["location"] == place(vote, f"receipt-mail/{number}")
    assert "on its way" in browser.get(sent.headers["location"]).text
    (mail,) = mails(site)
    assert (mail.recipient, mail.kind, mail.subject_key) == ("Lan@example.org", "receipt", vote.election)
    assert mail.secret
    assert mail.text is not None
    assert code in mail.text
    assert mail.attachment is not None
    assert code in text_of(mail.attachment)
    assert not any(label in mail.text or label in text_of(mail.attachment) for label in LABELS)
    assert code not in mail.key


def test_what_is_wrong_with_the_form_is_said_and_nothing_is_queued(held: Held) -> None:
    site, vote, casts = held
    code = encode_base64url(casts[1].leaf.digest_bytes)
    browser = site.browser()
    browser.get(place(vote, f"receipt-mail?code={code}"))
    good = {"code": code, "number": "0" * 32}
    for email, sentence in (
        ("", "Enter the e-mail address"),
        ("lan", "Write an e-mail address such as"),
        ("lan@example.org\nBcc: all@example.org", "character in it that nobody can see"),
    ):
        answer = browser.post(place(vote, "receipt-mail"), {**good, "email": email})
        assert answer.status_code == 422
        assert sentence in answer.text
    for bad in ({"number": "x"}, {"code": "nonsense"}):
        wrong = browser.post(place(vote, "receipt-mail"), {**good, "email": "lan@example.org", **bad})
        assert wrong.status_code == 404
    foreign = browser.post(place(vote, "receipt-mail"), {**good, "email": "lan@example.org"}, csrf="forged")
    assert foreign.status_code == 403
    assert mails(site) == []
    site.app.state.settings = replace(site.app.state.settings, mail_server=None)
    assert browser.post(place(vote, "receipt-mail"), {**good, "email": "lan@example.org"}).status_code == 404
    assert "This site sends no mail" in browser.get(place(vote, f"receipt-mail?code={code}")).text


def test_one_mailbox_is_not_filled(held: Held) -> None:
    site, vote, casts = held
    code = encode_base64url(casts[1].leaf.digest_bytes)
    browser = site.browser()
    browser.get(place(vote, f"receipt-mail?code={code}"))
    for n in range(RECEIPT_MAIL.amount + 1):
        fields = {"code": code, "number": f"{n:032x}", "email": "lan@example.org"}
        answer = browser.post(place(vote, "receipt-mail"), fields)
    assert answer.status_code == 422
    assert "Too many tries" in answer.text
    assert len(mails(site)) == RECEIPT_MAIL.amount


def test_the_state_of_a_mail_is_seen_by_who_asked_for_it_alone(held: Held) -> None:
    site, vote, _ = held
    for number in ("0" * 32, "x", "../x"):
        assert site.browser().get(place(vote, f"receipt-mail/{number}")).status_code == 404
