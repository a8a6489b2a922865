"""The errors of `protocol`: what came from outside and does not keep the specification."""


class ProtocolError(Exception):
    """Base of every error that this room raises on purpose. `code` is stable, the text is for a person."""

    code = "protocol-error"


class RecordTooLarge(ProtocolError):
    """A record longer than this place allows; it was not read further."""

    code = "too-large"


class MalformedRecord(ProtocolError):
    """Bytes that are not the canonical encoding of the record that belongs here."""

    code = "malformed-record"


class ManifestInvalid(ProtocolError):
    """A manifest that breaks one of its own limits."""

    code = "manifest-invalid"


class RollInvalid(ProtocolError):
    """A roll with a line that may not stand there."""

    code = "roll-invalid"


class AnswerInvalid(ProtocolError):
    """Values that the question does not allow."""

    code = "answer-invalid"


class TermsMismatch(ProtocolError):
    """Manifest, ceremony and roll that do not belong together."""

    code = "terms-mismatch"
