"""Signatures on petitions under test, and their exports in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from consultation.signing.exporting import export_files
from consultation.signing.receipts import receipt_of
from consultation.signing.signing import LINK_MAIL, Asking, Signing, ask_by_mail, confirm, sign
from consultation.signing.windows import WINDOW_SECONDS
from identity.desk import Desk
from mail.outbox import Mail
from protocol.petition import PetitionReceipt, PetitionVerdict
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest
from verifier.petition import PetitionRequest, verify_petition_folder


@dataclass
class Signatures:
    """Signs, asks and exports on one desk. sent: (address, token) of every mail."""

    site: DeskUnderTest
    sent: list[tuple[str, str]] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        """Of the site."""
        return self.site.desk

    def sign(self, petition: str, person: str = "", *, version: int = 1, area: str | None = None) -> str:
        """By somebody who is signed in, somebody new unless named; the key."""
        who = self.site.who(self.site.session(person or self.site.person("")))
        assert who is not None
        with writing(self.desk.engine) as session:
            return sign(self.desk, session, petition, who, Signing(version, area, mails=False, language="en"))

    def ask(self, petition: str, address: str, *, mails: bool = False) -> str:
        """For a link to this address; the token in it."""

        def mail(token: str, lifetime: timedelta) -> Mail:
            assert lifetime
            self.sent.append((address, token))
            return Mail(address, "en", "Sign", f"Link {token}", LINK_MAIL, petition, urgent=True, secret=True)

        asking = Asking(address, None, mails, "en", worked=True)
        with writing(self.desk.engine) as session:
            ask_by_mail(self.desk, session, petition, asking, mail)
        return self.sent[-1][1]

    def confirm(self, token: str, version: int = 1) -> str:
        """Press the button; the key."""
        with writing(self.desk.engine) as session:
            return confirm(self.desk, session, token, version)

    def receipt(self, key: str) -> PetitionReceipt:
        """Of a signature, for the newest head."""
        with reading(self.desk.engine) as session:
            return receipt_of(self.desk, session, key)

    def files(self, petition: str) -> dict[str, bytes]:
        """The export as it is when everything that was signed until now is public."""
        with reading(self.desk.engine) as session:
            now = self.site.clock() + timedelta(seconds=WINDOW_SECONDS)
            return export_files(self.desk, session, petition, now)

    def verified(
        self, folder: Path, petition: str, request: PetitionRequest | None = None
    ) -> PetitionVerdict:
        """Export into a new folder and recount from there alone."""
        return recounted(folder, self.files(petition), request or PetitionRequest(petition))

    def people(self, count: int) -> Sequence[str]:
        """New ones."""
        return [self.site.person("") for _ in range(count)]


def recounted(folder: Path, files: dict[str, bytes], request: PetitionRequest) -> PetitionVerdict:
    """These files, laid into the folder and verified."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return verify_petition_folder(folder, request)
