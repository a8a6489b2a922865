"""Visitors who open a mailed link, press its button and look at their receipt, one after the other.

PSEPHOS_LINKS names a file with a token in each line; each is used once. PSEPHOS_PETITION is the petition's number.
"""

import os
import re
from pathlib import Path
from typing import Final

from locust import FastHttpUser, task
from locust.contrib.fasthttp import FastResponse
from locust.exception import StopUser

TOKEN: Final = re.compile(r'name="csrf" value="([A-Za-z0-9_-]+)"')
OPEN, PRESS, RECEIPT = "open the link", "press the button", "see the receipt"
_LINKS: Final = iter(Path(os.environ["PSEPHOS_LINKS"]).read_text(encoding="ascii").split())
_HERE: Final = f"/en/petitions/{os.environ['PSEPHOS_PETITION']}/sign/confirm"


class Signer(FastHttpUser):  # type: ignore[misc, unused-ignore]
    """A browser that forgets its cookies after each signature: the next one is somebody else's."""

    @task  # type: ignore[untyped-decorator, unused-ignore]
    def sign(self) -> None:
        """Three requests are one signature."""
        link = next(_LINKS, None)
        if link is None:
            self.environment.runner.quit()
            raise StopUser
        self.client.cookiejar.clear()
        page = self._ask("GET", f"{_HERE}?t={link}", OPEN)
        found = TOKEN.search(page.text or "")
        if found is None:
            raise StopUser
        form = {"csrf": found[1], "t": link, "version": "1"}
        headers = self._ask("POST", _HERE, PRESS, form).headers
        self._ask("GET", str(headers["location"]) if headers else "", RECEIPT)

    def _ask(self, verb: str, path: str, name: str, form: dict[str, str] | None = None) -> FastResponse:
        headers = {"Origin": self.host or "", "Sec-Fetch-Site": "same-origin"}
        with self.client.request(
            verb, path, name=name, data=form, headers=headers, allow_redirects=False, catch_response=True
        ) as answer:
            right = {OPEN: 200, PRESS: 303, RECEIPT: 200}[name]
            if answer.status_code != right or (name == RECEIPT and "receipt/file" not in (answer.text or "")):
                answer.failure(f"answered with {answer.status_code}")
                raise StopUser
            shown: FastResponse = answer
            return shown
