"""The errors of `crypto`: each says what was wrong with the numbers, never their secret values."""


class CryptoError(Exception):
    """Base of every error that this room raises on purpose."""


class MalformedEncoding(CryptoError):
    """Bytes or text that are not the one accepted spelling of a value."""


class OutOfRange(CryptoError):
    """A number outside the group or interval that it must lie in."""


class UnsupportedParameters(CryptoError):
    """Sizes or thresholds that this version does not offer."""
