"""An OpenID provider that answers whatever a test wants, for what a correct one never does."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import Key

from tests.support.openid import signing_key

CLIENT_ID = "psephos"
CODE = "a-code-of-the-hostile-issuer"


@dataclass(frozen=True)
class Reply:
    """One answer. seconds: of silence before it.  drop: of silence before each of its bytes."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    seconds: float = 0
    drop: float = 0


def json_reply(document: object, status: int = 200) -> Reply:
    """A document as JSON."""
    return Reply(json.dumps(document).encode(), status)


@dataclass
class HostileIssuer:
    """Honest until a test changes something. now: the time of its tokens."""

    issuer: str
    key: Key
    published: list[dict[str, Any]]
    changed_document: dict[str, Any] = field(default_factory=dict)
    changed_claims: dict[str, Any] = field(default_factory=dict)
    """A value of None removes the claim."""
    changed_header: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], bytes], str] | None = None
    replies: dict[str, Reply] = field(default_factory=dict)
    """By path, instead of the honest answer."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and form of every request so far."""
    nonce: str = ""

    def paths(self) -> list[str]:
        """Of every request so far."""
        return [path for path, _ in self.asked]

    def authorize(self, address: str, **changes: str | None) -> str:
        """What a browser comes back with, whose owner agreed at once. changes: other or (None) missing parameters."""
        asked = dict(parse_qsl(urlsplit(address).query))
        self.nonce = asked.get("nonce", "")
        answer = {"code": CODE, "state": asked["state"], "iss": self.issuer, **changes}
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return f"{asked['redirect_uri']}?{query}"

    def token(self) -> str:
        """An ID token, as a test has changed it."""
        issued = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "lan",
            "aud": CLIENT_ID,
            "exp": issued + 300,
            "iat": issued,
            "nonce": self.nonce,
            **self.changed_claims,
        }
        header = {"alg": "ES256", "kid": self.key.kid, **self.changed_header}
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        if self.sign is not None:
            return self.sign(header, payload)
        return jws.serialize_compact(header, payload, self.key, algorithms=[header["alg"]])

    def reply(self, path: str) -> Reply:
        """The answer to a request."""
        if path in self.replies:
            return self.replies[path]
        match path:
            case "/.well-known/openid-configuration":
                return json_reply(self.document())
            case "/keys":
                return json_reply({"keys": self.published})
            case "/token":
                return json_reply({"id_token": self.token(), "access_token": "x", "token_type": "Bearer"})
            case "/userinfo":
                return json_reply({"sub": "lan", **self.changed_claims})
            case _:
                return json_reply({"error": "not_found"}, 404)

    def document(self) -> dict[str, Any]:
        """Its description, as a test has changed it."""
        whole = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.changed_document,
        }
        return {name: value for name, value in whole.items() if value is not None}


@contextmanager
def hostile_issuer() -> Iterator[HostileIssuer]:
    """An issuer on a free port of localhost; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(dict(parse_qsl(self.rfile.read(length).decode())))

        def _answer(self, form: dict[str, str]) -> None:
            hostile.asked.append((self.path, form))
            reply = hostile.reply(self.path)
            if reply.seconds:
                closing.wait(reply.seconds)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for byte in reply.body if reply.drop else b"":
                    closing.wait(reply.drop)
                    self.wfile.write(bytes([byte]))
                self.wfile.write(b"" if reply.drop else reply.body)
            except OSError:
                return  # the client has had enough

        def log_message(self, *_: object) -> None:
            return

    closing = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    key = signing_key("hostile-1")
    hostile = HostileIssuer(f"http://localhost:{server.server_port}", key, [dict(key.as_dict(private=False))])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hostile
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
