"""The receipt on paper: where the ballot is, and nothing of what is in it."""

from dataclasses import fields, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import segno

from paper.receipt import ReceiptPaper, receipt_pdf
from paper.words import Both
from tests.paper.pages import page_text, qr_modules, reader

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RECEIPT = ReceiptPaper(
    title=Both("Which lane first?", "Ngõ nào cần sửa trước?"),
    authority=Both("Đồng Sen Ward", "Phường Đồng Sen"),
    cast_at=datetime(2026, 11, 24, 9, 5, tzinfo=ZONE),
    closes_at=datetime(2026, 11, 29, 20, tzinfo=ZONE),
    receipt_code="7ABCD-EFGHJ-KMNPQ-RSTVW-XYZ12",
    voter_number="0ABCD-EFGHJ-KMNPQ-RSTVW-XYZ12",
    fingerprint="9ABCD-EFGHJ-KMNPQ-RSTVW-XYZ12",
    index=1234,
    number=1,
    check_address="https://vote.example.org/en/elections/1/check",
    scan="https://vote.example.org/en/elections/1/check?code=7ABCD-EFGHJ-KMNPQ-RSTVW-XYZ12",
)


def test_a_receipt_in_vietnamese() -> None:
    found = page_text(receipt_pdf(RECEIPT, "vi"))
    for words in (
        "Biên nhận",
        "Phường Đồng Sen",
        "Ngõ nào cần sửa trước?",
        "Lá phiếu của bạn đã vào hòm phiếu.",
        "Biên nhận không cho biết bạn đã chọn gì.",
        RECEIPT.receipt_code,
        RECEIPT.voter_number,
        RECEIPT.fingerprint,
        "9:05 thứ Ba, 24/11/2026 (GMT+7)",
        "1.234",
        RECEIPT.check_address,
        "trước 20:00 Chủ nhật, 29/11/2026 (GMT+7)",
    ):
        assert words in found, words
    assert "lá phiếu thứ" not in found


def test_a_receipt_in_english_of_a_later_ballot() -> None:
    found = page_text(receipt_pdf(replace(RECEIPT, number=2), "en"))
    assert "This is your ballot number 2." in found
    assert "Tuesday 24 November 2026, 9:05 (GMT+7)" in found
    assert "1,234" in found
    assert "Biên nhận" not in found


def test_what_the_election_does_not_allow_is_not_promised() -> None:
    found = page_text(receipt_pdf(replace(RECEIPT, revoting=False, rehearsal=True), "en"))
    assert "vote again" not in found
    assert "Rehearsal" in found


def test_the_qr_code_leads_to_the_check() -> None:
    expected = [[bool(bit) for bit in row] for row in segno.make(RECEIPT.scan, error="m", micro=False).matrix]
    assert qr_modules(receipt_pdf(RECEIPT, "en")) == expected


def test_one_page_the_same_bytes_and_the_readers_language() -> None:
    first = receipt_pdf(RECEIPT, "vi")
    assert first == receipt_pdf(RECEIPT, "vi")
    document = reader(first)
    assert len(document.pages) == 1
    assert str(document.root_object["/Lang"]) == "vi"


def test_there_is_no_place_for_a_choice() -> None:
    """Whoever adds a field here must ask what it lets a vote buyer learn."""
    assert {each.name for each in fields(ReceiptPaper)} == {
        *("title", "authority", "cast_at", "closes_at", "receipt_code", "voter_number", "fingerprint"),
        *("index", "number", "check_address", "scan", "revoting", "rehearsal"),
    }
