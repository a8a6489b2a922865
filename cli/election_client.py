"""What a program on a voter's or auditor's machine asks of an election's server (docs/API.md)."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cli.output import UnusableInput
from protocol.public_terms import PUBLIC_TERMS_BYTES_MAX

ANSWER_SECONDS: Final = 60
ANSWER_BYTES_MAX: Final = 1_000_000
DETAIL_CHARACTERS_MAX: Final = 500
NOTHING_STORED: Final = frozenset({"busy", "storage-full"})
"""The problems of a server's own making after which nothing was stored (docs/API.md)."""


class ServerRefuses(UnusableInput):
    """The server answered with a problem document and did nothing. `code` is its stable name."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class AnswerLost(UnusableInput):
    """No answer came, or a fault's: whether the request was carried out is unknown."""


class AnswerUnreadable(UnusableInput):
    """The server says that it did what was asked, in an answer that no right server gives."""


@dataclass(frozen=True)
class ElectionClient:
    """address: of the election in the API, `http://host/api/v1/elections/ID`."""

    address: str

    def __post_init__(self) -> None:
        if not self.address.startswith(("http://", "https://")):
            raise UnusableInput("The address must begin with http:// or https://.")

    def terms(self) -> bytes:
        """The bytes of `GET …/terms`, for `protocol.public_terms`."""
        return self._ask("/terms", limit_bytes=PUBLIC_TERMS_BYTES_MAX)

    def get(self, path: str) -> dict[str, Any]:
        """A JSON object. Raises: ServerRefuses, AnswerLost, AnswerUnreadable."""
        return _answer(self._ask(path))

    def post(self, path: str, data: bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send a canonical record; the JSON object that comes back. Raises: as `get`."""
        return _answer(self._ask(path, data, headers=headers))

    def _ask(
        self,
        path: str,
        data: bytes | None = None,
        limit_bytes: int = ANSWER_BYTES_MAX,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        try:
            request = urllib.request.Request(  # noqa: S310  (the scheme was checked)
                self.address.rstrip("/") + path,
                data=data,
                headers={"Content-Type": "application/json", **(headers or {})},
            )
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return bytes(answer.read(limit_bytes + 1))
        except urllib.error.HTTPError as error:
            raise _problem(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise AnswerLost(f"No answer came from {self.address}: {error}.") from error


def _problem(error: urllib.error.HTTPError) -> UnusableInput:
    """What an answer with an error's status means. A server that failed may have stored the ballot before."""
    try:
        problem = _object(error.read(ANSWER_BYTES_MAX))
    except (OSError, http.client.HTTPException):
        problem = None
    code = problem.get("code") if problem is not None else None
    detail = problem.get("detail") if problem is not None else None
    if not isinstance(code, str) or not isinstance(detail, str):
        return AnswerLost(f"The server answered {error.code} without saying why.")
    sentence = detail[:DETAIL_CHARACTERS_MAX]
    return (
        AnswerLost(sentence)
        if error.code >= 500 and code not in NOTHING_STORED
        else ServerRefuses(code, sentence)
    )


def _answer(data: bytes) -> dict[str, Any]:
    if len(data) > ANSWER_BYTES_MAX:
        raise AnswerUnreadable(f"The server's answer is longer than {ANSWER_BYTES_MAX} bytes.")
    found = _object(data)
    if found is None:
        raise AnswerUnreadable("The server's answer is not a JSON object.")
    return found


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
