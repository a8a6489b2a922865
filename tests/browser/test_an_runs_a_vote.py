"""Mr An, official of a ward: from an invitation to a published result, on pages alone.

Beside him work a key holder and a registrar, each with the real program on a machine of their own (a folder here), and
hand in files; voters vote through the door and in the booth before our eyes; one letter was stolen.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from audits.stored_board import StoredBoard
from crypto.encoding import encode_base64url
from crypto.voting_code import parse_voting_code
from identity.invitations import invite
from identity.roles import Role
from identity.trail import System
from mail.models import OutboxMail
from protocol.verification import verify_board
from rehearsal.one_machine import seal_vote
from storage.session import reading, writing
from tally.clock import keep_time
from tests.browser.site import Watch
from tests.cli.desk import PASSPHRASE, Desk
from tests.support.offices import DirectCasting
from tests.support.sites import SiteUnderTest, served
from voting.casting import cast_ballot
from voting.office import Office
from web.api.bundles import Bundles

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
VOTERS = 12
ADDRESS = "an@example.org"
LIST = "voter\n" + "".join(f"Cử tri {number}\n" for number in range(1, VOTERS + 1))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with served(tmp_path) as running:
        # Three days ago, so that at the end the clocks of the key holder's program, which are real, are not behind.
        running.desk.clock.now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
        running.app.state.casting = DirectCasting(running.app.state.office)
        bundles = running.app.state.bundles = Bundles(tmp_path / "bundles")
        yield running
        bundles.close()


@pytest.fixture
def profile(browser: Any, site: SiteUnderTest) -> Iterator[BrowserContext]:
    expect.set_options(timeout=PATIENCE_MS)
    fresh = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 720})
    fresh.set_default_timeout(PATIENCE_MS)
    watch = Watch(site.settings.base_url).over(fresh)
    yield fresh
    fresh.close()
    watch.require_peace()


class Official:
    """Mr An at his desk: finds everything by its words."""

    def __init__(self, page: Page, site: SiteUnderTest) -> None:
        self.page, self.site = page, site
        self.url = site.settings.base_url
        self.secret = ""

    def come_back(self, path: str) -> None:
        """The next day: sessions end, so a link from the mailbox and the app's code are needed again."""
        self.page.goto(f"{self.url}{path}")
        self.sees("Sign in")
        self.page.get_by_label("E-mail address").fill(ADDRESS)
        self.press("Send me the link")
        with reading(self.site.desk.desk.engine) as session:
            text = session.scalar(select(OutboxMail.text).order_by(OutboxMail.id.desc())) or ""
        found = re.search(r"http://localhost:\d+/\S+", text)
        assert found is not None
        self.page.goto(found[0])
        self.page.locator("main button").first.click()
        self.sees("Show your second factor")
        self.write(code=pyotp.TOTP(self.secret).at(self.site.desk.clock()))
        self.press("Continue")
        self.page.goto(f"{self.url}{path}")

    def sees(self, heading: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def write(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"#{name.replace('_', '-')}").fill(value)

    def hand_in(self, file: Path, button: str) -> None:
        self.page.locator("input[type=file]").first.set_input_files(file)
        self.press(button)

    def moment(self, name: str, moment: datetime) -> None:
        self.write(
            **{
                f"{name}_day": str(moment.day),
                f"{name}_month": str(moment.month),
                f"{name}_year": str(moment.year),
                f"{name}_time": f"{moment:%H:%M}",
            }
        )

    def download(self, name: str, target: Path) -> Path:
        with self.page.expect_download() as started:
            self.follow(name)
        started.value.save_as(target)
        return target


def test_an_runs_a_vote(site: SiteUnderTest, profile: BrowserContext, tmp_path: Path) -> None:
    office: Office = site.app.state.office
    clock = site.desk.clock
    opens, closes = (clock() + timedelta(hours=hours) for hours in (24, 48))
    machine = tmp_path / "machine"
    machine.mkdir()
    desk = Desk(machine)  # of key holder and registrar: it shares nothing with the server
    (machine / "secret").write_text(PASSPHRASE + "\n")
    secret = ("--passphrase-file", "secret")
    an = Official(profile.new_page(), site)

    accept_invitation(an)
    an.page.goto(f"{an.url}/en/office")
    an.follow("Prepare a new vote")
    an.write(title_en="The old market land", title_vi="Khu đất chợ cũ")
    an.press("Begin")
    an.sees("The old market land")

    an.follow("Title and authority")
    an.write(authority_en="Ward office", authority_vi="Ủy ban phường")
    an.press("Save")
    write_question(an)
    an.page.locator("a", has_text="Calendar").first.click()
    an.page.locator("#zone").select_option("UTC")
    an.moment("opens", opens)
    an.moment("closes", closes)
    an.write(extension="2", objection="0")
    an.press("Save")

    printed = desk.do("registrar", "identity", "--name", "Ms Tam", "--out", "registrar.key", *secret)
    public = desk.do("trustee", "identity", "--name", "Ms Hoa", "--out", "trustee-1.identity", *secret)
    an.follow("Rules of voting")
    an.write(quorum="20", registrar=re.search(r"[A-Za-z0-9_-]{43}", printed)[0])  # type: ignore[index]
    an.press("Save")
    an.follow("Voters’ list")
    voters = machine / "voters.csv"
    voters.write_text(LIST + "Cử tri 3\n", encoding="utf-8")
    an.hand_in(voters, "Upload and look at it")
    an.sees("Lines to mend")
    an.follow("Upload it again")
    voters.write_text(LIST, encoding="utf-8")
    an.hand_in(voters, "Upload and look at it")
    an.sees("Is this the right list?")
    an.press("Accept this list")
    an.follow("Tasks")
    an.follow("Key holders")
    an.write(name_1="Ms Hoa", key_1=re.search(r"[A-Za-z0-9_-]{43}", public)[0])  # type: ignore[index]
    an.page.get_by_label("2048 bit").check()
    an.press("Save")

    an.follow("Fix the terms for the key ceremony")
    an.press("Fix the terms")
    an.sees("The old market land")
    terms = machine / "terms"
    terms.mkdir()
    an.follow("Fix the terms for the key ceremony")
    an.download("Download manifest.json", terms / "manifest.json")
    desk.do("trustee", "keys", "terms", "trustee-1.identity", "--out", "keys", *secret)
    desk.do("registrar", "make", "terms", "voters.csv", "--codes", "codes.sealed", *secret)
    an.follow("Tasks")
    an.follow("Key of the vote")
    an.hand_in(terms / "ceremony.json", "Hand in the key’s record")
    an.follow("Tasks")
    an.follow("Registrar’s roll")
    an.hand_in(terms / "roll.json", "Hand in the roll")
    an.follow("Tasks")
    an.follow("Signatures of the key holders")
    archive = an.download("terms.zip", machine / "terms.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(machine / "signed")
    folder = next(path.parent for path in (machine / "signed").rglob("manifest.json"))
    desk.do("trustee", "sign-freeze", folder, "--key", "keys/trustee-1.key", "--out", "signature", *secret)
    an.hand_in(machine / "signature", "Hand in the signature")
    an.follow("Tasks")
    an.follow("Go to the freeze")
    expect(an.page.get_by_text("Freezing is for ever.")).to_be_visible()
    an.press("Freeze the vote for ever")
    an.sees("The vote is frozen")

    an.follow("Go to the vote’s page")
    expect(an.page.get_by_text("The polls open by themselves on")).to_be_visible()
    election = an.page.url.rsplit("/", 1)[1]
    clock.now = opens
    keep_time(office)
    codes = desk.codes()
    known = office.terms(election)
    for number, code in enumerate(codes[1:]):
        vote = ((int(number % 2 == 0), int(number % 2), 0),)
        cast_ballot(office, election, seal_vote(known, parse_voting_code(code), vote))
    vote_in_the_booth(profile.new_page(), f"{an.url}/vi/elections/{election}/booth", codes[0])
    new_code = replace_lost_code(an, desk, profile, election, secret)
    vote_in_the_booth(profile.new_page(), f"{an.url}/vi/elections/{election}/booth", new_code)

    an.come_back(f"/en/office/{election}")
    expect(an.page.get_by_text("100.0%").first).to_be_visible()
    expect(an.page.get_by_text("The quorum of 20.0% is reached.")).to_be_visible()
    an.follow("Extend the voting time…")
    an.moment("closes", closes + timedelta(hours=1))
    an.write(reason="There was no power in the morning.")
    an.press("Extend the voting time")
    clock.now = closes
    keep_time(office)
    an.come_back(f"/en/office/{election}")
    expect(an.page.get_by_text("Closes by itself on")).to_be_visible()
    clock.now = closes + timedelta(hours=1)
    keep_time(office)

    an.come_back(f"/en/office/{election}")
    expect(an.page.get_by_text("Waiting for the key holders to confirm the closing state")).to_be_visible()
    count(an, desk, election, secret)
    an.page.goto(f"{an.url}/en/office/{election}")
    an.follow("Publish the result…")
    an.page.get_by_label("Publish it now").check()
    an.press("Publish the result")
    expect(an.page.get_by_text("Everything is done.")).to_be_visible()
    an.follow("See the result")
    expect(an.page.get_by_text("A park").first).to_be_visible()
    assert verify_board(StoredBoard(office.engine, election)).report.ok


def accept_invitation(an: Official) -> None:
    """The link of the mail, then an authenticator app as second factor."""
    with writing(an.site.desk.desk.engine) as session:
        link = invite(
            an.site.desk.desk,
            session,
            System("console"),
            name="Lê Văn An",
            address=ADDRESS,
            roles=[Role.OFFICIAL],
            language="en",
        )
    an.page.goto(link)
    an.press("Accept")
    an.sees("Set up a second factor")
    an.secret = "".join(an.page.locator("p.ps-code").inner_text().split())
    an.write(code=pyotp.TOTP(an.secret).at(an.site.desk.clock()))
    an.press("Set it up")
    an.sees("Your recovery codes")


def write_question(an: Official) -> None:
    an.page.locator("main a", has_text=re.compile("^Questions$")).first.click()
    an.page.locator("main a", has_text=re.compile("question", re.IGNORECASE)).first.click()
    an.page.get_by_label("Choose one").check()
    an.press("Continue")
    an.write(
        text_en="What should it become?",
        text_vi="Nên làm gì?",
        option_1_en="A park",
        option_1_vi="Công viên",
        option_2_en="A market",
        option_2_vi="Chợ",
    )
    an.press("Save the question")
    an.follow("Tasks")


def vote_in_the_booth(page: Page, address: str, code: str) -> None:
    """One voter, in Vietnamese."""
    page.goto(address)
    page.get_by_label("Mã bỏ phiếu", exact=True).fill(code)
    page.get_by_role("button", name="Tiếp tục", exact=True).click()
    page.get_by_label("Công viên", exact=True).check()
    page.get_by_role("button", name="Tiếp tục", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="Bỏ phiếu", exact=True).click()
    end = page.get_by_role("heading", level=1, name="Lá phiếu của bạn đã vào hòm phiếu")
    expect(end).to_be_visible()
    page.close()


def replace_lost_code(
    an: Official, desk: Desk, profile: BrowserContext, election: str, secret: tuple[str, str]
) -> str:
    """A thief has taken voter 2's letter and voted with it. Ms Tam, the registrar, makes a new code; the new code."""
    before = set(desk.codes())
    fetch(an, desk, election, "frozen")
    desk.do(
        "registrar", "replace", desk.folder / "frozen", "--codes", "codes.sealed", "--key", "registrar.key",
        "--voter", "Cử tri 2", "--reason", "Stolen from the letter box.", "--out", "revocation.json",
        "--letter", "letter.pdf", "--help-line", "(none)", *secret,
        typed=(PASSPHRASE,),
    )  # fmt: skip
    tam = profile.browser.new_context(locale="en-GB")  # type: ignore[union-attr]
    person = an.site.desk.person("Ms Tam", (Role.REGISTRAR,))
    cookie = encode_base64url(an.site.desk.session(person))
    tam.add_cookies([{"name": "psephos", "value": cookie, "url": an.url}])
    page = tam.new_page()
    page.goto(f"{an.url}/en/registrar/{election}")
    page.locator("input[name=revocation]").set_input_files(desk.folder / "revocation.json")
    page.get_by_role("button", name="Look at the file", exact=True).click()
    expect(page.get_by_text("1 ballot that this code has cast is not counted any more.")).to_be_visible()
    page.get_by_label("The owner was identified, and the old code is to end").check()
    page.get_by_role("button", name="End the code and publish", exact=True).click()
    expect(page.get_by_text("Stolen from the letter box.")).to_be_visible()
    tam.close()
    (new_code,) = set(desk.codes()) - before
    return new_code


def fetch(an: Official, desk: Desk, election: str, name: str) -> None:
    """The public record, downloaded and unpacked on the other machine."""
    packed = desk.folder / f"{name}.zip"
    packed.write_bytes(an.page.context.request.get(f"{an.url}/api/v1/elections/{election}/bundle").body())
    with zipfile.ZipFile(packed) as archive:
        for member in archive.namelist():
            target = desk.folder / name / Path(member).name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(archive.read(member))


def count(an: Official, desk: Desk, election: str, secret: tuple[str, str]) -> None:
    """The key holder checks everything, confirms and opens; without an account, so An hands the files in."""
    for name, command in (("state", "state"), ("open", "open")):
        fetch(an, desk, election, name)
        desk.do(
            "trustee",
            command,
            desk.folder / name,
            "--key",
            "keys/trustee-1.key",
            "--out",
            f"{name}.json",
            *secret,
        )
        an.page.goto(f"{an.url}/en/office/{election}/files")
        an.hand_in(desk.folder / f"{name}.json", "Hand in the file")
