"""Addresses of the pages, in one place. The language is the first part, so that every page can be shared and cached."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from web.i18n import Language, other


@dataclass(frozen=True)
class Links:
    """Paths of the site in one language."""

    language: Language

    def home(self) -> str:
        """The front page."""
        return f"/{self.language}/"

    def sign_in(self) -> str:
        """Sign-in; `?next=` is where it leads to."""
        return f"/{self.language}/sign-in"

    def second_factor(self) -> str:
        """The second half of the sign-in of staff."""
        return f"/{self.language}/sign-in/second-factor"

    def sign_out(self) -> str:
        """Ends the session; posted."""
        return f"/{self.language}/sign-out"

    def invitation(self) -> str:
        """What the link of an invitation opens."""
        return f"/{self.language}/invitation"

    def my(self) -> str:
        """My page: sessions, passkeys, language."""
        return f"/{self.language}/my"

    def follow(self, kind: str, subject: str) -> str:
        """Where somebody follows a subject, or stops."""
        return f"/{self.language}/follow/{kind}/{quote(subject, safe='')}"

    def under(self, path: str) -> str:
        """What a subject says of its place, without the language: see `consultation.subjects.Described`."""
        return f"/{self.language}/{path}"

    def news(self) -> str:
        """What happened to what somebody follows."""
        return f"{self.my()}/news"

    def activity(self) -> str:
        """What somebody follows, wrote and signed."""
        return f"{self.my()}/activity"

    def my_data(self, place: str = "") -> str:
        """Take one's data along, delete the account; place: one of the pages."""
        return f"{self.my()}/data" + (f"/{place}" if place else "")

    def confirm_address(self, token: str = "") -> str:
        """What the link in the mail to a new address opens."""
        return f"/{self.language}/confirm-address" + (f"?{urlencode({'t': token})}" if token else "")

    def stop_mails(self, token: str = "") -> str:
        """What the link that stops mails opens."""
        return f"/{self.language}/stop-mails" + (f"?{urlencode({'t': token})}" if token else "")

    def data(self) -> str:
        """What this site keeps, why, and for how long."""
        return f"/{self.language}/data"

    def staff(self) -> str:
        """What somebody with a role can do here."""
        return f"/{self.language}/staff"

    def people(self) -> str:
        """Who has which role."""
        return f"/{self.language}/staff/people"

    def trail(self) -> str:
        """The public site log."""
        return f"/{self.language}/trail"

    def office(self) -> str:
        """The officials' list of votes."""
        return f"/{self.language}/office"

    def draft(self, draft: str, place: str = "") -> str:
        """A vote in preparation; place: one of its pages."""
        return f"{self.office()}/drafts/{draft}" + (f"/{place}" if place else "")

    def running(self, election: str, place: str = "") -> str:
        """The officials' page of a frozen vote; place: one of its pages."""
        return f"{self.office()}/{election}" + (f"/{place}" if place else "")

    def trustee(self, place: str = "") -> str:
        """What key holders do here; place: one of the pages."""
        return f"/{self.language}/trustee" + (f"/{place}" if place else "")

    def registrar(self, election: str = "") -> str:
        """What registrars do here; election: the page of one vote."""
        return f"/{self.language}/registrar" + (f"/{election}" if election else "")

    def document(self, election: str, sha256: str) -> str:
        """A file that voters should read. sha256: base64url."""
        return f"{self.election(election)}/documents/{sha256}"

    def elections(self) -> str:
        """All votes."""
        return f"/{self.language}/elections"

    def petitions(self, place: str = "") -> str:
        """All petitions; place: `new`, or a list beside them: `answers`, `rejected`."""
        return f"/{self.language}/petitions" + (f"/{place}" if place else "")

    def petition(self, petition: str, place: str = "") -> str:
        """The page of one petition; place: one of the pages behind it."""
        return f"{self.petitions()}/{petition}" + (f"/{place}" if place else "")

    def office_petitions(self, petition: str = "", place: str = "") -> str:
        """Where officials answer petitions; petition: one of them, or `settings` with its part as place."""
        parts = [self.office() + "/petitions", petition, place]
        return "/".join(part for part in parts if part)

    def discussions(self, after: str = "") -> str:
        """All discussions; after: where a page of them begins."""
        query = f"?{urlencode({'after': after})}" if after else ""
        return f"/{self.language}/discussions{query}"

    def discussion(self, thread: str, number: int = 0, place: str = "", **query: str) -> str:
        """A discussion, or one contribution to it; place: one of its pages. query: what of it is shown."""
        path = f"{self.discussions()}/{thread}" + (f"/{number}" if number else "")
        asked = urlencode({name: value for name, value in query.items() if value})
        return path + (f"/{place}" if place else "") + (f"?{asked}" if asked else "")

    def report(self, kind: str, subject: str) -> str:
        """Where somebody reports what breaks the rules."""
        return f"/{self.language}/report/{kind}/{quote(subject, safe='')}"

    def reports(self) -> str:
        """What somebody reported, and what became of it."""
        return f"/{self.language}/reports"

    def moderation(self, place: str = "") -> str:
        """Where moderators decide; place: one of its pages."""
        return f"/{self.language}/moderation" + (f"/{place}" if place else "")

    def moderation_record(self, number: int = 0) -> str:
        """The public record of what moderators decided, or one entry of it."""
        return self.moderation("record") + (f"/{number}" if number else "")

    def appeals(self, number: int = 0) -> str:
        """Decisions about what somebody wrote, and one of them: where they appeal."""
        return f"/{self.language}/appeals" + (f"/{number}" if number else "")

    def rules(self) -> str:
        """What is not allowed in petitions and discussions."""
        return self.moderation("rules")

    def discussion_on(self, kind: str, place: str) -> str:
        """The discussion about something, also while nobody has written in it."""
        return f"{self.discussions()}/on/{kind}/{quote(place, safe='')}"

    def office_discussions(self, thread: str = "") -> str:
        """Where officials decide who opens topics, and change theirs."""
        return f"{self.office()}/discussions" + (f"/{thread}" if thread else "")

    def hearings(self) -> str:
        """Consultations."""
        return f"/{self.language}/consultations"

    def hearing(self, hearing: str, place: str = "") -> str:
        """The page of one consultation; place: one of the pages behind it."""
        return f"{self.hearings()}/{hearing}" + (f"/{place}" if place else "")

    def hearing_text(self, hearing: str, document: str, place: str = "") -> str:
        """A draft text of a consultation; place: one of the pages behind it."""
        return self.hearing(hearing, f"documents/{document}" + (f"/{place}" if place else ""))

    def office_hearings(self, hearing: str = "", place: str = "") -> str:
        """Where officials prepare consultations, or one of them; place: one of its pages."""
        parts = [each for each in (hearing, place) if each]
        return "/".join([f"{self.office()}/consultations", *parts])

    def open_data(self) -> str:
        """What is to be had for programs."""
        return f"/{self.language}/open-data"

    def how(self) -> str:
        """How voting here works, what is protected and what is not."""
        return f"/{self.language}/how-voting-works"

    def check_any(self) -> str:
        """Check my ballot, before a vote is chosen."""
        return f"/{self.language}/check"

    def election(self, election: str) -> str:
        """The page of one vote."""
        return f"/{self.language}/elections/{election}"

    def turnout(self, election: str) -> str:
        """The turnout alone, as a fragment."""
        return f"{self.election(election)}/turnout"

    def booth(self, election: str) -> str:
        """The voting booth."""
        return f"{self.election(election)}/booth"

    def permit(self, election: str) -> str:
        """Where who signs in gets the code that lets one ballot in."""
        return f"{self.election(election)}/permit"

    def test(self, election: str) -> str:
        """Where a second device checks a ballot that was opened in a test."""
        return f"{self.election(election)}/test"

    def check(self, election: str, code: str | None = None) -> str:
        """Check my ballot; `code`: a receipt code or voter number."""
        query = f"?{urlencode({'code': code})}" if code else ""
        return f"{self.election(election)}/check{query}"

    def receipt_pdf(self, election: str, code: str) -> str:
        """A receipt on paper. code: receipt code or whole tracker."""
        return f"{self.election(election)}/receipt.pdf?{urlencode({'code': code})}"

    def receipt_mail(self, election: str, code: str = "") -> str:
        """The form that sends a receipt by mail."""
        query = f"?{urlencode({'code': code})}" if code else ""
        return f"{self.election(election)}/receipt-mail{query}"

    def disputes(self, election: str, number: int = 0) -> str:
        """Objections to a vote, or one of them."""
        return f"{self.election(election)}/disputes" + (f"/{number}" if number else "")

    def office_disputes(self, election: str = "", number: int = 0) -> str:
        """Where officials answer objections."""
        if not election:
            return f"{self.office()}/disputes"
        return f"{self.office()}/{election}/disputes" + (f"/{number}" if number else "")

    def board(self, election: str, page: int | None = None) -> str:
        """The public board; `page` counts from 1 at the oldest entry, None is the newest page."""
        return f"{self.election(election)}/board" + ("" if page is None else f"?page={page}")

    def entry(self, election: str, index: int) -> str:
        """One entry of the board."""
        return f"{self.election(election)}/board/{index}"

    def result(self, election: str) -> str:
        """The result."""
        return f"{self.election(election)}/result"

    def verify(self, election: str) -> str:
        """How to check without this site."""
        return f"{self.election(election)}/verify"


def api(election: str) -> str:
    """The API's address of one vote."""
    return f"/api/v1/elections/{election}"


def petition_bundle(petition: str) -> str:
    """The record of a petition's signatures as one file."""
    return f"/api/v1/petitions/{petition}/bundle"


def stop_mails_api(token: str, language: Language) -> str:
    """Where mail programs post to stop mails (RFC 8058). language: of the page, where one opens it instead."""
    return f"/api/v1/mails/stop?{urlencode({'t': token, 'lang': language})}"


def bundle(election: str) -> str:
    """Everything that is needed to recount, as one file."""
    return f"{api(election)}/bundle"


def qr(election: str, tracker: str) -> str:
    """The picture of a receipt code. tracker: base64url."""
    return f"/elections/{election}/receipts/{tracker}/qr.svg"


def in_other_language(path: str, query: str, language: Language) -> str:
    """The same page for readers of the other language."""
    _, _, rest = path.removeprefix("/").partition("/")
    return f"/{other(language)}/{quote(rest)}" + (f"?{query}" if query else "")
