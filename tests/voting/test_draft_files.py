"""Documents: what they are is read from their content, and nobody sees them before the freeze."""

import hashlib

import pytest

from crypto.encoding import encode_base64url
from protocol.manifest import decode_manifest
from tests.support.drafts import Preparing, words
from voting.draft_errors import FileRefused, TermsFixed
from voting.draft_files import (
    DOCUMENT_BYTES_MAX,
    attach_document,
    draft_document,
    media_type_of,
    move_document,
    public_document,
    remove_document,
    rename_document,
)
from voting.draft_terms import freeze, terms_files

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"


def attach(preparing: Preparing, data: bytes = PDF, name: str = "Plan") -> str:
    return attach_document(preparing.office, preparing.official, preparing.draft, words(name), data)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        ("Quy hoạch\r\n\tKhu đất\f".encode(), "text/plain"),
        ("\ufeffwith a mark".encode(), "text/plain"),
    ],
)
def test_a_file_is_what_its_content_says(data: bytes, media_type: str) -> None:
    assert media_type_of(data) == media_type


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", b"MZ\x90\x00", b"GIF89a\x01\x00", b"\xff\xfea\x00", b"a\x00b", b"\x1b[31m", b" %PDF\xff"],
)
def test_another_type_is_refused(preparing: Preparing, data: bytes) -> None:
    before = preparing.trail()
    with pytest.raises(FileRefused) as refused:
        attach(preparing, data)
    assert refused.value.reason == "type"
    assert preparing.load().draft.documents.documents == ()
    assert preparing.trail() == before


def test_a_page_that_calls_itself_text_is_text(preparing: Preparing) -> None:
    digest = attach(preparing, b"<!doctype html><script>alert(1)</script>")
    assert draft_document(preparing.office, preparing.draft, digest).document.media_type == "text/plain"


def test_size_number_and_repetition_are_bounded(preparing: Preparing) -> None:
    for data, reason in ((b"", "empty"), (PDF + b"x" * DOCUMENT_BYTES_MAX, "too-large")):
        with pytest.raises(FileRefused) as refused:
            attach(preparing, data)
        assert refused.value.reason == reason
    attach(preparing)
    with pytest.raises(FileRefused) as twice:
        attach(preparing, name="Another name")
    assert twice.value.reason == "twice"
    for number in range(19):
        attach(preparing, PDF + bytes([number]))
    with pytest.raises(FileRefused) as many:
        attach(preparing, PDF + b"one more")
    assert many.value.reason == "too-many"
    assert len(preparing.load().draft.documents.documents) == 20


def test_documents_are_renamed_moved_and_removed(preparing: Preparing) -> None:
    office, official, draft = preparing.office, preparing.official, preparing.draft
    first, second, third = (attach(preparing, PDF + bytes([i]), f"Plan {i}") for i in range(3))

    def order() -> list[str]:
        return [document.sha256 for document in preparing.load().draft.documents.documents]

    move_document(office, official, draft, third, 1)
    move_document(office, official, draft, third, 1)  # sent twice
    assert order() == [first, third, second]
    move_document(office, official, draft, first, -5)
    assert order() == [first, third, second]
    rename_document(office, official, draft, third, words("Third", "Thứ ba"))
    remove_document(office, official, draft, first)
    remove_document(office, official, draft, first)  # sent twice
    assert order() == [third, second]
    assert preparing.load().draft.documents.documents[0].name == words("Third", "Thứ ba")
    with pytest.raises(FileRefused) as refused:
        rename_document(office, official, draft, first, words("x"))
    assert refused.value.reason == "not-there"
    with pytest.raises(FileRefused) as refused:
        move_document(office, official, draft, first, 1)
    assert refused.value.reason == "not-there"


def test_a_document_is_public_from_the_freeze_on(preparing: Preparing) -> None:
    preparing.fill()
    digest = attach(preparing)
    other = attach(preparing, PDF + b"2")
    remove_document(preparing.office, preparing.official, preparing.draft, other)
    election = preparing.fix()
    with pytest.raises(TermsFixed):
        attach(preparing, PDF + b"3")
    named = decode_manifest(terms_files(preparing.office, preparing.draft).manifest).documents
    assert [document.sha256 for document in named] == [encode_base64url(hashlib.sha256(PDF).digest())]
    with pytest.raises(FileRefused):
        public_document(preparing.office, election, digest)
    preparing.hand_in()
    freeze(preparing.office, preparing.official, preparing.draft)
    assert public_document(preparing.office, election, digest).data == PDF
    for wrong in (other, "", "../../etc/passwd", "A" * 43):
        with pytest.raises(FileRefused):
            public_document(preparing.office, election, wrong)
