"""One mailbox, one form: and no two people become one."""

from pathlib import Path

import pytest

from consultation.fraud.addresses import (
    PROVIDERS,
    canonical_address,
    domain_of,
    is_common,
    is_disposable,
    stem_of,
)
from mail.errors import UnusableAddress


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Lan.Nguyen+petition@gmail.com", "lannguyen@gmail.com"),
        ("lannguyen@GoogleMail.com", "lannguyen@gmail.com"),
        ("lan+a+b@outlook.com", "lan@outlook.com"),
        ("lan.nguyen@outlook.com", "lan.nguyen@outlook.com"),  # dots count there
        ("lan-shop@yahoo.com", "lan@yahoo.com"),
        ("lan@me.com", "lan@icloud.com"),
        ("L.a.n@proton.me", "lan@proton.me"),
        ("lan+x@example.org", "lan+x@example.org"),  # nothing is known of it
        ("Lan@Example.ORG", "lan@example.org"),
        ("+x@gmail.com", "+x@gmail.com"),
        ("lan@bücher.example", "lan@xn--bcher-kva.example"),
    ],
)
def test_canonical_form(typed: str, canonical: str) -> None:
    assert canonical_address(typed) == canonical
    assert canonical_address(canonical) == canonical


@pytest.mark.parametrize(
    "typed", ["", "lan", "@gmail.com", "lan@", "lan@gmail.com\nBcc: x@example.org", "a" * 10**6]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(UnusableAddress):
        canonical_address(typed)


def test_people_of_unknown_providers_stay_apart() -> None:
    assert canonical_address("li.an@ward.example") != canonical_address("lian@ward.example")
    assert canonical_address("li.an@hotmail.com") != canonical_address("lian@hotmail.com")


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
    assert all(is_common(provider.same_as) for provider in PROVIDERS.values())


def test_a_site_can_add_domains_and_spare_some(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# ours\nthrowaway.example\n!mailinator.com\n", encoding="utf-8")
    assert is_disposable("throwaway.example", own)
    assert not is_disposable("mailinator.com", own)
    assert is_disposable("guerrillamail.com", own)
    assert domain_of("lan@throwaway.example") == "throwaway.example"
