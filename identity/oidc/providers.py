"""What is known of each provider: its description and its keys, fetched when needed and kept for a while."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import ProviderUnreachable
from identity.oidc.http import SECONDS, Answer, ask
from identity.oidc.key_set import VerificationKeys, read_key_set
from identity.oidc.metadata import ProviderMetadata, discovery_address, metadata_of, read_metadata

KEPT: Final = timedelta(hours=1)
"""Description and keys are read again after it; a withdrawn key is believed no longer than this."""
BETWEEN_REFRESHES: Final = timedelta(seconds=60)
"""For an unknown key the set is read again at most so often: tokens of an attacker cause no more requests."""

AFTER_FAILURE: Final = timedelta(seconds=10)
"""As long as a provider that did not answer is not asked again."""


@dataclass
class Provider:
    """One provider. Everything here can be lost: it is read again."""

    configuration: ProviderConfiguration
    patience_seconds: float = SECONDS
    _metadata: tuple[datetime, ProviderMetadata] | None = field(default=None, repr=False)
    _keys: tuple[datetime, VerificationKeys] | None = field(default=None, repr=False)
    _failed: tuple[datetime, str] | None = field(default=None, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def metadata(self, now: datetime) -> ProviderMetadata:
        """Its description. Raises: ProviderUnreachable, ProviderMisbehaved."""
        if self.configuration.plain is not None:
            return metadata_of(self.configuration, self.configuration.plain)
        async with self._lock:
            if self._metadata is None or now - self._metadata[0] > KEPT:
                body = await self._get(discovery_address(self.configuration.issuer), now)
                self._metadata = (now, read_metadata(body, self.configuration))
            return self._metadata[1]

    async def keys(self, now: datetime) -> VerificationKeys:
        """Its keys. Raises: ProviderUnreachable, ProviderMisbehaved."""
        return await self._read_keys(now, KEPT)

    async def newer_keys(self, now: datetime) -> VerificationKeys:
        """Its keys, read again unless that was done within the last minute: for a token that names an unknown one."""
        return await self._read_keys(now, BETWEEN_REFRESHES)

    async def ask(
        self,
        address: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to it. Raises: ProviderUnreachable, ProviderMisbehaved."""
        return await ask(
            address,
            form=form,
            headers=headers,
            seconds=self.patience_seconds,
            on_this_machine=self.configuration.loopback,
            certificates=self.configuration.certificates,
        )

    async def _read_keys(self, now: datetime, kept: timedelta) -> VerificationKeys:
        metadata = await self.metadata(now)
        async with self._lock:
            if self._keys is None or now - self._keys[0] > kept:
                self._keys = (now, read_key_set(await self._get(metadata.jwks_uri, now)))
            return self._keys[1]

    async def _get(self, address: str, now: datetime) -> bytes:
        # Whoever waited for the lock while a request ran into its time limit must not begin another one.
        if self._failed is not None and now - self._failed[0] < AFTER_FAILURE:
            raise ProviderUnreachable(self._failed[1])
        try:
            answer = await self.ask(address)
            if answer.status != 200:
                raise ProviderUnreachable(f"it answers {answer.status}")
        except ProviderUnreachable as error:
            self._failed = (now, error.what)
            raise
        self._failed = None
        return answer.body
