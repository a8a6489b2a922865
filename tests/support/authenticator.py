"""A passkey made of software, honest unless told otherwise: what Chromium's own never does wrong can be tried with it.

W3C WebAuthn level 3: authenticator data §6.1, attestation `none` §8.7, assertion signature §6.3.3.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import ECC
from Cryptodome.Signature import DSS

from crypto.encoding import encode_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass(frozen=True)
class Passkey:
    """A key on a device. The fields say what it claims."""

    origin: str
    rp_id: str = "localhost"
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: Any = field(default_factory=lambda: ECC.generate(curve="P-256"))
    user: bytes = b""
    counter: int = 1
    flags: int = PRESENT | VERIFIED
    kind_create: str = "webauthn.create"
    kind_get: str = "webauthn.get"

    def but(self, **claims: Any) -> "Passkey":
        """The same, claiming something else."""
        return replace(self, **claims)

    def create(self, options: str) -> bytes:
        """The answer to registration options, as the script sends it."""
        asked = json.loads(options)
        client = self._client(self.kind_create, asked["challenge"])
        point = self.key.pointQ
        cose = {1: 2, 3: -7, -1: 1, -2: int(point.x).to_bytes(32), -3: int(point.y).to_bytes(32)}
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + cbor2.dumps(cose)
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | ATTESTED) + attested}
        return self._answer(
            {
                "attestationObject": encode_base64url(cbor2.dumps(statement)),
                "clientDataJSON": encode_base64url(client),
                "transports": ["internal"],
            }
        )

    def get(self, options: str) -> bytes:
        """The answer to sign-in options, as the script sends it."""
        client = self._client(self.kind_get, json.loads(options)["challenge"])
        data = self._data(self.flags)
        signed = SHA256.new(data + hashlib.sha256(client).digest())
        signature = DSS.new(self.key, "fips-186-3", encoding="der").sign(signed)
        return self._answer(
            {
                "authenticatorData": encode_base64url(data),
                "clientDataJSON": encode_base64url(client),
                "signature": encode_base64url(signature),
                "userHandle": encode_base64url(self.user),
            }
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4)

    def _answer(self, response: dict[str, object]) -> bytes:
        name = encode_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response}).encode()
