"""The registrar's sealed files: they open with their passphrase alone, and not at all after any change."""

from datetime import UTC, datetime

import msgspec
import pytest

from crypto.credential import credential_of
from crypto.encoding import encode_base64url
from crypto.sealing import PassphraseTooWeak
from protocol.errors import MalformedRecord
from protocol.leaf import Kind, body_digest, signed_message
from protocol.revocation import RevocationRefused, read_revocation
from protocol.roll import RollEntry, decode_roll
from tests.support.elections import make_election, make_manifest
from tests.support.key_files import PASSPHRASE
from tests.support.stretching import CHEAP
from voting.code_book import CODES_MAX, BookDoesNotFit, NoSuchVoter, make_book, open_book, seal_book
from voting.code_replacement import ended_codes, read_revocation_file, replace_code, revocation_file
from voting.registrar_key import RegistrarKey, new_registrar_key, open_registrar_key, seal_registrar_key
from voting.sealed_file import SealedFileLocked, SealedFileUnusable, open_file, seal_file
from voting.voters_list import VoterLine

KEY = RegistrarKey("Registrar", b"\x07" * 32)
MANIFEST = msgspec.structs.replace(
    make_manifest(trustees=1, areas=("north", "south")), registrar_key=encode_base64url(KEY.public_key)
)
TERMS = make_election(MANIFEST).terms
VOTERS = [
    VoterLine(2, "Bùi Thị Hoa", RollEntry(1, "north"), "A1", "hoa@example.org", "vi", "Ngõ 45"),
    VoterLine(3, "Trần Minh", RollEntry(2, "south"), "A2"),
    VoterLine(4, "Trần Minh", RollEntry(1, "south"), "A3", language="en"),
]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_book_comes_back_whole_and_fits_its_roll_alone() -> None:
    book, roll_body = make_book(MANIFEST.election, VOTERS)
    again = open_book(seal_book(book, PASSPHRASE, CHEAP), PASSPHRASE, CHEAP)
    assert again == book
    again.require_roll(roll_body)
    with pytest.raises(BookDoesNotFit):
        again.require_roll(make_book(MANIFEST.election, VOTERS)[1])
    entries = decode_roll(roll_body, MANIFEST).entries
    for voter, line in zip(VOTERS, book.lines, strict=True):
        assert entries[credential_of(line.code, MANIFEST.election).public_key] == voter.entry
        assert (line.voter, line.identity, line.email, line.address) == (
            voter.voter,
            voter.identity,
            voter.email,
            voter.address,
        )


def test_two_sealings_of_one_book_have_nothing_in_common() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    first, second = (seal_book(book, PASSPHRASE, CHEAP).partition(b"\n") for _ in range(2))
    assert first[2] != second[2]
    assert first[0] != second[0]  # other salt and nonce


def test_every_altered_byte_is_noticed() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS[:1])
    data = seal_book(book, PASSPHRASE, CHEAP)
    assert open_book(data, PASSPHRASE, CHEAP) == book  # control
    for place in [*range(0, len(data), 7), len(data) - 1]:
        altered = bytearray(data)
        altered[place] ^= 1
        with pytest.raises((SealedFileUnusable, SealedFileLocked)):
            open_book(bytes(altered), PASSPHRASE, CHEAP)
    for short in (b"", data[:-1], data.partition(b"\n")[0], data.partition(b"\n")[0] + b"\n"):
        with pytest.raises(SealedFileUnusable):
            open_book(short, PASSPHRASE, CHEAP)


def test_another_passphrase_another_kind_and_a_cheaper_seal() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    data = seal_book(book, PASSPHRASE, CHEAP)
    with pytest.raises(SealedFileLocked):
        open_book(data, PASSPHRASE + "!", CHEAP)
    with pytest.raises(SealedFileUnusable, match="not a psephos/registrar-key"):
        open_registrar_key(data, PASSPHRASE, CHEAP)
    with pytest.raises(SealedFileUnusable, match="in another way"):
        open_book(data, PASSPHRASE)
    with pytest.raises(PassphraseTooWeak):
        seal_book(book, "eleven char", CHEAP)
    # What is readable without the passphrase is bound as well.
    about, secret = open_file("psephos/code-book/v1", data, PASSPHRASE, CHEAP)
    renamed = seal_file("psephos/code-book/v1", "0" * 32, secret, PASSPHRASE, CHEAP)
    assert about == MANIFEST.election
    with pytest.raises(SealedFileUnusable, match="two elections"):
        open_book(renamed, PASSPHRASE, CHEAP)


def test_a_registrars_key_comes_back() -> None:
    key = new_registrar_key("Phòng Tư pháp")
    assert open_registrar_key(seal_registrar_key(key, PASSPHRASE, CHEAP), PASSPHRASE, CHEAP) == key
    assert encode_base64url(key.seed) not in repr(key)
    with pytest.raises(ValueError, match="name"):
        new_registrar_key("")
    with pytest.raises(SealedFileUnusable, match="no key"):
        open_registrar_key(
            seal_file("psephos/registrar-key/v1", "A", b"short", PASSPHRASE, CHEAP), PASSPHRASE, CHEAP
        )


def test_a_voter_is_found_by_name_and_told_apart_by_identity() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    assert book.find("bùi thị hoa") == 0
    assert book.find("Trần Minh", "a3") == 2
    for name, identity in (("Trần Minh", ""), ("Trần Minh", "A9"), ("Nobody", ""), ("Bùi Thị Hoa", "A2")):
        with pytest.raises(NoSuchVoter) as refused:
            book.find(name, identity)
        assert name not in str(refused.value)


def test_a_replacement_is_what_the_server_expects() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    old = book.lines[1]
    changed = replace_code(book, TERMS, KEY, 1, "Lost in the post.", NOW)
    new = changed.lines[1]
    assert changed.lines[0] == book.lines[0]
    assert changed.lines[2] == book.lines[2]
    assert ended_codes(new) == (old.code,)
    body, signature = read_revocation_file(revocation_file(new.replacements[0]))
    exchange = read_revocation(TERMS.election, TERMS.fingerprint_text, body)
    assert (exchange.old, exchange.new) == (old.public_key(TERMS.election), new.public_key(TERMS.election))
    assert exchange.reason == "Lost in the post."
    message = signed_message(Kind.REVOCATION, body_digest(Kind.REVOCATION, body))
    assert signature == KEY.signing_key.sign(message)
    assert open_book(seal_book(changed, PASSPHRASE, CHEAP), PASSPHRASE, CHEAP) == changed


def test_a_replacement_that_the_terms_do_not_allow_is_refused() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    with pytest.raises(RevocationRefused, match="another registrar"):
        replace_code(book, TERMS, new_registrar_key("Other"), 0, "Lost.", NOW)
    without = make_election(make_manifest(trustees=1, areas=("north", "south"))).terms
    with pytest.raises(RevocationRefused, match="no registrar"):
        replace_code(book, without, KEY, 0, "Lost.", NOW)
    with pytest.raises(ValueError, match="reason"):
        replace_code(book, TERMS, KEY, 0, "", NOW)
    for _ in range(CODES_MAX - 1):
        book = replace_code(book, TERMS, KEY, 0, "Lost.", NOW)
    with pytest.raises(RevocationRefused, match="too often"):
        replace_code(book, TERMS, KEY, 0, "Lost.", NOW)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 20_000, b'{"body":{},"format":"psephos/signed-revocation/v1"}']
)
def test_a_revocation_file_that_is_none(data: bytes) -> None:
    with pytest.raises(MalformedRecord):
        read_revocation_file(data)


def test_no_repr_shows_a_code_or_a_person() -> None:
    book, _ = make_book(MANIFEST.election, VOTERS)
    shown = repr(book)
    assert not any(word in shown for word in ("Hoa", "A1", "example.org", book.lines[0].codes[0]))
