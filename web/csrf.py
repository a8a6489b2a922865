"""Tokens in forms: a form can be sent only by a page that this site gave to this very session.

The token of a session is HMAC(session secret, purpose), so nothing is stored for it and it ends with the session.
Before sign-in the secret is that of a cookie that knows only the browser. Each page gets the token under a fresh
mask (mask || mask XOR token): compressed pages that repeat the reader's words must not let it be guessed letter by
letter (BREACH, Gluck, Harris and Prado 2013).

The token stands beside `web.security.CrossOriginProtection`, which refuses requests that a browser calls foreign;
it also stops what that cannot see: an old browser, another person's form, a page of a session that has ended.
"""

import hashlib
import hmac
import secrets
from typing import Final

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError

FIELD: Final = "csrf"
"""Name of the field in every form that is posted."""
HEADER: Final = "Psephos-CSRF"
"""Carries the same where a script of ours sends no form."""

_PURPOSE: Final = b"psephos/csrf/v1"
_BYTES: Final = 32


def issue(secret: bytes) -> str:
    """A token of this secret (of a session or a browser), different each time."""
    mask = secrets.token_bytes(_BYTES)
    return encode_base64url(mask + _xor(mask, _token(secret)))


def is_token(token: str, secret: bytes) -> bool:
    """Whether `token` was issued for this secret."""
    try:
        masked = decode_base64url(token, 2 * _BYTES)
    except CryptoError:
        return False
    return hmac.compare_digest(_xor(masked[:_BYTES], masked[_BYTES:]), _token(secret))


def _token(secret: bytes) -> bytes:
    return hmac.new(secret, _PURPOSE, hashlib.sha256).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
