"""Lan votes on her phone in Vietnamese, checks, votes again."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crypto.checkpoint import verify_checkpoint
from crypto.display_code import alias, display_code
from crypto.encoding import decode_base64url
from crypto.merkle import leaf_hash, verify_inclusion
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import Receipt, verify_promise
from protocol.leaf import Kind, body_digest, verify_leaf_signature
from tests.browser.booth import Booth
from tests.browser.site import Site
from tests.browser.ward import HeldElection
from tests.browser.words import VI
from voting.registrar import IssuedCode

pytestmark = pytest.mark.browser


def test_lan_votes_on_a_phone_checks_and_votes_again(site: Site, phone: Page, tmp_path: Path) -> None:
    election = site.ward.open
    voter = election.take()
    booth = Booth(phone, site, election, VI)

    _comes_from_the_front_page(site, phone, election)
    booth.expect_step(VI.enter_code)
    booth.enter(f" {voter.code.written.lower().replace('-', '  ')} ")
    booth.expect_step("Khu đất chợ cũ nên dùng làm gì?")
    expect(phone.get_by_text("Câu 1 trong 3", exact=True)).to_be_visible()
    expect(phone.locator("input[type=radio]:checked")).to_have_count(0)
    booth.choose("Thư viện")
    booth.expect_step("Những ngõ nào cần sửa trước?")
    booth.button(VI.back).click()
    booth.expect_step("Khu đất chợ cũ nên dùng làm gì?")
    expect(phone.get_by_label("Thư viện", exact=True)).to_be_checked()
    booth.go_on()
    phone.get_by_label("Ngõ 12 Lò Gốm").check()
    booth.sees("Bạn còn được chọn thêm")
    booth.choose("Ngõ 81 Hồ Sen")
    booth.give({"Tết Trung thu": "3", "Đua thuyền": "1"})
    booth.expect_review()
    assert booth.answers()[0] == "Thư viện"
    assert booth.answers()[1].splitlines()[:2] == ["Ngõ 12 Lò Gốm", "Ngõ 81 Hồ Sen"]
    first_sealed = booth.tracker()
    booth.change(1)
    booth.expect_step("Khu đất chợ cũ nên dùng làm gì?")
    booth.choose("Công viên và sân chơi")
    booth.expect_review()
    assert booth.answers()[0] == "Công viên và sân chơi"
    shown = booth.tracker()
    assert shown != first_sealed
    assert site.ward.ballots_of(election, voter) == ()
    booth.cast()
    code = booth.expect_end()

    assert code == shown
    expect(phone.get_by_role("img", name="Mã QR của biên nhận")).to_be_visible()
    (ballot,) = site.ward.ballots_of(election, voter)
    assert display_code(ballot.leaf.digest_bytes) == code
    assert site.ward.opened(election, ballot) == [[0, 1, 0, 0], [1, 0, 1], [3, 1]]
    _verify_receipt(election, booth.save(VI.save_receipt, tmp_path), voter, ballot.index)
    _checks(site, phone, election, code, voter)
    _votes_again(site, phone, election, voter, code)


def _comes_from_the_front_page(site: Site, phone: Page, election: HeldElection) -> None:
    phone.goto(f"{site.url}/")
    assert phone.url == f"{site.url}/vi/"
    phone.goto(site.page("vi", election))
    expect(phone.get_by_role("heading", level=1, name="Tương lai phường ta")).to_be_visible()
    phone.get_by_role("link", name="Vào phòng bỏ phiếu").tap()


def _verify_receipt(election: HeldElection, file: Path, voter: IssuedCode, index: int) -> None:
    """The saved file alone proves that the ballot stands on the board: checked by the Python implementation."""
    data = file.read_bytes()
    receipt = decode_canonical(data, Receipt, limit_bytes=len(data))
    manifest, tracker = election.terms.manifest, decode_base64url(receipt.tracker, 32)
    assert (receipt.election, receipt.fingerprint) == (election.id, election.terms.fingerprint_text)
    assert file.name == f"psephos-receipt-{display_code(tracker)[:5]}.json"
    assert body_digest(Kind.BALLOT, encode_canonical(receipt.ballot)) == tracker
    assert receipt.leaf.digest_bytes == tracker
    assert receipt.promise.index == index
    verify_promise(manifest, receipt.promise)
    verify_leaf_signature(receipt.leaf, voter.public_key)
    head = verify_checkpoint(receipt.checkpoint, manifest.log_origin, decode_base64url(manifest.log_key, 32))
    proof = [decode_base64url(node, 32) for node in receipt.inclusion]
    verify_inclusion(leaf_hash(encode_canonical(receipt.leaf)), index, head.size, proof, head.root)
    assert "Công viên" not in data.decode()


def _checks(site: Site, phone: Page, election: HeldElection, code: str, voter: IssuedCode) -> None:
    phone.get_by_role("link", name="Kiểm tra lá phiếu").first.tap()
    expect(phone.get_by_role("heading", name=VI.found)).to_be_visible()
    expect(phone.get_by_text(alias(voter.public_key))).to_be_visible()
    expect(phone.get_by_text("Lá phiếu là một phần của bảng công khai")).to_be_visible()
    for typed in (code.lower().replace("-", " "), alias(voter.public_key)):
        phone.goto(site.page("vi", election, "check"))
        phone.get_by_label("Mã biên nhận hoặc mã cử tri").fill(typed)
        phone.get_by_role("button", name=VI.check, exact=True).tap()
        expect(phone.get_by_role("heading", name=VI.found)).to_be_visible()
        expect(phone.get_by_role("heading", name="Lá phiếu 1 trên 1")).to_be_visible()
        expect(phone.get_by_text("Lá phiếu bạn vừa nhập mã")).to_have_count(
            int(typed != alias(voter.public_key))
        )


def _votes_again(site: Site, phone: Page, election: HeldElection, voter: IssuedCode, first: str) -> None:
    booth = Booth(phone, site, election, VI).open()
    booth.enter(voter.code.written)
    booth.choose(VI.blank)
    booth.choose("Ngõ 45 Bến Đò")
    booth.give({"Đua thuyền": "2"})
    booth.expect_review(voted_before=True)
    booth.sees(VI.last_counts)
    booth.cast()
    second = booth.expect_end()
    one, two = site.ward.ballots_of(election, voter)
    assert (one.counts, two.counts, two.sequence) == (False, True, 2)
    assert site.ward.opened(election, two) == [[0, 0, 0, 1], [0, 1, 0], [0, 2]]

    phone.goto(site.page("vi", election, f"check?code={first}"))
    expect(phone.get_by_text("đã bỏ 2 lá phiếu; lá phiếu sau cùng được tính.")).to_be_visible()
    rows = phone.locator("#check-result li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Lá phiếu 2 trên 2")
    expect(rows.nth(0)).to_contain_text(VI.ballot_counts)
    expect(rows.nth(0)).to_contain_text(" ".join(second.split("-")))
    expect(rows.nth(1)).to_contain_text("Đã thay bằng lá phiếu sau")
    expect(rows.nth(1)).to_contain_text("Lá phiếu bạn vừa nhập mã")
