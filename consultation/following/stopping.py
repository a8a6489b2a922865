"""Links that stop mails: a tag of the server vouches for them, so nothing is stored, and they can do nothing else."""

import secrets
from typing import Final

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.desk import Desk
from identity.errors import LinkUnusable

NONCE_BYTES: Final = 16
TAG_BYTES: Final = 16


def stop_token(desk: Desk, purpose: str, nonce: bytes) -> str:
    """What a link carries. purpose: which mails it stops.  nonce: names whose, and nobody in person."""
    return encode_base64url(nonce + desk.keys.tag(purpose, nonce))


def nonce_in(desk: Desk, purpose: str, token: str, length: int = NONCE_BYTES) -> bytes:
    """The nonce in such a token, of this many bytes.

    Raises: LinkUnusable for what this server never put into a mail of this purpose.
    """
    try:
        whole = decode_base64url(token, length + TAG_BYTES)
    except CryptoError:
        raise LinkUnusable from None
    nonce, tag = whole[:length], whole[length:]
    if not secrets.compare_digest(tag, desk.keys.tag(purpose, nonce)):
        raise LinkUnusable
    return nonce
