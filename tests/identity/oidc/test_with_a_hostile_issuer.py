"""Answers that no correct provider gives: each is refused for its reason, and no further request follows from it."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwe, jwk, jws
from sqlalchemy import Engine, func, select

from crypto.encoding import encode_base64url
from identity.assurance import Assurance
from identity.models import IdentityOidcAttempt
from identity.oidc.client_key import read_decryption_key
from identity.oidc.configuration import BasicSecret, PlainOAuth, ProviderConfiguration
from identity.oidc.errors import (
    AssuranceTooLow,
    ClaimMissing,
    IdTokenRefused,
    OidcError,
    ProviderMisbehaved,
    ProviderUnreachable,
    SignInCancelled,
    SignInRefused,
    TokenCheck,
    UnknownAttempt,
)
from identity.oidc.flow import SignInProviders
from identity.oidc.http import MAX_ANSWER
from identity.types import Identity
from storage.engine import make_engine
from storage.session import reading
from tests.identity.oidc.parts import configured
from tests.identity.oidc.site import free_port
from tests.support.databases import make_tables
from tests.support.hostile_issuer import CODE, HostileIssuer, Reply, hostile_issuer, json_reply
from tests.support.loops import in_a_loop
from tests.support.openid import signing_key

BASE = "http://localhost:8000"
BROWSER = b"b" * 32
IMPATIENT, SILENCE = 0.5, 10
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path_factory.mktemp('oidc') / 'psephos.sqlite'}")
    make_tables(made)
    yield made
    made.dispose()


@pytest.fixture
def issuer() -> Iterator[HostileIssuer]:
    with hostile_issuer() as running:
        yield running


def entry(issuer: HostileIssuer, **changes: Any) -> ProviderConfiguration:
    return configured(issuer=issuer.issuer, authentication=BasicSecret("secret"), **changes)


@dataclass
class Desk:
    """A server that knows some issuers, and one browser of it."""

    engine: Engine
    entries: tuple[ProviderConfiguration, ...]
    ahead: timedelta = timedelta(0)
    patience: float = 20
    providers: SignInProviders = field(init=False)

    def __post_init__(self) -> None:
        self.providers = SignInProviders(self.entries, BASE, self.engine, self.now, self.patience)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def start(self, provider: str = "test") -> str:
        return in_a_loop(self.providers.start(provider, BROWSER, "en", "/en/my"))

    def finish(self, back: str, browser: bytes = BROWSER) -> Identity:
        provider, answer = (
            urlsplit(back).path.rpartition("/")[2],
            dict(parse_qsl(urlsplit(back).query, keep_blank_values=True)),
        )

        async def both() -> Identity:
            resumed = await self.providers.resume(provider, answer, browser)
            return await self.providers.identify(resumed, answer)

        return in_a_loop(both())

    def sign_in(self, issuer: HostileIssuer, provider: str = "test", **changes: str | None) -> Identity:
        return self.finish(issuer.authorize(self.start(provider), **changes))

    def waiting(self) -> int:
        with reading(self.engine) as session:
            return session.scalar(select(func.count()).select_from(IdentityOidcAttempt)) or 0


@pytest.fixture
def desk(engine: Engine, issuer: HostileIssuer) -> Desk:
    return Desk(engine, (entry(issuer),))


def test_an_honest_answer_signs_in(desk: Desk, issuer: HostileIssuer) -> None:
    identity = desk.sign_in(issuer)
    assert (identity.issuer, identity.claim) == (issuer.issuer, "lan")
    assert issuer.paths() == [DISCOVERY, "/token", "/keys"]
    desk.sign_in(issuer)
    assert issuer.paths() == [DISCOVERY, "/token", "/keys", "/token"]  # description and keys are kept


CLOCK = int(time.time())


@pytest.mark.parametrize(
    ("claims", "check"),
    [
        pytest.param({"iss": "https://other.example"}, TokenCheck.ISSUER, id="iss"),
        pytest.param({"aud": "another-client"}, TokenCheck.AUDIENCE, id="aud"),
        pytest.param({"aud": ["psephos", "another-client"]}, TokenCheck.AUDIENCE, id="aud-of-two"),
        pytest.param({"azp": "another-client"}, TokenCheck.AUTHORIZED_PARTY, id="azp"),
        pytest.param({"exp": CLOCK - 3600}, TokenCheck.EXPIRY, id="expired"),
        pytest.param({"iat": CLOCK - 3600}, TokenCheck.ISSUED_AT, id="old"),
        pytest.param({"nbf": CLOCK + 3600}, TokenCheck.NOT_BEFORE, id="nbf"),
        pytest.param({"nonce": "another"}, TokenCheck.NONCE, id="nonce"),
        pytest.param({"nonce": None}, TokenCheck.NONCE, id="no-nonce"),
        pytest.param({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, TokenCheck.ACCESS_TOKEN, id="at_hash"),
    ],
)
def test_a_token_with_a_wrong_claim(
    desk: Desk, issuer: HostileIssuer, claims: dict[str, Any], check: TokenCheck
) -> None:
    issuer.changed_claims = claims
    with pytest.raises(IdTokenRefused) as refused:
        desk.sign_in(issuer)
    assert refused.value.check is check
    issuer.changed_claims = {}
    assert desk.sign_in(issuer).claim == "lan"


def part(data: object) -> str:
    return encode_base64url(json.dumps(data).encode())


def unsigned(header: dict[str, Any], payload: bytes) -> str:
    return f"{part({**header, 'alg': 'none'})}.{encode_base64url(payload)}."


def mac_of_public_key(issuer: HostileIssuer) -> Any:
    def sign(header: dict[str, Any], payload: bytes) -> str:
        signing_input = f"{part({**header, 'alg': 'HS256'})}.{encode_base64url(payload)}"
        secret = json.dumps(issuer.published[0]).encode()
        return f"{signing_input}.{encode_base64url(hmac.digest(secret, signing_input.encode(), 'sha256'))}"

    return sign


def tampered(issuer: HostileIssuer) -> Any:
    def sign(header: dict[str, Any], payload: bytes) -> str:
        head, _, signature = jws.serialize_compact(header, payload, issuer.key).split(".")
        return f"{head}.{encode_base64url(payload.replace(b'lan', b'eve'))}.{signature}"

    return sign


def other_key(_: HostileIssuer) -> Any:
    key = signing_key("hostile-1")
    return lambda header, payload: jws.serialize_compact(header, payload, key)


@pytest.mark.parametrize(
    ("signer", "check"),
    [
        pytest.param(lambda _: unsigned, TokenCheck.ALGORITHM, id="none"),
        pytest.param(mac_of_public_key, TokenCheck.ALGORITHM, id="hs256-with-the-public-key"),
        pytest.param(tampered, TokenCheck.SIGNATURE, id="tampered"),
        pytest.param(other_key, TokenCheck.SIGNATURE, id="key-of-the-same-name"),
    ],
)
def test_a_token_with_a_wrong_signature(
    desk: Desk, issuer: HostileIssuer, signer: Any, check: TokenCheck
) -> None:
    issuer.sign = signer(issuer)
    with pytest.raises(IdTokenRefused) as refused:
        desk.sign_in(issuer)
    assert refused.value.check is check


def test_invented_keys_do_not_make_the_site_ask_for_keys_again_and_again(
    desk: Desk, issuer: HostileIssuer
) -> None:
    issuer.changed_header = {"kid": "invented"}
    for _ in range(5):
        with pytest.raises(IdTokenRefused) as refused:
            desk.sign_in(issuer)
        assert refused.value.check is TokenCheck.KEY
    assert issuer.paths().count("/keys") == 1
    desk.ahead = timedelta(seconds=61)
    issuer.now = desk.now
    with pytest.raises(IdTokenRefused):
        desk.sign_in(issuer)
    assert issuer.paths().count("/keys") == 2


def test_a_key_that_was_withdrawn_is_believed_for_an_hour_at_most(desk: Desk, issuer: HostileIssuer) -> None:
    desk.sign_in(issuer)
    new = signing_key("hostile-2")
    issuer.published = [dict(new.as_dict(private=False))]
    desk.ahead = timedelta(minutes=61)
    issuer.now = desk.now
    with pytest.raises(IdTokenRefused) as refused:
        desk.sign_in(issuer)
    assert refused.value.check is TokenCheck.KEY
    issuer.key = new
    assert desk.sign_in(issuer).claim == "lan"


FAR = "https://metadata.internal.example"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"issuer": "https://other.example"}, id="another-issuer"),
        pytest.param({"token_endpoint": f"{FAR}/token"}, id="token-endpoint-elsewhere"),
        pytest.param({"jwks_uri": "http://169.254.169.254/latest/meta-data"}, id="keys-in-the-cloud"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="keys-in-a-file"),
        pytest.param({"authorization_endpoint": f"{FAR}/login"}, id="login-elsewhere"),
        pytest.param({"authorization_endpoint": "javascript:alert(1)"}, id="login-is-a-script"),
        pytest.param({"pushed_authorization_request_endpoint": f"{FAR}/par"}, id="pushing-elsewhere"),
        pytest.param({"require_pushed_authorization_requests": True}, id="pushing-nowhere"),
        pytest.param({"token_endpoint": None}, id="no-token-endpoint"),
        pytest.param({"response_types_supported": ["id_token"]}, id="implicit-only"),
        pytest.param({"code_challenge_methods_supported": ["plain"]}, id="plain-challenge-only"),
        pytest.param({"id_token_signing_alg_values_supported": ["HS256", "none"]}, id="hmac-only"),
        pytest.param({"token_endpoint_auth_methods_supported": ["none"]}, id="anybody-may-ask"),
    ],
)
def test_a_description_that_cannot_be_trusted(
    desk: Desk, issuer: HostileIssuer, changes: dict[str, Any]
) -> None:
    issuer.changed_document, before = changes, desk.waiting()
    with pytest.raises(ProviderMisbehaved):
        desk.start()
    assert issuer.paths() == [DISCOVERY]
    assert desk.waiting() == before


JSON = {"Content-Type": "application/json"}
BAD_ANSWERS = [
    pytest.param(Reply(b"{", 200), ProviderMisbehaved, id="half"),
    pytest.param(Reply(b"[" * 100_000, 200), ProviderMisbehaved, id="tower"),
    pytest.param(Reply(b"\xff", 200), ProviderMisbehaved, id="not-text"),
    pytest.param(Reply(b"<p>", 200, {"Content-Type": "text/html"}), ProviderMisbehaved, id="html"),
    pytest.param(Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}), ProviderMisbehaved, id="redirect"),
    pytest.param(Reply(b"", 307, {"Location": "/elsewhere"}), ProviderMisbehaved, id="redirect-at-home"),
    pytest.param(Reply(b" " * (MAX_ANSWER + 1), 200), ProviderMisbehaved, id="huge"),
    pytest.param(Reply(b"{}", 200, {**JSON, "Content-Encoding": "gzip"}), ProviderMisbehaved, id="packed"),
    pytest.param(Reply(b"{}", 200, JSON, seconds=SILENCE), ProviderUnreachable, id="silent"),
    pytest.param(Reply(b" " * 1000, 200, JSON, drop=0.1), ProviderUnreachable, id="drop-by-drop"),
    pytest.param(Reply(b"", 503, {"Content-Type": "text/html"}), ProviderUnreachable, id="fault"),
]


@pytest.mark.parametrize(("reply", "error"), BAD_ANSWERS)
@pytest.mark.parametrize("path", [DISCOVERY, "/keys", "/token"])
def test_an_answer_that_cannot_be_used(
    engine: Engine, issuer: HostileIssuer, path: str, reply: Reply, error: type[OidcError]
) -> None:
    issuer.replies[path] = reply
    slow = reply.seconds or reply.drop
    desk = Desk(engine, (entry(issuer),), patience=IMPATIENT if slow else 20)
    began = time.monotonic()
    with pytest.raises(error) as refused:
        desk.sign_in(issuer)
    assert type(refused.value) is error
    assert time.monotonic() - began < SILENCE
    assert "/elsewhere" not in issuer.paths()


def test_nobody_listens(engine: Engine) -> None:
    address = f"http://localhost:{free_port()}"
    desk = Desk(engine, (configured(issuer=address),))
    with pytest.raises(ProviderUnreachable):
        desk.start()


def test_a_name_that_is_not_encrypted_as_it_must_be(issuer: HostileIssuer, engine: Engine) -> None:
    """https at a port that speaks http: no request leaves without TLS."""
    desk = Desk(engine, (configured(issuer=issuer.issuer.replace("http:", "https:")),))
    with pytest.raises(ProviderUnreachable):
        desk.start()
    assert issuer.paths() == []


def test_a_silent_provider_is_asked_once_by_many(engine: Engine, issuer: HostileIssuer) -> None:
    desk = Desk(engine, (entry(issuer),), patience=IMPATIENT)
    issuer.replies[DISCOVERY] = Reply(b"{}", 200, JSON, seconds=SILENCE)

    async def many() -> list[BaseException | str]:
        starts = [desk.providers.start("test", BROWSER, "en", "") for _ in range(20)]
        return await asyncio.gather(*starts, return_exceptions=True)

    began = time.monotonic()
    assert all(isinstance(found, ProviderUnreachable) for found in in_a_loop(many()))
    assert time.monotonic() - began < SILENCE
    assert issuer.paths() == [DISCOVERY]
    del issuer.replies[DISCOVERY]
    with pytest.raises(ProviderUnreachable):
        desk.start()
    desk.providers._providers["test"].patience_seconds = 20
    desk.ahead = timedelta(seconds=11)
    assert desk.start()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": "access_denied"}, SignInCancelled),
        ({"error": "user_cancel"}, SignInCancelled),
        ({"error": "temporarily_unavailable", "error_description": "<script>"}, SignInRefused),
        ({"error": "<script>alert(1)</script>"}, SignInRefused),
        ({"error": ""}, SignInRefused),
    ],
    ids=["denied", "tara", "description", "script", "empty"],
)
def test_an_error_comes_back(
    desk: Desk, issuer: HostileIssuer, answer: dict[str, str], error: type[OidcError]
) -> None:
    with pytest.raises(error) as refused:
        desk.sign_in(issuer, code=None, **answer)
    assert "script" not in str(refused.value)
    assert "/token" not in issuer.paths()


@pytest.mark.parametrize(
    "body",
    [{"error": "invalid_grant"}, {"error": ["list"]}, {}, {"error": "<b>", "error_description": "<b>"}],
)
def test_the_token_endpoint_refuses(desk: Desk, issuer: HostileIssuer, body: dict[str, Any]) -> None:
    issuer.replies["/token"] = json_reply(body, 400)
    with pytest.raises(SignInRefused) as refused:
        desk.sign_in(issuer)
    assert "<b>" not in str(refused.value)


@pytest.mark.parametrize("body", [{}, {"id_token": 7}, {"access_token": "x"}, [], {"id_token": ""}])
def test_a_token_answer_without_an_id_token(desk: Desk, issuer: HostileIssuer, body: Any) -> None:
    issuer.replies["/token"] = json_reply(body)
    with pytest.raises(ProviderMisbehaved):
        desk.sign_in(issuer)


PUSHING = "/par"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(json_reply({"error": "invalid_request"}, 400), id="refused"),
        pytest.param(json_reply({"request_uri": "urn:x"}, 200), id="another-status"),
        pytest.param(json_reply({"request_uri": "x" * 513}, 201), id="long"),
        pytest.param(json_reply({"request_uri": ""}, 201), id="empty"),
        pytest.param(json_reply({}, 201), id="missing"),
    ],
)
def test_a_pushed_request_that_is_not_taken_starts_nothing(
    desk: Desk, issuer: HostileIssuer, reply: Reply
) -> None:
    issuer.changed_document = {"pushed_authorization_request_endpoint": f"{issuer.issuer}{PUSHING}"}
    issuer.replies[PUSHING] = reply
    before = desk.waiting()
    with pytest.raises((SignInRefused, ProviderMisbehaved)):
        desk.start()
    assert desk.waiting() == before


def test_the_code_goes_with_verifier_and_client(desk: Desk, issuer: HostileIssuer) -> None:
    address = desk.start()
    desk.finish(issuer.authorize(address))
    form = dict(issuer.asked)["/token"]
    assert (form["grant_type"], form["code"]) == ("authorization_code", CODE)
    assert form["redirect_uri"] == f"{BASE}/sign-in/callback/test"
    challenge = dict(parse_qsl(urlsplit(address).query))["code_challenge"]
    assert encode_base64url(hashlib.sha256(form["code_verifier"].encode()).digest()) == challenge


@dataclass
class Pair:
    """An honest issuer and one that works for a thief; the site knows both."""

    desk: Desk
    honest: HostileIssuer
    thief: HostileIssuer


@pytest.fixture
def pair(engine: Engine, issuer: HostileIssuer) -> Iterator[Pair]:
    with hostile_issuer() as thief:
        yield Pair(Desk(engine, (entry(issuer, id="honest"), entry(thief, id="thief"))), issuer, thief)


@pytest.mark.parametrize("says_who", [True, False], ids=["with-iss", "without-iss"])
def test_a_mix_up_hands_no_code_to_the_other_provider(pair: Pair, says_who: bool) -> None:
    """The person chose the thief's provider, which sent them on to the honest one with the state of its own sign-in.

    RFC 9700 §4.4.1. The honest provider answers at the address that was registered with it.
    """
    pair.honest.changed_document = {"authorization_response_iss_parameter_supported": says_who}
    iss = {} if says_who else {"iss": None}
    pair.desk.sign_in(pair.honest, "honest", **iss)  # control
    address = pair.desk.start("thief")
    back = pair.honest.authorize(address, **iss).replace("/callback/thief", "/callback/honest")
    with pytest.raises(UnknownAttempt):
        pair.desk.finish(back)
    assert "/token" not in pair.thief.paths()


def test_a_mix_up_at_the_thiefs_own_address_is_noticed_by_iss(pair: Pair) -> None:
    back = pair.honest.authorize(pair.desk.start("thief"))
    with pytest.raises(ProviderMisbehaved, match="another sign-in service"):
        pair.desk.finish(back)
    assert "/token" not in pair.thief.paths()


def test_a_token_of_one_issuer_is_none_of_another(pair: Pair) -> None:
    """The thief's token endpoint answers with a token of the honest issuer, honestly signed for this very site."""
    address = pair.desk.start("thief")
    back = pair.thief.authorize(address)
    pair.honest.nonce = pair.thief.nonce
    pair.thief.replies["/token"] = json_reply({"id_token": pair.honest.token()})
    pair.thief.published = pair.honest.published
    with pytest.raises(IdTokenRefused) as refused:
        pair.desk.finish(back)
    assert refused.value.check is TokenCheck.ISSUER


def plain(issuer: HostileIssuer, **changes: Any) -> ProviderConfiguration:
    addresses = PlainOAuth(
        **{
            "authorization_endpoint": f"{issuer.issuer}/authorize",
            "token_endpoint": f"{issuer.issuer}/token",
            "userinfo_endpoint": f"{issuer.issuer}/userinfo",
            **changes,
        }
    )
    levels = {"SOP3": Assurance.SUBSTANTIAL}
    return entry(
        issuer,
        scopes=("general",),
        claim=("uuid",),
        acr=levels,
        acr_claim="userType",
        assurance=None,
        plain=addresses,
    )


def test_a_service_without_id_tokens_is_asked_who_it_is(engine: Engine, issuer: HostileIssuer) -> None:
    desk = Desk(engine, (plain(issuer),))
    issuer.changed_claims = {"uuid": "u-1", "userType": "SOP3"}
    address = desk.start()
    assert not {"nonce", "max_age"} & set(dict(parse_qsl(urlsplit(address).query)))
    identity = desk.finish(issuer.authorize(address, iss=None))
    assert (identity.claim, identity.assurance) == ("u-1", Assurance.SUBSTANTIAL)
    assert issuer.paths() == ["/token", "/userinfo"]
    issuer.changed_claims = {"uuid": "u-1", "userType": "SOP1"}
    with pytest.raises(AssuranceTooLow):
        desk.sign_in(issuer, iss=None)
    issuer.changed_claims = {"userType": "SOP3"}
    with pytest.raises(ClaimMissing):
        desk.sign_in(issuer, iss=None)
    with pytest.raises(UnknownAttempt):
        desk.finish(issuer.authorize(desk.start(), iss=None), browser=b"x" * 32)


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        ("/token", json_reply({"id_token": "x"})),
        ("/token", json_reply({"access_token": "x\ny"})),
        ("/userinfo", json_reply({"error": "invalid_token"}, 401)),
        ("/userinfo", json_reply(["lan"])),
    ],
    ids=["no-access-token", "token-with-a-line-end", "refused", "list"],
)
def test_a_service_without_id_tokens_answers_wrongly(
    engine: Engine, issuer: HostileIssuer, path: str, reply: Reply
) -> None:
    desk = Desk(engine, (plain(issuer),))
    issuer.replies[path] = reply
    with pytest.raises((ProviderMisbehaved, SignInRefused)):
        desk.sign_in(issuer, iss=None)


def test_its_addresses_must_be_its_own(engine: Engine, issuer: HostileIssuer) -> None:
    desk = Desk(engine, (plain(issuer, userinfo_endpoint=f"{FAR}/userinfo"),))
    with pytest.raises(ProviderMisbehaved):
        desk.start()


@pytest.mark.parametrize("sealed", [True, False])
def test_tokens_come_encrypted_exactly_where_that_was_agreed(
    engine: Engine, issuer: HostileIssuer, sealed: bool
) -> None:
    private = jwk.generate_key("EC", "P-256", private=True)
    key = read_decryption_key(private.as_pem(private=True), "ECDH-ES+A256KW", None)
    seal = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    signed = jws.serialize_compact

    def sign(header: dict[str, Any], payload: bytes) -> str:
        token = signed(header, payload, issuer.key)
        return jwe.encrypt_compact(seal, token, private) if sealed else token

    issuer.sign = sign
    agreed = Desk(engine, (entry(issuer, decryption=key if sealed else None),))
    assert agreed.sign_in(issuer).claim == "lan"
    other = Desk(engine, (entry(issuer, decryption=None if sealed else key),))
    with pytest.raises(IdTokenRefused) as refused:
        other.sign_in(issuer)
    assert refused.value.check is TokenCheck.FORM


def test_a_nonce_for_the_proof_is_repeated_once(engine: Engine, issuer: HostileIssuer) -> None:
    """RFC 9449 §8: a provider that asks again and again is not served again and again."""
    desk = Desk(engine, (entry(issuer, possession=True),))
    again = Reply(b'{"error":"use_dpop_nonce"}', 400, {**JSON, "DPoP-Nonce": "n"})
    issuer.replies["/token"] = again
    with pytest.raises(SignInRefused):
        desk.sign_in(issuer)
    assert issuer.paths().count("/token") == 2
