"""Every page of petitions, discussions, consultations, moderation and My page, in every state: route, reader, address.

Addresses come after the language, and are filled with the numbers of `participation.Scene`. A line is written
`reader: address`, and `(410)` after it where the page says that something is gone; readers are those of the scene,
or `visitor`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_STATUS: Final = re.compile(r"(.*) \((\d{3})\)")

PLACES: Final[Mapping[str, Sequence[str]]] = {
    "/{lang}/": ("visitor: /",),
    "/{lang}/open-data": ("visitor: /open-data",),
    "/{lang}/my": ("lan: /my", "newcomer: /my"),
    "/{lang}/data": ("visitor: /data",),
    "/{lang}/my/data": ("lan: /my/data",),
    "/{lang}/my/data/delete": ("lan: /my/data/delete", "moderator: /my/data/delete"),
    "/{lang}/account-deleted": ("visitor: /account-deleted",),
    "/{lang}/follow/{kind}/{id}": ("minh: /follow/petition/{answered}", "lan: /follow/topic/{thread}"),
    "/{lang}/my/news": ("minh: /my/news", "lan: /my/news", "newcomer: /my/news"),
    "/{lang}/my/activity": ("lan: /my/activity", "newcomer: /my/activity"),
    "/{lang}/confirm-address": ("visitor: /confirm-address?t=x (410)",),
    "/{lang}/stop-mails": ("visitor: /stop-mails?t=x (410)",),
    "/{lang}/staff": ("admin: /staff",),
    "/{lang}/staff/people": ("admin: /staff/people",),
    "/{lang}/staff/people/{person}": ("admin: /staff/people/{person}",),
    "/{lang}/trail": ("visitor: /trail",),
    "/{lang}/staff/trail": ("admin: /staff/trail",),
    "/{lang}/discussions": ("visitor: /discussions",),
    "/{lang}/discussions/new": ("lan: /discussions/new", "official: /discussions/new"),
    "/{lang}/office/discussions": ("official: /office/discussions",),
    "/{lang}/office/discussions/{thread}": ("official: /office/discussions/{thread}",),
    "/{lang}/discussions/on/{kind}/{place}": ("visitor: /discussions/on/petition/{petition}",),
    "/{lang}/discussions/{thread}": (
        "visitor: /discussions/{thread}",
        "lan: /discussions/{thread}?sort=newest",
        "official: /discussions/{thread}",
        "visitor: /discussions/{talk}",
        "lan: /discussions/{long}",
        "visitor: /discussions/{empty}",
    ),
    "/{lang}/discussions/{thread}/{number}": (
        "lan: /discussions/{thread}/1",
        "visitor: /discussions/{thread}/2",
        "visitor: /discussions/{talk}/2",
    ),
    "/{lang}/discussions/{thread}/{number}/replies": (),  # a part of the page of the thread
    "/{lang}/discussions/{thread}/{number}/edit": ("lan: /discussions/{thread}/1/edit",),
    "/{lang}/discussions/{thread}/{number}/history": ("visitor: /discussions/{thread}/1/history",),
    "/{lang}/discussions/{thread}/{number}/withdraw": ("lan: /discussions/{thread}/1/withdraw",),
    "/{lang}/office/petitions/settings/{part}": tuple(
        f"official: /office/petitions/settings/{part}"
        for part in ("bodies", "areas", "numbers", "thresholds")
    ),
    "/{lang}/office/petitions": ("official: /office/petitions",),
    "/{lang}/office/petitions/{petition}": tuple(
        f"official: /office/petitions/{{{one}}}" for one in ("answered", "petition")
    ),
    "/{lang}/office/petitions/{petition}/say/{deed}": tuple(
        f"official: /office/petitions/{{answered}}/say/{deed}"
        for deed in ("taken-up", "answer", "debate", "no-debate", "outcome")
    ),
    "/{lang}/office/petitions/{petition}/vote": ("official: /office/petitions/{answered}/vote",),
    "/{lang}/moderation/petitions/{petition}": tuple(
        f"moderator: /moderation/petitions/{{{one}}}" for one in ("waiting", "changed")
    ),
    "/{lang}/moderation/signatures": ("moderator: /moderation/signatures",),
    "/{lang}/moderation/signatures/{petition}": (
        "moderator: /moderation/signatures/{answered}",
        "moderator: /moderation/signatures/{answered}?look=yes&mark=disposable",
    ),
    "/{lang}/moderation": ("moderator: /moderation", "admin: /moderation"),
    "/{lang}/moderation/rules": ("visitor: /moderation/rules",),
    "/{lang}/moderation/record": ("visitor: /moderation/record",),
    "/{lang}/moderation/record/{number}": (
        "visitor: /moderation/record/1",
        "moderator: /moderation/record/1",
    ),
    "/{lang}/moderation/cases/{case}": (
        "moderator: /moderation/cases/{case}",
        "moderator: /moderation/cases/{untaken}",
        "admin: /moderation/cases/{case}",
    ),
    "/{lang}/moderation/appeals/{number}": (
        "admin: /moderation/appeals/3",
        "moderator: /moderation/appeals/3",
    ),
    "/{lang}/appeals": ("lan: /appeals", "newcomer: /appeals"),
    "/{lang}/appeals/{number}": ("lan: /appeals/3", "lan: /appeals/5"),
    "/{lang}/reports": ("minh: /reports", "newcomer: /reports"),
    "/{lang}/report/{kind}/{id}": (
        "minh: /report/contribution/{contribution}",
        "minh: /report/contribution/{contribution}?sent=yes",
        "minh: /report/petition/{petition}",
    ),
    "/{lang}/office/consultations": ("official: /office/consultations",),
    "/{lang}/office/consultations/new": ("official: /office/consultations/new",),
    "/{lang}/office/consultations/{hearing}": tuple(
        f"official: /office/consultations/{{{one}}}" for one in ("preparing", "hearing", "ended", "done")
    ),
    "/{lang}/office/consultations/{hearing}/edit": ("official: /office/consultations/{preparing}/edit",),
    "/{lang}/office/consultations/{hearing}/documents/new": (
        "official: /office/consultations/{preparing}/documents/new",
    ),
    "/{lang}/office/consultations/{hearing}/documents/{document}": (
        "official: /office/consultations/{hearing}/documents/{document}",
        "official: /office/consultations/{hearing}/documents/{document}?again=1",
        "official: /office/consultations/{done}/documents/{finished}",
    ),
    "/{lang}/office/consultations/{hearing}/questions/new": (
        "official: /office/consultations/{preparing}/questions/new",
    ),
    "/{lang}/office/consultations/{hearing}/questions/{number}": (
        "official: /office/consultations/{preparing}/questions/{question}",
    ),
    "/{lang}/office/consultations/{hearing}/themes/new": (
        "official: /office/consultations/{ended}/themes/new",
    ),
    "/{lang}/office/consultations/{hearing}/themes/{number}": (
        "official: /office/consultations/{ended}/themes/{theme}",
    ),
    "/{lang}/office/consultations/{hearing}/outcome": tuple(
        f"official: /office/consultations/{{{one}}}/outcome" for one in ("hearing", "ended", "done")
    ),
    "/{lang}/office/consultations/{hearing}/vote": ("official: /office/consultations/{done}/vote",),
    "/{lang}/consultations": ("visitor: /consultations",),
    "/{lang}/consultations/{hearing}": tuple(
        f"visitor: /consultations/{{{one}}}" for one in ("hearing", "ended", "done")
    ),
    "/{lang}/consultations/{hearing}/questions": (
        "lan: /consultations/{hearing}/questions",
        "minh: /consultations/{hearing}/questions?kept=1",
        "lan: /consultations/{ended}/questions",
    ),
    "/{lang}/consultations/{hearing}/answers/{question}": ("visitor: /consultations/{done}/answers/4",),
    "/{lang}/consultations/{hearing}/answers/{question}/{answer}": (
        "visitor: /consultations/{done}/answers/4/{answer}",
    ),
    "/{lang}/consultations/{hearing}/documents/{document}": (
        "visitor: /consultations/{hearing}/documents/{document}",
        "visitor: /consultations/{hearing}/documents/{document}?version=1",
    ),
    "/{lang}/consultations/{hearing}/documents/{document}/changes": (
        "visitor: /consultations/{hearing}/documents/{document}/changes",
    ),
    "/{lang}/consultations/{hearing}/documents/{document}/paragraphs/{paragraph}": (
        "visitor: /consultations/{hearing}/documents/{document}/paragraphs/{paragraph}",
    ),
    "/{lang}/petitions/{petition}/sign": (
        "visitor: /petitions/{petition}/sign",
        "newcomer: /petitions/{answered}/sign",
        "newcomer: /petitions/{sponsors}/sign",
        "visitor: /petitions/{closed}/sign",
    ),
    "/{lang}/petitions/{petition}/sign/sent": ("visitor: /petitions/{petition}/sign/sent",),
    "/{lang}/petitions/{petition}/sign/confirm": (
        "visitor: /petitions/{answered}/sign/confirm?t={token}",
        "visitor: /petitions/{answered}/sign/confirm?t=x (410)",
    ),
    "/{lang}/petitions/{petition}/receipt": ("visitor: /petitions/{answered}/receipt?r={receipt}",),
    "/{lang}/petitions/{petition}/receipt/file": (),  # a download
    "/{lang}/petitions/{petition}/receipt/withdraw": (
        "visitor: /petitions/{answered}/receipt/withdraw?r={receipt}",
    ),
    "/{lang}/petitions/{petition}/record": ("visitor: /petitions/{answered}/record",),
    "/{lang}/petitions/similar": ("visitor: /petitions/similar?action=đèn đường",),
    "/{lang}/petitions": ("visitor: /petitions", "visitor: /petitions?q=đèn", "visitor: /petitions?q=zzz"),
    "/{lang}/petitions/rejected": ("visitor: /petitions/rejected",),
    "/{lang}/petitions/answers": ("visitor: /petitions/answers",),
    "/{lang}/petitions/new": ("lan: /petitions/new",),
    "/{lang}/petitions/{petition}": tuple(
        f"visitor: /petitions/{{{one}}}"
        for one in (
            *("petition", "answered", "overdue", "sponsors", "waiting", "rejected"),
            *("hidden", "closed", "changed"),
        )
    ),
    "/{lang}/petitions/{petition}/versions": ("visitor: /petitions/{answered}/versions",),
    "/{lang}/petitions/{petition}/manage": tuple(
        f"lan: /petitions/{{{one}}}/manage"
        for one in (
            *("draft", "sponsors", "waiting", "petition", "rejected"),
            *("changed", "closed"),
        )
    ),
    "/{lang}/petitions/{petition}/edit": tuple(
        f"lan: /petitions/{{{one}}}/edit" for one in ("draft", "petition")
    ),
}

REFUSED: Final = (
    "lan: /petitions/new",
    "visitor: /petitions/{answered}/sign",
    "lan: /discussions/new",
    "lan: /discussions/{long}",
    "minh: /report/contribution/{contribution}",
    "moderator: /moderation/cases/{case}",
    "moderator: /moderation/petitions/{waiting}",
    "lan: /appeals/5",
    "official: /office/petitions/{answered}/say/answer",
    "official: /office/consultations/new",
    "official: /office/consultations/{preparing}/questions/new",
    "official: /office/consultations/{ended}/outcome",
    "lan: /consultations/{hearing}/questions",
    "lan: /my/data/delete",
)
"""Forms that are sent off empty, and come back."""


@dataclass(frozen=True)
class Place:
    """One line of the lists above."""

    line: str

    @property
    def reader(self) -> str:
        """Who reads it."""
        return self.line.partition(": ")[0]

    @property
    def status(self) -> int:
        """With which the page answers."""
        found = _STATUS.fullmatch(self.line)
        return int(found[2]) if found else 200

    def path(self, names: Mapping[str, str]) -> str:
        """Its address. names: numbers of what is on the site."""
        found = _STATUS.fullmatch(self.line)
        line = found[1] if found else self.line
        return line.partition(": ")[2].format_map(names)


def places() -> Iterator[Place]:
    """All pages, by route."""
    return (Place(line) for lines in PLACES.values() for line in lines)
