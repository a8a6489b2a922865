"""protocol.json is what its script writes today, and Python judges its texts as the client does."""

from typing import Any

import pytest

from crypto.merkle import InclusionFailed
from crypto.signature import SignatureFailed
from protocol.canonical import decode_canonical
from protocol.errors import MalformedRecord, ManifestInvalid, TermsMismatch
from protocol.manifest import decode_manifest
from protocol.public_terms import read_public_terms
from protocol.receipt import ReceiptDiffers, decode_receipt, verify_receipt
from tests.vectors.files import FOLDER, read_vectors, rendered
from tests.vectors.make_protocol import ranked, small, vectors

VECTORS = read_vectors("protocol")
MANIFESTS_REFUSED = [case for case in VECTORS["terms_refused"] if case["error"] == "manifest-invalid"]


def test_script_and_file_agree() -> None:
    assert (FOLDER / "protocol.json").read_text(encoding="utf-8") == rendered(vectors())


# What records are made of: everything in JSON but floats.
JSON_TYPE: Any = None | bool | int | str | list[object] | dict[str, object]


@pytest.mark.parametrize("text", VECTORS["canonical"])
def test_canonical_text_is_read(text: str) -> None:
    decode_canonical(text.encode(), JSON_TYPE, limit_bytes=1000)


@pytest.mark.parametrize("text", VECTORS["not_canonical"])
def test_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedRecord):
        decode_canonical(text.encode(), JSON_TYPE, limit_bytes=1000)


ERRORS: dict[str, tuple[type[Exception], ...]] = {
    "terms-mismatch": (TermsMismatch,),
    # Python reads the manifest as a part of the answer: what is wrong in it is wrong with the whole.
    "malformed-record": (MalformedRecord,),
    "manifest-invalid": (MalformedRecord, ManifestInvalid),
}


def altered(text: str, case: Any) -> bytes:
    for old, new in case["replace"]:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


RECEIPT_ERRORS: dict[str, tuple[type[Exception], ...]] = {
    # Python calls a promise with another deadline malformed.
    "evidence-differs": (ReceiptDiffers, MalformedRecord),
    "signature-failed": (SignatureFailed,),
    "inclusion-failed": (InclusionFailed,),
    "malformed-record": (MalformedRecord,),
}


def test_good_receipt_holds() -> None:
    ballot, head = verify_receipt(small().terms, decode_receipt(VECTORS["receipt"].encode()))
    assert (ballot.sequence, head.size) == (1, 8)


@pytest.mark.parametrize("case", VECTORS["receipt_refused"], ids=lambda case: str(case["id"]))
def test_receipt_is_refused_here_too(case: Any) -> None:
    data = altered(VECTORS["receipt"], case)
    with pytest.raises(RECEIPT_ERRORS[case["error"]]):
        verify_receipt(small().terms, decode_receipt(data))


@pytest.mark.parametrize("name", list(VECTORS["terms"]))
def test_good_terms_are_read(name: str) -> None:
    terms = read_public_terms(VECTORS["terms"][name].encode())
    assert terms.fingerprint.hex() == VECTORS["fingerprints"][name]


@pytest.mark.parametrize("case", VECTORS["terms_refused"], ids=lambda case: str(case["id"]))
def test_terms_are_refused_here_too(case: Any) -> None:
    with pytest.raises(ERRORS[case["error"]]):
        read_public_terms(altered(VECTORS["terms"][case.get("of", "small")], case))


@pytest.mark.parametrize("case", MANIFESTS_REFUSED, ids=lambda case: str(case["id"]))
def test_manifest_is_refused_here_too(case: Any) -> None:
    election = ranked() if case.get("of") == "ranked" else small()
    with pytest.raises(ManifestInvalid):
        decode_manifest(altered(election.manifest_body.decode(), case))
