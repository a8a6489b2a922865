"""What an address tells: names of one hand, and domains that give mailboxes away."""

from consultation.fraud.addresses import is_disposable, stem_of
from mail.domains import SiteDomains
from mail.mailbox import PROVIDERS, canonical_address


def test_stems_ignore_digits_and_marks_only() -> None:
    stems = {stem_of(canonical_address(f"{name}@ward.example")) for name in ("lan1", "lan22", "LAN", "lẩn9")}
    assert stems == {"lan@ward.example"}
    assert stem_of("lan@ward.example") != stem_of("lam@ward.example")


def test_disposable_domains_and_those_below_them() -> None:
    assert is_disposable("mailinator.com")
    assert is_disposable("team7.mailinator.com")
    assert not is_disposable("mailinator.com.example")
    assert not is_disposable("com")
    assert not is_disposable("example.org")


def test_no_provider_of_many_people_is_called_disposable() -> None:
    assert [domain for domain in PROVIDERS if is_disposable(domain)] == []


def test_a_site_can_add_domains_and_spare_some() -> None:
    own = SiteDomains(frozenset({"throwaway.example"}), frozenset({"mailinator.com"}))
    assert not is_disposable("throwaway.example")
    assert is_disposable("a.throwaway.example", own)
    assert is_disposable("throwaway.example", own)
    assert not is_disposable("mailinator.com", own)
    assert is_disposable("guerrillamail.com", own)
