"""The manifest: what is asked, of whom, when, under which keys. Frozen with the fingerprint."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from crypto.key_size import KeySize
from crypto.note import MAX_SIGNATURES, require_key_name
from crypto.signature import require_sound_public_key
from protocol.canonical import Record, decode_canonical
from protocol.errors import MalformedRecord, ManifestInvalid
from protocol.text import (
    Base64url,
    Count,
    ElectionId,
    Identifier,
    LocalText,
    Timestamp,
    format_time,
    parse_time,
    require_text,
)

MANIFEST_BYTES_MAX = 1_000_000
PROOF_BRANCHES_MAX = 4096
DOCUMENTS_MAX = 20
EXTENSION_SECONDS_MAX = 604_800
# A signed note carries at most 16 signatures, and one of them is the log's own.
WITNESSES_MAX = MAX_SIGNATURES - 1
BLANK = "blank"
RANKED_OPTIONS_MAX = 8
"""A ranking of k options takes k² + 1 ciphertexts."""
POSITION_POINTS_MAX = 1000
"""Room for 1, 1/2, …, 1/8 as 840, 420, …, 105; and a score is below 2^53 for every roll."""

PositionPoints = Annotated[int, msgspec.Meta(ge=0, le=POSITION_POINTS_MAX)]


class Option(Record, frozen=True):
    """One thing that can be chosen. id: unique in its question, never `blank`."""

    id: Identifier
    label: LocalText


class ChooseOne(Record, frozen=True, tag_field="kind", tag="choose-one"):
    """Exactly one option, or the blank slot that is added after the last."""

    id: Identifier
    text: LocalText
    options: tuple[Option, ...]


class Approval(Record, frozen=True, tag_field="kind", tag="approval"):
    """Between `min` and `max` of the options."""

    id: Identifier
    text: LocalText
    options: tuple[Option, ...]
    min: Count
    max: Count


class Points(Record, frozen=True, tag_field="kind", tag="points"):
    """0 to `points_max` for each option, `total_min` to `total_max` together."""

    id: Identifier
    text: LocalText
    options: tuple[Option, ...]
    points_max: Count
    total_min: Count
    total_max: Count


class Ranking(Record, frozen=True, tag_field="kind", tag="ranking"):
    """All options in an order, one at each position, or the blank slot that is added after the last.

    positions: the points that position 1, 2, … gives (for k options Borda's are k − 1, …, 0); never rising, and more
    for the first than for the last.
    """

    id: Identifier
    text: LocalText
    options: tuple[Option, ...]
    positions: tuple[PositionPoints, ...]


Question = ChooseOne | Approval | Points | Ranking


class NamedKey(Record, frozen=True):
    """A person or machine that signs, with its Ed25519 public key (base64url).

    A witness's name stands in its signature lines, so it has no spaces and no “+”.
    """

    key: Base64url
    name: str


class Area(Record, frozen=True):
    """A counting area."""

    id: Identifier
    name: LocalText


class SmallAreas(Record, frozen=True):
    """When a group of areas may be opened on its own (PROTOCOL section 8)."""

    max_share: tuple[Count, Count]
    min_credentials: Count
    min_same_weight: Count
    open_whole: bool


STRICT_SMALL_AREAS = SmallAreas(max_share=(1, 3), min_credentials=10, min_same_weight=3, open_whole=False)
RELAXED_SMALL_AREAS = SmallAreas(max_share=(1, 1), min_credentials=1, min_same_weight=1, open_whole=True)


class Document(Record, frozen=True):
    """A file that voters should read, bound by its SHA-256 digest. bytes: its length.  media_type: as in RFC 6838."""

    bytes: Count
    media_type: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}\Z")
    ]
    name: LocalText
    sha256: Base64url


class Manifest(Record, frozen=True):
    """All that is settled before the key is made. Field by field: PROTOCOL section 4."""

    areas: tuple[Area, ...]
    authority: LocalText
    bits: Literal[2048, 3072]
    ceremony: Literal["separate-machines", "one-machine"]
    closes_at: Timestamp
    documents: tuple[Document, ...]
    election: ElectionId
    extension_seconds: Annotated[int, msgspec.Meta(ge=0, le=EXTENSION_SECONDS_MAX)]
    format: Literal["psephos/manifest/v1"]
    log_key: Base64url
    log_origin: Annotated[str, msgspec.Meta(pattern=r"^[!-*,-~]{1,128}\Z")]
    objection_seconds: Annotated[int, msgspec.Meta(ge=0, le=2_592_000)]
    opens_at: Timestamp
    promise_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)]
    questions: tuple[Question, ...]
    quorum: tuple[Count, Count] | None
    registrar_key: Base64url | None
    rehearsal: bool
    revoting: bool
    server_key: Base64url
    sign_in: Literal["none", "required"]
    small_areas: SmallAreas
    threshold: Annotated[int, msgspec.Meta(ge=1, le=10)]
    time_zone: str
    title: LocalText
    trustees: tuple[NamedKey, ...]
    witnesses: tuple[NamedKey, ...]

    def __post_init__(self) -> None:
        try:
            _require_limits(self)
        except (ValueError, CryptoError) as error:
            raise ValueError(str(error)) from error

    @property
    def size(self) -> KeySize:
        """The key size that `bits` names."""
        return KeySize(self.bits)

    @property
    def asks_sign_in(self) -> bool:
        """Whether a ballot is taken only from a person who has signed in, one person for one voting code."""
        return self.sign_in == "required"

    @property
    def latest_closes_at(self) -> str:
        """The latest time to which extensions can move the closing."""
        return format_time(parse_time(self.closes_at) + timedelta(seconds=self.extension_seconds))

    @property
    def statement_quorum(self) -> int:
        """How many identical closing statements precede an opening: two such sets share an honest trustee."""
        return (len(self.trustees) + self.threshold + 1) // 2

    @property
    def witness_quorum(self) -> int:
        """More than half of the witnesses; 0 when none is named."""
        return len(self.witnesses) // 2 + 1 if self.witnesses else 0

    def trustee_key(self, trustee: int) -> bytes:
        """Public key of trustee 1 … N. Raises: ManifestInvalid for another number."""
        if not 1 <= trustee <= len(self.trustees):
            raise ManifestInvalid(f"There is no trustee {trustee}.")
        return decode_base64url(self.trustees[trustee - 1].key, 32)

    def warnings(self) -> tuple[str, ...]:
        """Codes of what this election does without; verifier and pages show a sentence for each."""
        found = []
        if self.bits == 2048:
            found.append("112-bit")
        if len(self.trustees) == 1:
            found.append("single-trustee")
        elif self.ceremony == "one-machine":
            found.append("one-machine-ceremony")
        if not self.witnesses:
            found.append("not-witnessed")
        if self.objection_seconds == 0:
            found.append("no-objection-time")
        if _is_relaxed(self.small_areas):
            found.append("small-areas-relaxed")
        if self.rehearsal:
            found.append("rehearsal")
        return tuple(found)


def decode_manifest(body: bytes) -> Manifest:
    """Raises: ManifestInvalid (naming what is wrong), RecordTooLarge."""
    try:
        return decode_canonical(body, Manifest, limit_bytes=MANIFEST_BYTES_MAX)
    except MalformedRecord as error:
        raise ManifestInvalid(str(error)) from error


def _is_relaxed(rule: SmallAreas) -> bool:
    share, strict = rule.max_share, STRICT_SMALL_AREAS.max_share
    return (
        rule.min_credentials < STRICT_SMALL_AREAS.min_credentials
        or rule.min_same_weight < STRICT_SMALL_AREAS.min_same_weight
        or share[0] * strict[1] > strict[0] * share[1]
        or rule.open_whole
    )


def _require_limits(manifest: Manifest) -> None:
    manifest.title.require(200, "title")
    manifest.authority.require(200, "authority")
    require_text(manifest.time_zone, 64, "time_zone")
    if parse_time(manifest.opens_at) >= parse_time(manifest.closes_at):
        raise ValueError("the election must open before it closes")
    try:
        _ = manifest.latest_closes_at
    except OverflowError as error:
        raise ValueError("extension_seconds reach beyond the last year") from error
    _require_documents(manifest.documents)
    if manifest.quorum is not None and not 1 <= manifest.quorum[0] <= manifest.quorum[1]:
        raise ValueError("quorum must be a fraction a/b with 1 <= a <= b")
    _require_count(manifest.questions, 1, 20, "questions")
    _require_distinct([question.id for question in manifest.questions], "question ids")
    for question in manifest.questions:
        _require_question(question)
    _require_count(manifest.areas, 1, 1000, "areas")
    _require_distinct([area.id for area in manifest.areas], "area ids")
    for area in manifest.areas:
        area.name.require(200, f"name of area {area.id}")
    _require_trustees(manifest)
    _require_count(manifest.witnesses, 0, WITNESSES_MAX, "witnesses")
    _require_keys(manifest.witnesses, "witness")
    for witness in manifest.witnesses:
        require_key_name(witness.name)
    for name, key in (("log_key", manifest.log_key), ("server_key", manifest.server_key)):
        require_sound_public_key(_key_bytes(key, name))
    _require_registrar(manifest)
    share = manifest.small_areas.max_share
    if not 1 <= share[0] <= share[1]:
        raise ValueError("small_areas.max_share must be a fraction a/b with 1 <= a <= b")
    if manifest.small_areas.min_credentials < 1 or manifest.small_areas.min_same_weight < 1:
        raise ValueError("small_areas minima are at least 1")


def _require_question(question: Question) -> None:
    question.text.require(500, f"text of question {question.id}")
    least = 2 if isinstance(question, ChooseOne | Ranking) else 1
    most = RANKED_OPTIONS_MAX if isinstance(question, Ranking) else 200
    _require_count(question.options, least, most, f"options of question {question.id}")
    ids = [option.id for option in question.options]
    _require_distinct(ids, f"option ids of question {question.id}")
    if BLANK in ids:
        raise ValueError(f"question {question.id}: the option id {BLANK!r} is reserved")
    for option in question.options:
        option.label.require(300, f"label of option {option.id}")
    if isinstance(question, Approval) and not (
        question.min <= question.max <= len(question.options) and question.max >= 1
    ):
        raise ValueError(f"question {question.id}: min and max must satisfy min <= max <= options, max >= 1")
    if isinstance(question, Points) and not (
        1 <= question.points_max <= 20
        and question.total_min <= question.total_max <= len(question.options) * question.points_max
        and question.total_max >= 1
    ):
        raise ValueError(
            f"question {question.id}: points_max 1 to 20, total_min <= total_max <= options * points_max"
        )
    if isinstance(question, Ranking):
        _require_positions(question)


def _require_positions(question: Ranking) -> None:
    points = question.positions
    if len(points) != len(question.options):
        raise ValueError(f"question {question.id}: positions must give points for each of its options")
    if any(later > earlier for earlier, later in pairwise(points)) or points[0] == points[-1]:
        raise ValueError(
            f"question {question.id}: the points of positions must never rise, and the first must give more "
            "than the last"
        )


def _require_documents(documents: Sequence[Document]) -> None:
    _require_count(documents, 0, DOCUMENTS_MAX, "documents")
    for number, document in enumerate(documents, start=1):
        document.name.require(200, f"name of document {number}")
        _key_bytes(document.sha256, f"sha256 of document {number}")
    _require_distinct([document.sha256 for document in documents], "document digests")


def _require_registrar(manifest: Manifest) -> None:
    """The registrar is not the server: who signs revocations must not be who appends them."""
    if manifest.registrar_key is None:
        return
    require_sound_public_key(_key_bytes(manifest.registrar_key, "registrar_key"))
    if manifest.registrar_key in {manifest.log_key, manifest.server_key}:
        raise ValueError("registrar_key must not be a key of the server")


def _require_trustees(manifest: Manifest) -> None:
    count, threshold = len(manifest.trustees), manifest.threshold
    _require_count(manifest.trustees, 1, 10, "trustees")
    if not ((count, threshold) == (1, 1) or (count >= 3 and threshold == 2)):
        raise ValueError(
            f"{threshold} of {count} trustees is not offered: one returning officer alone, or 2 of 3 to 10 trustees"
        )
    _require_keys(manifest.trustees, "trustee")


def _require_keys(named: Sequence[NamedKey], role: str) -> None:
    for number, holder in enumerate(named, start=1):
        require_text(holder.name, 100, f"name of {role} {number}")
        require_sound_public_key(_key_bytes(holder.key, f"key of {role} {number}"))
    _require_distinct([holder.key for holder in named], f"{role} keys")


def _key_bytes(text: str, name: str) -> bytes:
    try:
        return decode_base64url(text, 32)
    except CryptoError as error:
        raise ValueError(f"{name}: {error}") from error


def _require_count(items: Sequence[object], least: int, most: int, name: str) -> None:
    if not least <= len(items) <= most:
        raise ValueError(f"{len(items)} {name}; {least} to {most} are allowed")


def _require_distinct(items: Sequence[str], name: str) -> None:
    if len(set(items)) != len(items):
        raise ValueError(f"{name} are not distinct")
