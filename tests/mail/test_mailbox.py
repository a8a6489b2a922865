"""One mailbox, one form: and no two people become one."""

import pytest

from mail.errors import UnusableAddress
from mail.mailbox import PROVIDERS, canonical_address, is_common


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Lan.Nguyen+petition@gmail.com", "lannguyen@gmail.com"),
        ("lannguyen@GoogleMail.com", "lannguyen@gmail.com"),
        ("lan+a+b@outlook.com", "lan@outlook.com"),
        ("lan.+a@outlook.com", "lan@outlook.com"),
        ("lan.nguyen@outlook.com", "lan.nguyen@outlook.com"),  # dots count there
        ("lan-shop@yahoo.com", "lan@yahoo.com"),
        ("lan-shop@dong-sen.example", "lan-shop@dong-sen.example"),
        ("lan@me.com", "lan@icloud.com"),
        ("L.a.n@proton.me", "lan@proton.me"),
        ("l-a_n@pm.me", "lan@proton.me"),
        ("ivan-petrov@ya.ru", "ivan.petrov@yandex.ru"),
        ("ivanpetrov@yandex.com", "ivanpetrov@yandex.ru"),  # somebody else
        ("shop@lan.fastmail.com", "lan@fastmail.com"),
        ("lan+shop@fastmail.com", "lan@fastmail.com"),
        ("lan@a.gmail.com", "lan@a.gmail.com"),
        ("lan+x@example.org", "lan@example.org"),
        ("lan+x@gmx.de", "lan+x@gmx.de"),  # a plus is a letter of the name there
        ("Lan@Example.ORG", "lan@example.org"),
        ("+84912345678@sms.example", "+84912345678@sms.example"),
        ("+x@gmail.com", "+x@gmail.com"),
        ("lan@bücher.example", "lan@xn--bcher-kva.example"),
        ("lan@BÜCHER.example", "lan@xn--bcher-kva.example"),
        ("lan@xn--bcher-kva.example", "lan@xn--bcher-kva.example"),
        ("lan@ｇｍａｉｌ．ｃｏｍ", "lan@gmail.com"),
        ("ｌａｎ＋ｘ@gmail.com", "lan@gmail.com"),
        ("Nguyễn@example.org", "nguyễn@example.org"),
        ("NGUYÊ\u0303N@example.org", "nguyễn@example.org"),
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


def test_an_at_sign_in_full_width_does_not_make_it_another_domain() -> None:
    assert canonical_address("lan＠gmail.com@evil.example").endswith("@evil.example")


def test_people_of_unknown_providers_stay_apart() -> None:
    assert canonical_address("li.an@ward.example") != canonical_address("lian@ward.example")
    assert canonical_address("li.an@hotmail.com") != canonical_address("lian@hotmail.com")


def test_each_provider_is_one_of_many_people() -> None:
    assert all(is_common(provider.same_as) for provider in PROVIDERS.values())
