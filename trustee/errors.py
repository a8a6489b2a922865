"""Why the trustee's program does not do what it was asked to. Each text says what a person can do next."""

from protocol.report import Report


class TrusteeRefuses(Exception):
    """Base of the program's own refusals. Nothing was signed."""

    code = "trustee-refuses"


class KeyFileDamaged(TrusteeRefuses):
    """A key file that cannot be read, or was altered."""

    code = "key-file-damaged"


class WrongPassphrase(TrusteeRefuses):
    """The passphrase does not belong to the key file."""

    code = "wrong-passphrase"


class PassphraseUnfit(TrusteeRefuses):
    """A new passphrase that would not protect the share."""

    code = "passphrase-unfit"


class FileStands(TrusteeRefuses):
    """A file that would be overwritten."""

    code = "file-stands"


class NotThisTrustee(TrusteeRefuses):
    """Election, number, signing key or share do not fit the key file."""

    code = "not-this-trustee"


class DiaryDamaged(TrusteeRefuses):
    """The diary is missing, or cannot be read to its end."""

    code = "diary-damaged"


class StatementAlreadySigned(TrusteeRefuses):
    """A second, different closing statement for one election. Both are kept here: together they are evidence."""

    code = "statement-already-signed"

    def __init__(self, earlier: bytes, refused: bytes) -> None:
        super().__init__(
            "This trustee has signed another closing statement for this election. A trustee signs one, ever: "
            "two different ones mean that somebody shows different boards. Do not open; compare the checkpoints "
            f"with the other trustees.\nSigned:  {earlier.decode()}\nRefused: {refused.decode()}"
        )
        self.earlier, self.refused = earlier, refused


class BoardRefused(TrusteeRefuses):
    """The board does not verify. report: what failed."""

    code = "board-refused"

    def __init__(self, report: Report, reasons: list[str]) -> None:
        super().__init__("The board does not verify, so nothing is signed. " + " ".join(reasons))
        self.report = report


class TooEarly(TrusteeRefuses):
    """The board is not as far as this step needs."""

    code = "too-early"


class ActNotAccepted(TrusteeRefuses):
    """An official act lowered the quorum, no witness watches the board, and this trustee has not agreed to it."""

    code = "act-not-accepted"


class StatementNotOnBoard(TrusteeRefuses):
    """The board lacks this trustee's own closing statement, or holds another than the diary."""

    code = "statement-not-on-board"


class NothingToOpen(TrusteeRefuses):
    """An election without counted ballots, or whose result is withheld."""

    code = "nothing-to-open"


class AlreadyOpened(TrusteeRefuses):
    """This trustee's partial openings stand on the board."""

    code = "already-opened"
