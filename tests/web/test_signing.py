"""Signing on the site: by sign-in, by mail with a button, the receipt, taking it back, the record as a download."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from cli.main import program
from consultation.signing.models import PetitionSignature
from consultation.signing.windows import WINDOW_SECONDS
from identity.models import IdentityPerson
from mail.models import OutboxMail
from storage.session import reading, writing
from tests.support.petitions import LAKE, PetitionsUnderTest, prepare
from tests.support.sites import SiteUnderTest, site_under_test
from web.api.bundles import Bundles


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("signing")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as made:
        made.app.state.bundles = Bundles(folder / "bundles", clock=lambda: made.desk.clock().timestamp())
        yield made
        made.app.state.bundles.close()


@pytest.fixture(scope="module")
def room(site: SiteUnderTest) -> PetitionsUnderTest:
    return prepare(site.desk)


def signed(site: SiteUnderTest, petition: str) -> int:
    with reading(site.desk.desk.engine) as session:
        found = select(func.count()).where(PetitionSignature.petition == petition)
        return session.scalar(found) or 0


def mailed_link(site: SiteUnderTest, address: str) -> str:
    with reading(site.desk.desk.engine) as session:
        text = session.scalars(
            select(OutboxMail.text)
            .where(OutboxMail.recipient == address)
            .order_by(OutboxMail.id.desc())
            .limit(1)
        ).one()
    found = re.search(r"http://\S+(/en/petitions/\S+)", text or "")
    assert found is not None
    return found[1]


def test_by_sign_in_and_again(site: SiteUnderTest, room: PetitionsUnderTest) -> None:
    petition = room.published()
    browser = site.browser().hold(site.desk.session(site.desk.person("")))
    pages = []
    for _ in range(2):
        assert browser.get(f"/en/petitions/{petition}/sign").status_code == 200
        answer = browser.post(f"/en/petitions/{petition}/sign", {"version": "1"})
        assert answer.status_code == 303
        page = browser.get(answer.headers["location"])
        assert page.headers["cache-control"] == "no-store"
        pages.append((answer.headers["location"], re.sub(r'name="csrf"[^>]*', "", page.text)))
    assert pages[0] == pages[1]
    assert signed(site, petition) == 1


def test_by_mail_only_the_button_signs(site: SiteUnderTest, room: PetitionsUnderTest) -> None:
    petition, browser = room.published(), site.browser()
    answers = []
    for address in ("hoa@example.org", "hoa@example.org", "khac@example.org"):
        browser.get(f"/en/petitions/{petition}/sign")
        answer = browser.post(f"/en/petitions/{petition}/sign", {"version": "1", "email": address})
        answers.append((answer.status_code, answer.headers["location"]))
    assert set(answers) == {(303, f"/en/petitions/{petition}/sign/sent")}
    link = mailed_link(site, "hoa@example.org")
    scanner = site.browser()
    for _ in range(2):
        assert scanner.get(link).status_code == 200
    assert signed(site, petition) == 0
    token = link.split("?t=")[1]
    browser.get(link)
    receipts = set()
    for _ in range(2):
        answer = browser.post(link.split("?")[0], {"t": token, "version": "1"})
        receipts.add(answer.headers["location"])
    assert len(receipts) == 1
    assert signed(site, petition) == 1
    assert "You have signed" in browser.get(receipts.pop()).text


@pytest.mark.parametrize("address", ["", "no address", "a@b@c", "x\r\nBcc: y@example.org", "a" * 300])
def test_an_address_that_is_none(site: SiteUnderTest, room: PetitionsUnderTest, address: str) -> None:
    petition, browser = room.published(), site.browser()
    browser.get(f"/en/petitions/{petition}/sign")
    answer = browser.post(f"/en/petitions/{petition}/sign", {"version": "1", "email": address})
    assert answer.status_code == 422
    assert "govuk-error-message" in answer.text


def test_another_spelling_of_a_mailbox_is_told_so_and_sees_no_receipt(
    site: SiteUnderTest, room: PetitionsUnderTest
) -> None:
    petition, browser = room.published(), site.browser()
    answers = []
    for address in ("li.an@gmail.com", "lian+1@gmail.com"):
        browser.get(f"/en/petitions/{petition}/sign")
        browser.post(f"/en/petitions/{petition}/sign", {"version": "1", "email": address})
        link = mailed_link(site, address)
        browser.get(link)
        fields = {"version": "1", "t": link.split("?t=")[1]}
        answers.append(browser.post(f"/en/petitions/{petition}/sign/confirm", fields))
    assert answers[0].status_code == 303
    assert answers[1].status_code == 409
    assert "with another spelling of its address" in answers[1].text
    assert "receipt?r=" not in answers[1].text
    assert signed(site, petition) == 1


def test_words_that_changed_and_fields_from_nowhere(site: SiteUnderTest, room: PetitionsUnderTest) -> None:
    petition = room.published()
    browser = site.browser().hold(site.desk.session(site.desk.person("")))
    browser.get(f"/en/petitions/{petition}/sign")
    where = f"/en/petitions/{petition}/sign"
    assert browser.post(where, {"version": "2"}).status_code == 409
    for wrong in ({"version": "x"}, {"version": "1", "area": "nowhere"}, {}):
        browser.get(where)
        assert browser.post(where, wrong).status_code == 422
    assert signed(site, petition) == 0
    for path in ("receipt?r=" + "0" * 64, "receipt/file?r=é", "receipt/withdraw"):
        assert browser.get(f"/en/petitions/{petition}/{path}").status_code == 404
    assert browser.get(f"/en/petitions/{room.started(LAKE)}/sign").status_code == 404
    assert browser.get(f"/en/petitions/{petition}/sign/confirm?t=x").status_code == 410


def test_the_record_and_the_receipt_verify_with_the_program(
    site: SiteUnderTest, room: PetitionsUnderTest, tmp_path: Path
) -> None:
    petition = room.published()
    browser = site.browser().hold(site.desk.session(site.desk.person("")))
    browser.get(f"/en/petitions/{petition}/sign")
    where = browser.post(f"/en/petitions/{petition}/sign", {"version": "1"}).headers["location"]
    handle = where.split("?r=")[1]
    saved = browser.get(f"/en/petitions/{petition}/receipt/file?r={handle}")
    (tmp_path / "receipt.json").write_bytes(saved.content)
    bundle = f"/api/v1/petitions/{petition}/bundle"
    assert bundle not in browser.get(f"/en/petitions/{petition}/record").text
    assert browser.get(bundle).status_code == 404  # not yet: nobody is to see it arrive
    site.desk.clock.wait(seconds=WINDOW_SECONDS)
    page = browser.get(f"/en/petitions/{petition}/record").text
    assert f'href="{bundle}"' in page
    key = re.search(r"--key ([A-Za-z0-9_-]+)<", page)
    assert key is not None
    given = browser.get(bundle)
    again = browser.client.get(bundle, headers={"If-None-Match": given.headers["ETag"]})
    assert (given.status_code, again.status_code) == (200, 304)
    folder = unpacked(given.content, tmp_path)
    asked = ["verify", str(folder), "--petition", petition, "--key", key[1]]
    found = CliRunner().invoke(program("verify"), [*asked, "--receipt", str(tmp_path / "receipt.json")])
    assert found.exit_code == 0, found.output
    assert "1 signatures count" in found.output
    assert "unchanged, and counts" in found.output
    leave = browser.get(f"/en/petitions/{petition}/receipt/withdraw?r={handle}")
    assert leave.status_code == 200
    assert 'value="withdraw"' in leave.text
    assert (
        browser.post(f"/en/petitions/{petition}/receipt", {"r": handle, "deed": "withdraw"}).status_code
        == 303
    )
    assert "No signature of yours" in browser.get(where).text
    assert signed(site, petition) == 0
    site.desk.clock.wait(seconds=WINDOW_SECONDS)
    folder = unpacked(browser.get(bundle).content, tmp_path)
    found = CliRunner().invoke(
        program("verify"), [*asked, "--receipt", str(tmp_path / "receipt.json"), "--json"]
    )
    assert found.exit_code == 0, found.output
    assert '"receipt": "withdrawn"' in found.output
    (folder / "board.jsonl").write_bytes(b"")
    assert CliRunner().invoke(program("verify"), asked).exit_code == 1
    (folder / "board.jsonl").unlink()
    assert CliRunner().invoke(program("verify"), asked).exit_code == 2


def unpacked(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
        return folder / archive.namelist()[0].split("/")[0]


def test_the_receipt_of_an_account_opens_for_that_account_alone(
    site: SiteUnderTest, room: PetitionsUnderTest
) -> None:
    petition, person = room.published(), site.desk.person("")
    browser = site.browser().hold(site.desk.session(person))
    browser.get(f"/en/petitions/{petition}/sign")
    address = browser.post(f"/en/petitions/{petition}/sign", {"version": "1"}).headers["location"]
    handle = address.partition("?r=")[2]
    found = [
        address,
        address.replace("receipt?", "receipt/file?"),
        address.replace("receipt?", "receipt/withdraw?"),
    ]
    history, other = site.browser(), site.browser().hold(site.desk.session(site.desk.person("")))
    for one in found:
        asked = history.get(one)
        assert (asked.status_code, asked.headers["location"].partition("?")[0]) == (303, "/en/sign-in")
        assert other.get(one).status_code == 404
        assert browser.get(one).status_code == 200
    for somebody in (history, other):
        somebody.get(f"/en/petitions/{petition}/sign")
        refused = somebody.post(f"/en/petitions/{petition}/receipt", {"r": handle, "deed": "withdraw"})
        assert refused.status_code == 404
    assert signed(site, petition) == 1

    # Their mailbox confirms a link that somebody asked for: its reader gets another address, and this stays closed.
    mail = f"{person}@example.org"
    history.get(f"/en/petitions/{petition}/sign")
    history.post(f"/en/petitions/{petition}/sign", {"version": "1", "email": mail})
    link = mailed_link(site, mail)
    reader = site.browser()
    reader.get(link)
    again = reader.post(link.partition("?")[0], {"t": link.partition("?t=")[2], "version": "1"})
    assert "You have signed" in reader.get(again.headers["location"]).text
    assert history.get(address).status_code == 303
    assert signed(site, petition) == 1

    # Whoever is shut out cannot sign in, and can take it back nevertheless.
    with writing(site.desk.desk.engine) as session:
        session.execute(
            update(IdentityPerson).where(IdentityPerson.id == person).values(disabled_at=site.desk.clock())
        )
    shut_out = site.browser()
    assert "You have signed" in shut_out.get(address).text
    shut_out.get(found[2])
    answer = shut_out.post(f"/en/petitions/{petition}/receipt", {"r": handle, "deed": "withdraw"})
    assert answer.status_code == 303
    assert signed(site, petition) == 0


@pytest.mark.parametrize("page", ["receipt?", "receipt/file?", "receipt/withdraw?"])
def test_under_the_address_of_another_petition_there_is_no_receipt(
    site: SiteUnderTest, room: PetitionsUnderTest, page: str
) -> None:
    """Nobody is sent to sign in for what their account will not open either."""
    petition, other = room.published(), room.published()
    signer, stranger = site.browser().hold(site.desk.session(site.desk.person(""))), site.browser()
    signer.get(f"/en/petitions/{petition}/sign")
    answer = signer.post(f"/en/petitions/{petition}/sign", {"version": "1"})
    address = answer.headers["location"].replace("receipt?", page)
    assert (signer.get(address).status_code, stranger.get(address).status_code) == (200, 303)
    wrong = address.replace(petition, other)
    assert (signer.get(wrong).status_code, stranger.get(wrong).status_code) == (404, 404)
