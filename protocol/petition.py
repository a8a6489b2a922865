"""Signatures under a petition: entries of its log, receipts, and the recount that trusts nobody.

A petition has a log of its own, `<host>/petition/<id>`, whose leaves are the whole record: nothing beside them counts.
A signature is a commitment under a salt that only the site's row and the signer's receipt hold; withdrawing destroys
the row, and what stays says nothing about anybody.

Source: PROTOCOL section 13.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec

from crypto.checkpoint import Checkpoint, verify_checkpoint
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.merkle import CompactTree, leaf_hash, verify_inclusion
from crypto.signature import SigningKey, verify_signature
from crypto.transcript import tuple_hash
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.petition_text import PetitionId, PetitionTextRecord
from protocol.text import Base64url, Count, Identifier, Timestamp, parse_time, require_text

ENTRY_BYTES_MAX: Final = 65_534
REMOVED_AT_ONCE: Final = 5_000
"""Signatures of one removal: their numbers fit a leaf."""
REASON_CHARACTERS: Final = 500
SALT_BYTES: Final = 32
SIGNER_BYTES: Final = 16
RECEIPT_BYTES_MAX: Final = 65_536
INCLUSION_MAX: Final = 64


class PetitionBroken(ProtocolError):
    """A record of signatures that cannot be right. entry: the first one that is wrong, None for the whole."""

    code = "petition-broken"

    def __init__(self, reason: str, entry: int | None = None) -> None:
        super().__init__(reason if entry is None else f"Entry {entry}: {reason}")
        self.reason, self.entry = reason, entry


class _Entry(Record, frozen=True, kw_only=True, tag_field="kind"):
    """What every entry says. entry: its own number.  time: the hour in which it was made, never a minute."""

    entry: Count
    format: Literal["psephos/petition-entry/v1"] = "psephos/petition-entry/v1"
    petition: PetitionId
    time: Timestamp


class TextEntry(_Entry, frozen=True, kw_only=True, tag="text"):
    """From here on signatures are under this version of the words. text: digest of its record."""

    text: Base64url
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class SignatureEntry(_Entry, frozen=True, kw_only=True, tag="signature"):
    """Somebody signed. commitment: `commit`, 32 bytes.  text: digest of the words that they saw."""

    commitment: Base64url
    text: Base64url


class WithdrawalEntry(_Entry, frozen=True, kw_only=True, tag="withdrawal"):
    """A signature was taken back, or its signer's account deleted. signature: number of its entry."""

    signature: Count


class RemovalEntry(_Entry, frozen=True, kw_only=True, tag="removal"):
    """The site declares signatures invalid. batch: 1, 2, …  by: a role, no name.  signatures: entries, ascending.

    signed: by the log's key, over the record without this field, so that a removal can be quoted alone.
    """

    batch: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    by: Identifier
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARACTERS)]
    signatures: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1, max_length=REMOVED_AT_ONCE)]
    signed: Base64url

    def __post_init__(self) -> None:
        require_text(self.reason, REASON_CHARACTERS, "reason")


PetitionEntry = TextEntry | SignatureEntry | WithdrawalEntry | RemovalEntry


class PetitionKey(Record, frozen=True, kw_only=True):
    """`key.json` of an export: what its signatures are checked with. Compare the key with one that you know."""

    format: Literal["psephos/petition-bundle/v1"] = "psephos/petition-bundle/v1"
    log_key: Base64url
    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    petition: PetitionId


class PublishedCount(Record, frozen=True, kw_only=True):
    """`published.json`: what the petition's page said, and after how many entries of the log."""

    count: Count
    entries: Count
    format: Literal["psephos/petition-count/v1"] = "psephos/petition-count/v1"
    petition: PetitionId
    time: Timestamp


class PetitionReceipt(Record, frozen=True, kw_only=True):
    """What a signer keeps: the opened commitment, the entry, and the proof that it stands under a signed head."""

    area: Identifier | None
    checkpoint: Annotated[str, msgspec.Meta(max_length=4_096)]
    entry: SignatureEntry
    format: Literal["psephos/petition-receipt/v1"] = "psephos/petition-receipt/v1"
    inclusion: Annotated[tuple[Base64url, ...], msgspec.Meta(max_length=INCLUSION_MAX)]
    log_key: Base64url
    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    salt: Base64url
    signer: Base64url


def petition_origin(netloc: str, petition: str) -> str:
    """First line of the checkpoints of a petition's log. netloc: host of the site, with its port if it has one."""
    return f"{netloc}/petition/{petition}"


def site_of_origin(origin: str, petition: str) -> str:
    """The host whose log of this petition has this name. Raises: PetitionBroken.

    A host and nothing more: `host/mirror/petition/<id>` would be a second log under the same key, for other readers.
    """
    netloc, _, _ = origin.partition("/")
    if not netloc or origin != petition_origin(netloc, petition):
        raise PetitionBroken("The log's name does not belong to this petition.")
    return netloc


def hour_of(time: str) -> str:
    """A time as entries give it: the begun hour."""
    return f"{time[:14]}00:00Z"


def commit(salt: bytes, petition: str, text: bytes, signer: bytes, area: str | None) -> bytes:
    """The commitment, 32 bytes: HMAC-SHA256 under the salt, which no guess of signer and area replaces.

    salt: 32 random bytes, used once.  signer: 16 bytes that the site makes of the person for this petition alone.
    """
    if len(salt) != SALT_BYTES or len(signer) != SIGNER_BYTES:
        raise ValueError(f"A salt has {SALT_BYTES} bytes, a signer's mark {SIGNER_BYTES}.")
    items = [petition.encode("ascii"), text, signer, b"" if area is None else area.encode("ascii")]
    return hmac.new(salt, tuple_hash("petition-signature", items), hashlib.sha256).digest()


def decode_entry(data: bytes) -> PetitionEntry:
    """Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data, PetitionEntry, limit_bytes=ENTRY_BYTES_MAX)  # type: ignore[arg-type]


def sign_removal(removal: RemovalEntry, key: SigningKey) -> RemovalEntry:
    """The same with the signature of the log's key in `signed`."""
    return msgspec.structs.replace(removal, signed=encode_base64url(key.sign(_removal_message(removal))))


def verify_removal(removal: RemovalEntry, log_key: bytes) -> None:
    """Check a removal that is quoted alone. Raises: SignatureFailed, UnsoundPublicKey, MalformedEncoding."""
    verify_signature(log_key, _removal_message(removal), decode_base64url(removal.signed, 64))


def _removal_message(removal: RemovalEntry) -> bytes:
    unsigned = msgspec.structs.replace(removal, signed="")
    return tuple_hash("petition-removal", [encode_canonical(unsigned)])


class RecordTooOld(ProtocolError):
    """An export that was saved before the head that its reader kept: it says nothing about what came later."""

    code = "record-too-old"

    def __init__(self, entries: int, kept: int) -> None:
        super().__init__(
            f"This record has {entries} entries, and you kept a head or receipt of {kept}: save the record anew. "
            "If the site still gives fewer, it has taken entries away: keep both files."
        )
        self.entries, self.kept = entries, kept


@dataclass(frozen=True)
class Batch:
    """A removal as a reader sees it."""

    entry: int
    number: int
    time: str
    by: str
    reason: str
    count: int


@dataclass(frozen=True)
class Recount:
    """What the entries of a log say. by_text: digest of the words → signatures under them that count."""

    entries: int
    root: bytes
    count: int
    signed: int
    withdrawn: int
    removed: int
    by_text: Mapping[str, int]
    texts: Mapping[str, int]
    batches: Sequence[Batch]


_COUNTS, _WITHDRAWN, _REMOVED = "counts", "withdrawn", "removed"


@dataclass
class Recounter:
    """Takes the leaves of one log in order. roots, counts, times (of the last entry): of the sizes in `wanted`."""

    petition: str
    log_key: bytes
    wanted: frozenset[int] = frozenset()
    roots: dict[int, bytes] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    times: dict[int, str] = field(default_factory=dict)
    _tree: CompactTree = field(default_factory=CompactTree)
    _standing: dict[int, str] = field(default_factory=dict)
    _under: dict[int, str] = field(default_factory=dict)
    _commitments: set[str] = field(default_factory=set)
    _texts: dict[str, int] = field(default_factory=dict)
    _by_text: dict[str, int] = field(default_factory=dict)
    _batches: list[Batch] = field(default_factory=list)
    _current: str = ""
    _size: int = 0
    _count: int = 0
    _time: str = ""

    def __post_init__(self) -> None:
        self._note()

    def take(self, leaf: bytes) -> PetitionEntry:
        """One more entry; gives what it says. Raises: PetitionBroken."""
        at = self._size
        try:
            entry = decode_entry(leaf)
            moment = parse_time(entry.time)
        except (ProtocolError, ValueError) as error:
            raise PetitionBroken(str(error), at) from error
        if entry.entry != at:
            raise PetitionBroken(f"It says that it is entry {entry.entry}.", at)
        if entry.petition != self.petition:
            raise PetitionBroken("It is about another petition.", at)
        if moment.minute or moment.second:
            raise PetitionBroken("Its time is not a full hour.", at)
        if entry.time < self._time:
            raise PetitionBroken("It is older than the one before it.", at)
        match entry:
            case TextEntry():
                self._take_text(entry)
            case SignatureEntry():
                self._take_signature(entry)
            case WithdrawalEntry():
                self._end(entry.signature, _WITHDRAWN, at)
            case RemovalEntry():
                self._take_removal(entry)
        self._time = entry.time
        self._tree.append(leaf_hash(leaf))
        self._size += 1
        self._note()
        return entry

    def standing(self, entry: int) -> str | None:
        """`counts`, `withdrawn` or `removed`; None where the entry is no signature."""
        return self._standing.get(entry)

    def result(self) -> Recount:
        """What was counted so far."""
        ended = list(self._standing.values())
        return Recount(
            entries=self._size,
            root=self._tree.root(),
            count=self._count,
            signed=len(ended),
            withdrawn=ended.count(_WITHDRAWN),
            removed=ended.count(_REMOVED),
            by_text=dict(self._by_text),
            texts=dict(self._texts),
            batches=tuple(self._batches),
        )

    def _take_text(self, entry: TextEntry) -> None:
        _bytes_of(entry.text, 32, entry.entry)
        if entry.text in self._texts or entry.version <= max(self._texts.values(), default=0):
            raise PetitionBroken("This version of the words stood here before.", entry.entry)
        self._texts[entry.text] = entry.version
        self._by_text[entry.text] = 0
        self._current = entry.text

    def _take_signature(self, entry: SignatureEntry) -> None:
        _bytes_of(entry.commitment, 32, entry.entry)
        if not self._current or entry.text != self._current:
            raise PetitionBroken("It is not under the words that stood at that time.", entry.entry)
        if entry.commitment in self._commitments:
            raise PetitionBroken("The same signature stands here twice.", entry.entry)
        self._commitments.add(entry.commitment)
        self._standing[entry.entry], self._under[entry.entry] = _COUNTS, entry.text
        self._count += 1
        self._by_text[entry.text] += 1

    def _take_removal(self, entry: RemovalEntry) -> None:
        at = entry.entry
        if entry.batch != len(self._batches) + 1:
            raise PetitionBroken(f"It is batch {entry.batch}; the next is {len(self._batches) + 1}.", at)
        if any(
            first >= second for first, second in zip(entry.signatures, entry.signatures[1:], strict=False)
        ):
            raise PetitionBroken("Its signatures are not in ascending order, each once.", at)
        try:
            verify_removal(entry, self.log_key)
        except CryptoError as error:
            raise PetitionBroken(f"The site did not sign this removal: {error}", at) from error
        for number in entry.signatures:
            self._end(number, _REMOVED, at)
        size = len(entry.signatures)
        self._batches.append(Batch(at, entry.batch, entry.time, entry.by, entry.reason, size))

    def _end(self, signature: int, how: str, at: int) -> None:
        if self._standing.get(signature) != _COUNTS:
            raise PetitionBroken(f"Entry {signature} is no signature that counts.", at)
        self._standing[signature] = how
        self._count -= 1
        self._by_text[self._under[signature]] -= 1

    def _note(self) -> None:
        if self._size in self.wanted:
            self.roots[self._size] = self._tree.root()
            self.counts[self._size] = self._count
            self.times[self._size] = self._time


def verify_head(note: str, origin: str, log_key: bytes) -> Checkpoint:
    """A head that the log signed. Raises: PetitionBroken."""
    try:
        return verify_checkpoint(note, origin, log_key)
    except CryptoError as error:
        raise PetitionBroken(f"The head is not signed by this log: {error}") from error


def verify_petition_receipt(receipt: PetitionReceipt, origin: str, log_key: bytes) -> Checkpoint:
    """Check a receipt alone: the commitment opens to what it says, and the entry stands under a head that was signed.

    origin, log_key: of the log that the verifier knows, not those that the receipt names.  Raises: PetitionBroken.
    """
    if receipt.origin != origin or receipt.entry.petition != origin.rpartition("/")[2]:
        raise PetitionBroken("The receipt is about another petition or another site.")
    site_of_origin(origin, receipt.entry.petition)
    at = receipt.entry.entry
    try:
        if decode_base64url(receipt.log_key, 32) != log_key:
            raise PetitionBroken("The receipt names another key than the one that is known.")
        salt = decode_base64url(receipt.salt, SALT_BYTES)
        signer = decode_base64url(receipt.signer, SIGNER_BYTES)
        text = decode_base64url(receipt.entry.text, 32)
        made = commit(salt, receipt.entry.petition, text, signer, receipt.area)
        if decode_base64url(receipt.entry.commitment, 32) != made:
            raise PetitionBroken("The receipt does not open this entry.", at)
        head = verify_head(receipt.checkpoint, origin, log_key)
        proof = [decode_base64url(each, 32) for each in receipt.inclusion]
        verify_inclusion(leaf_hash(encode_canonical(receipt.entry)), at, head.size, proof, head.root)
    except CryptoError as error:
        raise PetitionBroken(f"The entry does not stand under the head: {error}", at) from error
    return head


def decode_petition_receipt(data: bytes) -> PetitionReceipt:
    """Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data.removesuffix(b"\n"), PetitionReceipt, limit_bytes=RECEIPT_BYTES_MAX)


@dataclass(frozen=True)
class PetitionVerdict:
    """A petition that was verified. words: of the versions whose text is in the export, by digest.

    site: the host that its log names.  standing: of the receipt's entry, None without a receipt.
    """

    key: PetitionKey
    site: str
    recount: Recount
    published: PublishedCount
    words: Mapping[str, PetitionTextRecord]
    standing: str | None


def verify_petition(
    key: PetitionKey,
    leaves: Callable[[], Iterable[bytes]],
    checkpoint: str,
    published: PublishedCount,
    texts: Sequence[PetitionTextRecord],
    *,
    petition: str,
    known_site: str | None = None,
    known_key: bytes | None = None,
    known_head: str | None = None,
    receipt: PetitionReceipt | None = None,
) -> PetitionVerdict:
    """Recount a petition from its export, and check what was published against it.

    petition: that the reader asks for.  known_site, known_key, known_head, receipt: what the reader brings.
    Raises: PetitionBroken; RecordTooOld for an honest record that ends before what the reader kept.
    """
    if key.petition != petition:
        raise PetitionBroken(f"The export is of petition {key.petition}.")
    site = site_of_origin(key.origin, petition)
    if known_site is not None and known_site != site:
        raise PetitionBroken(f"The export is of the log of {site}, not of {known_site}.")
    log_key = _bytes_of(key.log_key, 32, None)
    if known_key is not None and known_key != log_key:
        raise PetitionBroken("The export is signed with another key than the one that you know.")
    head = verify_head(checkpoint, key.origin, log_key)
    before = None if known_head is None else verify_head(known_head, key.origin, log_key)
    seen = None if receipt is None else verify_petition_receipt(receipt, key.origin, log_key)
    if published.petition != petition:
        raise PetitionBroken("The published count is of another petition.")
    heads = [each for each in (before, seen) if each is not None]
    recounter = Recounter(petition, log_key, frozenset({published.entries, *(each.size for each in heads)}))
    mine = None
    for leaf in leaves():
        entry = recounter.take(leaf)
        if receipt is not None and entry.entry == receipt.entry.entry:
            mine = entry
    found = recounter.result()
    if (found.entries, found.root) != (head.size, head.root):
        raise PetitionBroken(
            f"The head that was signed is of {head.size} entries; these {found.entries} are not the ones it covers."
        )
    for each in heads:
        if each.size <= head.size and recounter.roots.get(each.size) != each.root:
            raise PetitionBroken(
                f"This record does not continue the head of {each.size} entries that was given out."
            )
    if recounter.counts.get(published.entries) != published.count:
        raise PetitionBroken(
            f"{published.count} signatures were published after {published.entries} entries; "
            f"there are {recounter.counts.get(published.entries, 'none')}."
        )
    if published.time < recounter.times[published.entries]:
        raise PetitionBroken(f"The count of {published.time} is older than the entries that it counts.")
    if receipt is not None and receipt.entry.entry < head.size and mine != receipt.entry:
        raise PetitionBroken(
            "The entry of your receipt is not there, or it was changed.", receipt.entry.entry
        )
    words = {encode_base64url(text.digest): text for text in texts}
    for digest, text in words.items():
        if text.petition != petition or found.texts.get(digest) != text.version:
            raise PetitionBroken(f"Version {text.version} of the words is not the one that was signed.")
    newest = max((each.size for each in heads), default=0)
    if newest > head.size:
        raise RecordTooOld(head.size, newest)
    standing = None if receipt is None else recounter.standing(receipt.entry.entry)
    return PetitionVerdict(key, site, found, published, words, standing)


def _bytes_of(text: str, length: int, entry: int | None) -> bytes:
    try:
        return decode_base64url(text, length)
    except CryptoError as error:
        raise PetitionBroken(str(error), entry) from error
