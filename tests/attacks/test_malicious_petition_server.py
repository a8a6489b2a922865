"""A site that cheats with the signatures of a petition, against a stranger with its export and a signer's receipt."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from consultation.signing.ending import remove_signatures, withdraw
from consultation.signing.models import PetitionSignature
from crypto.checkpoint import Checkpoint, sign_checkpoint
from crypto.encoding import encode_base64url
from crypto.merkle import leaf_hash, root_hash
from crypto.signature import SigningKey
from protocol.canonical import encode_canonical
from protocol.errors import ProtocolError
from protocol.petition import (
    PetitionBroken,
    PetitionReceipt,
    RecordTooOld,
    RemovalEntry,
    SignatureEntry,
    decode_entry,
    sign_removal,
    verify_petition_receipt,
)
from storage.session import writing
from tests.support.petitions import petitions_under_test
from tests.support.signatures import Signatures, recounted
from verifier.petition import PetitionRequest

Change = Callable[[list[Any]], list[Any]]
SITE = "localhost:8000"
TEXT, FIRST, SECOND, THIRD, WITHDRAWAL, REMOVAL = range(6)


@dataclass
class Record:
    """An honest record: words, three signatures, one taken back, one removed; and the third signer's receipt."""

    petition: str
    other: str
    files: dict[str, bytes]
    receipt: PetitionReceipt
    key: SigningKey
    origin: str

    @property
    def entries(self) -> list[Any]:
        return [decode_entry(line) for line in self.files["board.jsonl"].splitlines()]

    def forged(self, change: Change, *, count: int | None = None) -> dict[str, bytes]:
        """What the site exports after it has changed entries and signed a new head over them."""
        leaves = [encode_canonical(entry) for entry in change(self.entries)]
        root = root_hash([leaf_hash(leaf) for leaf in leaves])
        note = sign_checkpoint(Checkpoint(self.origin, len(leaves), root), self.key)
        published = msgspec.json.decode(self.files["published.json"])
        published["entries"] = len(leaves)
        if count is not None:
            published["count"] = count
        return self.files | {
            "board.jsonl": b"".join(leaf + b"\n" for leaf in leaves),
            "checkpoint": note.encode(),
            "published.json": encode_canonical(published) + b"\n",
        }


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    folder = tmp_path_factory.mktemp("cheating")
    with petitions_under_test(f"sqlite:///{folder / 'site.db'}", folder) as room:
        signatures, petition, other = Signatures(room.site), room.published(), room.published()
        first, second, third = (signatures.sign(petition) for _ in range(3))
        signatures.sign(other)
        desk = room.site.desk
        with writing(desk.engine) as session:
            withdraw(desk, session, first)
            number = session.scalars(
                select(PetitionSignature.id).where(PetitionSignature.key == second)
            ).one()
            remove_signatures(
                desk, session, petition, [number], "One program", room.moderator.actor, desk.clock()
            )
        room.site.clock.wait(minutes=1)
        receipt = signatures.receipt(third)
        yield Record(petition, other, signatures.files(petition), receipt, desk.keys.log, receipt.origin)


def verdict(record: Record, folder: Path, files: dict[str, bytes], *, receipt: bool = True) -> Any:
    request = PetitionRequest(
        record.petition, SITE, record.key.public_key, receipt=record.receipt if receipt else None
    )
    return recounted(folder, files, request)


def renumbered(entries: list[Any]) -> list[Any]:
    return [msgspec.structs.replace(entry, entry=number) for number, entry in enumerate(entries)]


def changed(at: int, **fields: Any) -> Change:
    def change(entries: list[Any]) -> list[Any]:
        entries[at] = msgspec.structs.replace(entries[at], **fields)
        return entries

    return change


def until(at: int) -> Change:
    return lambda entries: entries[:at]


def test_the_honest_record_verifies(record: Record, tmp_path: Path) -> None:
    found = verdict(record, tmp_path, record.files)
    assert (found.recount.count, found.standing) == (1, "counts")
    same = record.forged(lambda entries: entries)
    assert verdict(record, tmp_path, same).recount.count == 1


def dropped(entries: list[Any]) -> list[Any]:
    return renumbered(entries[:THIRD] + entries[WITHDRAWAL:])


def doubled(entries: list[Any]) -> list[Any]:
    return [*entries, msgspec.structs.replace(entries[THIRD], entry=len(entries))]


def swapped(entries: list[Any]) -> list[Any]:
    entries[FIRST], entries[THIRD] = entries[THIRD], entries[FIRST]
    return renumbered(entries)


ATTACKS: dict[str, tuple[Change, int, str]] = {
    "drop a signature": (dropped, 0, "did not sign this removal"),
    "double a signature": (doubled, 2, "stands here twice"),
    "swap two": (swapped, 1, "does not continue the head"),
    "another commitment": (changed(THIRD, commitment=encode_base64url(bytes(32))), 1, "does not continue"),
    "a time of the past": (changed(THIRD, time="2020-01-01T00:00:00Z"), 1, "older than the one before"),
    "a minute": (changed(THIRD, time="2030-01-01T00:01:00Z"), 1, "not a full hour"),
    "a day that is none": (changed(THIRD, time="2030-02-30T00:00:00Z"), 1, "cannot|day is out of range"),
    "another petition": (changed(THIRD, petition="0" * 16), 1, "another petition"),
    "words never shown": (changed(THIRD, text=encode_base64url(b"x" * 32)), 1, "not under the words"),
    "another number": (changed(THIRD, entry=7), 1, "says that it is entry 7"),
    "take back what is no signature": (changed(WITHDRAWAL, signature=TEXT), 1, "no signature that counts"),
    "take back the future": (changed(WITHDRAWAL, signature=99), 1, "no signature that counts"),
    "take back a second time": (
        lambda entries: [*entries, msgspec.structs.replace(entries[WITHDRAWAL], entry=6)],
        0,
        "no signature that counts",
    ),
    "a batch number is left out": (changed(REMOVAL, batch=2), 1, "batch 2; the next is 1"),
    "the reason of a removal": (changed(REMOVAL, reason="Other"), 1, "did not sign this removal"),
    "more in a removal": (changed(REMOVAL, signatures=(SECOND, THIRD)), 0, "did not sign this removal"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_record_that_was_changed_and_signed_again(record: Record, tmp_path: Path, name: str) -> None:
    change, count, reason = ATTACKS[name]
    with pytest.raises(PetitionBroken, match=reason):
        verdict(record, tmp_path, record.forged(change, count=count))


def test_a_removal_in_wrong_order_is_refused_though_it_is_signed(record: Record, tmp_path: Path) -> None:
    def change(entries: list[Any]) -> list[Any]:
        removal: RemovalEntry = msgspec.structs.replace(entries[REMOVAL], signatures=(THIRD, SECOND))
        entries[REMOVAL] = sign_removal(removal, record.key)
        return entries

    with pytest.raises(PetitionBroken, match="ascending"):
        verdict(record, tmp_path, record.forged(change, count=0), receipt=False)


def test_a_count_on_the_page_that_the_record_does_not_give(record: Record, tmp_path: Path) -> None:
    with pytest.raises(PetitionBroken, match="9 signatures were published"):
        verdict(record, tmp_path, record.forged(lambda entries: entries, count=9), receipt=False)


def test_a_count_published_before_its_entries_were_made(record: Record, tmp_path: Path) -> None:
    published = msgspec.json.decode(record.files["published.json"])
    published["time"] = "2001-01-01T00:00:00Z"
    files = record.files | {"published.json": encode_canonical(published) + b"\n"}
    with pytest.raises(PetitionBroken, match="older than the entries"):
        verdict(record, tmp_path, files, receipt=False)


@pytest.mark.parametrize("before", ["mirror.example", f"{SITE}/mirror", f"/{SITE}", ""])
def test_a_second_log_for_other_readers(record: Record, tmp_path: Path, before: str) -> None:
    """The same petition, the same key, fewer entries: no two heads of one log contradict each other."""
    origin = f"{before}/petition/{record.petition}"
    second = replace(record, origin=origin).forged(lambda entries: entries[:SECOND], count=1)
    key = msgspec.json.decode(record.files["key.json"]) | {"origin": origin}
    second["key.json"] = encode_canonical(key) + b"\n"
    with pytest.raises(PetitionBroken, match=r"not of localhost|does not belong"):
        verdict(record, tmp_path, second, receipt=False)
    # Control: whoever does not say which site they mean is told which one it is.
    if before == "mirror.example":
        request = PetitionRequest(record.petition, log_key=record.key.public_key)
        assert recounted(tmp_path, second, request).site == before


def test_an_earlier_head_is_no_excuse(record: Record, tmp_path: Path) -> None:
    """The receipt was given for a larger head: a shorter record, honest in itself, does not reach it.

    It may have been saved before the receipt, so it is not called refuted; it is not called verified either.
    """
    for at, count in ((WITHDRAWAL, 3), (REMOVAL, 2), (THIRD, 2)):
        with pytest.raises(RecordTooOld, match=rf"has {at} entries, and you kept a head or receipt of 6"):
            verdict(record, tmp_path, record.forged(until(at), count=count))
    other = changed(THIRD, commitment=encode_base64url(bytes(32)))
    with pytest.raises(PetitionBroken, match="your receipt is not there"):
        verdict(record, tmp_path, record.forged(lambda entries: other(entries)[:REMOVAL], count=2))


def test_another_key_and_another_head(record: Record, tmp_path: Path) -> None:
    stranger = SigningKey.from_seed(bytes(32))
    with pytest.raises(PetitionBroken, match="another key"):
        recounted(tmp_path, record.files, PetitionRequest(record.petition, log_key=stranger.public_key))
    note = sign_checkpoint(Checkpoint(record.origin, 6, bytes(32)), stranger)
    with pytest.raises(PetitionBroken, match="not signed by this log"):
        verdict(record, tmp_path, record.files | {"checkpoint": note.encode()})
    with pytest.raises(PetitionBroken, match="is of petition"):
        recounted(tmp_path, record.files, PetitionRequest(record.other))


@pytest.mark.parametrize("name", ["board.jsonl", "checkpoint", "key.json", "published.json", "texts.jsonl"])
def test_no_byte_of_a_record_is_free(record: Record, tmp_path: Path, name: str) -> None:
    data = record.files[name]
    for at in range(0, len(data), max(1, len(data) // 40)):
        other = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        if name == "published.json" and verifies_with(record, tmp_path, record.files | {name: other}):
            # Only when the page said so is the site's word alone.
            assert b'"time"' in other
            continue
        with pytest.raises(PetitionBroken):
            verdict(record, tmp_path, record.files | {name: other})


def verifies_with(record: Record, folder: Path, files: dict[str, bytes]) -> bool:
    try:
        verdict(record, folder, files)
    except PetitionBroken:
        return False
    return True


RECEIPTS: dict[str, dict[str, Any]] = {
    "another area": {"area": "north"},
    "another salt": {"salt": encode_base64url(bytes(32))},
    "another signer": {"signer": encode_base64url(bytes(16))},
    "a short salt": {"salt": encode_base64url(bytes(8))},
    "another origin": {"origin": "localhost:8000/petition/" + "0" * 16},
    "another key": {"log_key": encode_base64url(bytes(32))},
    "no proof": {"inclusion": ()},
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_that_was_changed(record: Record, name: str) -> None:
    receipt = msgspec.structs.replace(record.receipt, **RECEIPTS[name])
    with pytest.raises(ProtocolError):
        verify_petition_receipt(receipt, record.origin, record.key.public_key)


def test_a_receipt_moved_to_another_entry_or_petition(record: Record) -> None:
    key, entry = record.key.public_key, record.receipt.entry
    other: SignatureEntry = msgspec.structs.replace(entry, petition=record.other)
    for moved, origin in (
        (msgspec.structs.replace(record.receipt, entry=other), record.origin),
        (record.receipt, record.origin.replace(record.petition, record.other)),
        (msgspec.structs.replace(record.receipt, entry=record.entries[FIRST]), record.origin),
        (
            msgspec.structs.replace(record.receipt, entry=msgspec.structs.replace(entry, entry=1)),
            record.origin,
        ),
    ):
        with pytest.raises(PetitionBroken):
            verify_petition_receipt(moved, origin, key)
    assert verify_petition_receipt(record.receipt, record.origin, key).size == 6
