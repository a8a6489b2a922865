"""ID tokens that come encrypted (a JWE around the signed token). RFC 7516, RFC 7519 §5.2."""

from typing import Final

from joserfc import jwe
from joserfc.errors import JoseError

from identity.oidc.client_key import DecryptionKey
from identity.oidc.errors import IdTokenRefused, TokenCheck

MAX_ENCRYPTED: Final = 65_536
"""Characters."""
CONTENT: Final = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")


class _Registry(jwe.JWERegistry):
    max_ciphertext_length = MAX_ENCRYPTED
    max_protected_header_length = 8192


def open_token(token: str, key: DecryptionKey | None) -> str:
    """The signed token inside. With a key it must be encrypted, without one it must not.

    Compressed ones are refused: what a small token unpacks to is not known before. Raises: IdTokenRefused.
    """
    parts = token.count(".") + 1
    if key is None:
        return token
    if parts != 5 or len(token) > MAX_ENCRYPTED or not token.isascii():
        raise IdTokenRefused(TokenCheck.FORM)
    registry = _Registry(algorithms=[key.algorithm, *CONTENT], strict_check_header=False)
    try:
        opened = jwe.decrypt_compact(token, key.key, registry=registry)
        return (opened.plaintext or b"").decode("ascii")
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise IdTokenRefused(TokenCheck.DECRYPTION) from error
