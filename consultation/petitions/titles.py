"""Titles name no address: they stand in lists, on feeds and in mails that carry the authority's name.

Mail programs and other sites make a link of whatever looks like one. Addresses belong into the details, which are read
on the petition's own page.
"""

import re
from typing import Final

from consultation.errors import TextProblem, TextRefused

# A scheme, "www.", a mail address, a host with a path, or a host below a domain that is common in links. Abbreviations
# such as "TP.HCM" or "Q.Bình Thạnh" are none.
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*:\s?/\s?/|\bmailto:|\bwww\.|\S@[\w-]+\.\w|[\w-]\.[^\W\d_]{2,24}/"
    r"|[a-z0-9-]\.(?:app|asia|biz|cc|club|co|com|dev|edu|eu|gov|info|io|link|live|ly|me|net|online|org|page|ru|shop|site|"
    r"store|tk|to|top|uk|us|vip|vn|website|xyz)\b",
    re.IGNORECASE,
)


def require_no_address(title: str) -> None:
    """title: in one spelling, as `consultation.text.written` gives it. Raises: TextRefused."""
    if _ADDRESS.search(title.replace("\u3002", ".").replace("\uff0e", ".").replace("\uff61", ".")):
        raise TextRefused(TextProblem.ADDRESS)
