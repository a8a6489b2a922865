"""Sign-in with a provider: `start` sends the browser there, `resume` and `identify` read what it brings back."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Engine

from identity.oidc import attempts
from identity.oidc.attempts import Waiting
from identity.oidc.authorization import (
    Attempt,
    authorization_address,
    authorization_parameters,
    make_attempt,
    new_secret,
    read_code,
    read_state,
    refusal,
    require_issuer,
)
from identity.oidc.client_authentication import prove_client
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.decryption import open_token
from identity.oidc.errors import IdTokenRefused, OidcError, ProviderMisbehaved, TokenCheck, UnknownAttempt
from identity.oidc.http import SECONDS, Answer
from identity.oidc.id_token import Asked, IdToken, UnknownKey, verify_id_token
from identity.oidc.metadata import ProviderMetadata
from identity.oidc.outcome import identity_of
from identity.oidc.possession import key_of, prove_possession
from identity.oidc.providers import Provider
from identity.types import Identity
from storage.session import reading, writing

CALLBACK: Final = "/sign-in/callback/"
"""Path that a provider sends the browser to, followed by the provider's id: each has an address of its own, so that
an answer of one is never taken for one of another (RFC 9700 §4.4.2)."""
MAX_REQUEST_URI: Final = 512

T = TypeVar("T")


@dataclass(frozen=True)
class Resumed:
    """A sign-in whose answer has come, and which is over with it."""

    waiting: Waiting
    attempt: Attempt = field(repr=False)


class _TokenAnswer(msgspec.Struct):
    id_token: str
    access_token: str | None = None


class _AccessAnswer(msgspec.Struct):
    access_token: str


class _PushedAnswer(msgspec.Struct):
    request_uri: str


class SignInProviders:
    """The providers of this server.

    clock: says the time, aware.  patience_seconds: for one request to a provider.
    """

    def __init__(
        self,
        configurations: Iterable[ProviderConfiguration],
        base_url: str,
        engine: Engine,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience_seconds: float = SECONDS,
    ) -> None:
        self._providers = {one.id: Provider(one, patience_seconds) for one in configurations}
        self._base_url, self._engine, self._clock = base_url, engine, clock

    def __contains__(self, provider_id: object) -> bool:
        return provider_id in self._providers

    def configuration(self, provider_id: str) -> ProviderConfiguration:
        """Raises: KeyError for one that is not configured."""
        return self._providers[provider_id].configuration

    async def start(self, provider_id: str, browser: bytes, language: str, next_path: str) -> str:
        """Begin a sign-in; gives the address that the browser goes to.

        browser: 32 secret bytes that only this browser has. Several sign-ins of one browser may be under way.
        Raises: ProviderUnreachable, ProviderMisbehaved, SignInRefused (of the pushed request); KeyError for a
        provider that is not configured.
        """
        provider, now = self._providers[provider_id], self._clock()
        metadata = await provider.metadata(now)
        state = new_secret()
        attempt = make_attempt(browser, state)
        parameters = authorization_parameters(
            provider.configuration, attempt, self._redirect_uri(provider_id), language
        )
        if metadata.pushing_endpoint is not None:
            parameters = await _push(provider, metadata.pushing_endpoint, parameters, attempt, now)
        await asyncio.to_thread(
            self._remember, state, browser, Waiting(provider_id, language, next_path, now)
        )
        return authorization_address(metadata, parameters)

    async def resume(self, provider_id: str, answer: Mapping[str, str], browser: bytes) -> Resumed:
        """Find the sign-in that `answer` belongs to, which came to the address of this provider from this browser.

        It is found once: whatever comes of it, the same answer finds nothing any more. Raises: UnknownAttempt.
        """
        state = read_state(answer.get("state", ""))
        waiting = await asyncio.to_thread(self._take, provider_id, state, browser, self._clock())
        return Resumed(waiting, make_attempt(browser, state))

    async def identify(self, resumed: Resumed, answer: Mapping[str, str]) -> Identity:
        """Who it is, after every check. Raises: every OidcError but UnusableConfiguration and UnknownAttempt."""
        waiting, attempt, now = resumed.waiting, resumed.attempt, self._clock()
        provider = self._providers[waiting.provider]
        metadata = await provider.metadata(now)
        require_issuer(provider.configuration, metadata, answer)
        exchanged = await self._exchange(provider, metadata, read_code(answer), attempt, now)
        if metadata.userinfo_endpoint is not None:
            return identity_of(
                await _ask_who(provider, metadata.userinfo_endpoint, _decode(exchanged, _AccessAnswer)),
                provider.configuration,
            )
        tokens, now = _decode(exchanged, _TokenAnswer), self._clock()
        asked = Asked(
            issuer=provider.configuration.issuer,
            client_id=provider.configuration.client_id,
            nonce=attempt.nonce,
            algorithms=provider.configuration.algorithms,
            started_at=waiting.started_at,
            max_age=provider.configuration.max_age,
        )
        return identity_of((await _check(provider, tokens, asked, now)).every, provider.configuration)

    async def _exchange(
        self,
        provider: Provider,
        metadata: ProviderMetadata,
        code: str,
        attempt: Attempt,
        now: datetime,
    ) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri(provider.configuration.id),
            "code_verifier": attempt.verifier,
        }
        answer = await _post(provider, metadata.token_endpoint, form, attempt, now)
        if answer.status != 200:
            raise _refused(answer)
        return answer

    def _redirect_uri(self, provider_id: str) -> str:
        return f"{self._base_url}{CALLBACK}{provider_id}"

    def _remember(self, state: bytes, browser: bytes, waiting: Waiting) -> None:
        with writing(self._engine) as session:
            attempts.remember(session, state, browser, waiting)

    def _take(self, provider_id: str, state: bytes, browser: bytes, now: datetime) -> Waiting:
        with reading(self._engine) as session:
            if not attempts.is_waiting(session, state):
                raise UnknownAttempt
        with writing(self._engine) as session:
            row = attempts.take(session, state)
        return attempts.require_attempt(row, browser, provider_id, now)


async def _post(
    provider: Provider, address: str, form: Mapping[str, str], attempt: Attempt, now: datetime
) -> Answer:
    """A request that proves which client it is of, and where the provider wants it also of which sign-in.

    A provider may answer with a nonce that has to be repeated (RFC 9449 §8); it gets one second request, not more,
    with a proof of its own: each is good once.
    """

    async def once(nonce: str | None) -> Answer:
        proof, headers = prove_client(provider.configuration, now), {}
        if provider.configuration.possession:
            headers["DPoP"] = prove_possession(key_of(attempt.possession), "POST", address, now, nonce)
        return await provider.ask(address, {**form, **proof.parameters}, {**proof.headers, **headers})

    answer = await once(None)
    if provider.configuration.possession and answer.status in (400, 401) and answer.possession_nonce:
        return await once(answer.possession_nonce)
    return answer


async def _push(
    provider: Provider, endpoint: str, parameters: Mapping[str, str], attempt: Attempt, now: datetime
) -> dict[str, str]:
    """Send the request ahead (RFC 9126 §2); what is left for the browser is a reference to it."""
    answer = await _post(provider, endpoint, parameters, attempt, now)
    if answer.status != 201:
        raise _refused(answer)
    request_uri = _decode(answer, _PushedAnswer).request_uri
    if not 1 <= len(request_uri) <= MAX_REQUEST_URI or not request_uri.isascii():
        raise ProviderMisbehaved("its reference to the pushed request cannot be used")
    return {"client_id": provider.configuration.client_id, "request_uri": request_uri}


async def _check(provider: Provider, tokens: _TokenAnswer, asked: Asked, now: datetime) -> IdToken:
    token = open_token(tokens.id_token, provider.configuration.decryption)
    try:
        keys = await provider.keys(now)
        return verify_id_token(token, keys, asked, tokens.access_token, now)
    except UnknownKey:
        keys = await provider.newer_keys(now)
    try:
        return verify_id_token(token, keys, asked, tokens.access_token, now)
    except UnknownKey:
        raise IdTokenRefused(TokenCheck.KEY) from None


async def _ask_who(provider: Provider, address: str, tokens: _AccessAnswer) -> dict[str, Any]:
    """What a service that speaks OAuth 2.0 only says of whoever has just signed in."""
    if not tokens.access_token.isascii() or not tokens.access_token.isprintable():
        raise ProviderMisbehaved("its access token cannot be used")
    answer = await provider.ask(address, headers={"Authorization": f"Bearer {tokens.access_token}"})
    if answer.status != 200:
        raise _refused(answer)
    return _decode(answer, dict[str, Any])


def _refused(answer: Answer) -> OidcError:
    """The error that the provider names in a refusal (RFC 6749 §5.2)."""
    try:
        document = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ProviderMisbehaved(f"it answers {answer.status} without saying why")
    return refusal(document.get("error"))


def _decode(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProviderMisbehaved("its answer lacks what it must hold") from error
