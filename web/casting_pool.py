"""Processes that check and store ballots: the arithmetic never runs on the event loop, nor beside it.

A ballot crosses as bytes and comes back as bytes or as a refusal, so that nothing else needs to travel.
"""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from crypto.errors import CryptoError
from protocol.canonical import encode_canonical
from protocol.errors import ProtocolError
from storage.engine import make_engine
from storage.errors import DatabaseBusy
from voting.casting import cast_ballot, post_challenge
from voting.errors import VotingError
from voting.office import Office
from voting.server_keys import ServerKeys

Deed = Literal["ballot", "challenge"]


@dataclass(frozen=True)
class Refusal:
    """Nothing was stored. code: stable.  sentence: for the person."""

    code: str
    sentence: str


class CastingPool:
    """The casting door of a running server. workers: processes, each with its own connection and key tables."""

    def __init__(self, database_url: str, secrets_folder: Path, workers: int) -> None:
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=_start,
            initargs=(database_url, secrets_folder),
        )

    async def put(self, deed: Deed, election_id: str, request: bytes) -> bytes | Refusal:
        """Cast a ballot or post a challenge; the canonical answer, or why not."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _put, deed, election_id, request)

    def close(self) -> None:
        """Let what is under way end, then stop."""
        self._pool.shutdown()


_office: Office | None = None


def _start(database_url: str, secrets_folder: Path) -> None:
    global _office  # noqa: PLW0603  (one office for the life of a worker process)
    _office = Office(make_engine(database_url), ServerKeys.open(secrets_folder))


def _put(deed: Deed, election_id: str, request: bytes) -> bytes | Refusal:
    if _office is None:
        raise RuntimeError("This process was not started by a casting pool.")
    try:
        if deed == "ballot":
            cast = cast_ballot(_office, election_id, request)
            return encode_canonical(
                {
                    "index": cast.index,
                    "leaf": cast.leaf,
                    "promise": cast.promise,
                    "sequence": cast.sequence,
                }
            )
        posted = post_challenge(_office, election_id, request)
        return encode_canonical({"index": posted.index, "leaf": posted.leaf})
    except (VotingError, ProtocolError) as error:
        return Refusal(error.code, str(error))
    except CryptoError as error:
        return Refusal("malformed-ballot", str(error))
    except DatabaseBusy as error:
        return Refusal("busy", str(error))
