"""What a program on a voter's or auditor's machine asks of an election's server (docs/API.md)."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from cli.output import UnusableInput
from protocol.public_terms import PUBLIC_TERMS_BYTES_MAX

ANSWER_SECONDS: Final = 60
ANSWER_BYTES_MAX: Final = 1_000_000


class ServerRefuses(UnusableInput):
    """The server answered with a problem document. `code` is its stable name."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class AnswerLost(UnusableInput):
    """No answer came: whether the request arrived is unknown."""


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
        """A JSON object. Raises: ServerRefuses, AnswerLost."""
        return _object(self._ask(path))

    def post(self, path: str, data: bytes) -> dict[str, Any]:
        """Send a canonical record; the JSON object that comes back. Raises: ServerRefuses, AnswerLost."""
        return _object(self._ask(path, data))

    def _ask(self, path: str, data: bytes | None = None, limit_bytes: int = ANSWER_BYTES_MAX) -> bytes:
        request = urllib.request.Request(  # noqa: S310  (the scheme was checked)
            self.address.rstrip("/") + path, data=data, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return bytes(answer.read(limit_bytes + 1))
        except urllib.error.HTTPError as error:
            problem = _object(error.read(ANSWER_BYTES_MAX))
            raise ServerRefuses(
                str(problem.get("code", error.code)), str(problem.get("detail", error.reason))
            ) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise AnswerLost(f"No answer came from {self.address}: {error}.") from error


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnusableInput("The server's answer is not a JSON object.")
    return found
