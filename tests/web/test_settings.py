"""Settings: what is guessed on localhost must be said on a public server."""

from pathlib import Path

import pytest

from mail.domains import SiteDomains
from tests.support.repository import ROOT
from web.settings import VARIABLES, UnusableSettings, read_settings

PUBLIC = {
    "PSEPHOS_BASE_URL": "https://vote.example.org",
    "PSEPHOS_DATABASE_URL": "postgresql://psephos@/psephos",
    "PSEPHOS_SECRETS": "/nowhere/secrets",
    "PSEPHOS_NAME_EN": "Đồng Sen Ward",
    "PSEPHOS_NAME_VI": "Phường Đồng Sen",
    "PSEPHOS_HELP_LINE": "024 0000 0123",
    "PSEPHOS_SMTP_URL": "smtp://vote:geheim@mail.example.org",
    "PSEPHOS_MAIL_FROM": "Đồng Sen Ward <vote@example.org>",
}


def test_localhost_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert (settings.base_url, settings.host, settings.port) == ("http://localhost:8000", "127.0.0.1", 8000)
    assert not settings.https
    assert read_settings({"PSEPHOS_PORT": "9000"}).base_url == "http://localhost:9000"


def test_a_public_server_is_fully_described() -> None:
    settings = read_settings(PUBLIC)
    assert settings.https
    assert settings.name.vi == "Phường Đồng Sen"
    assert settings.authority == settings.name


@pytest.mark.parametrize(
    "missing", ["PSEPHOS_DATABASE_URL", "PSEPHOS_SECRETS", "PSEPHOS_NAME_EN", "PSEPHOS_HELP_LINE"]
)
def test_a_public_server_does_not_guess(missing: str) -> None:
    with pytest.raises(UnusableSettings, match=f"Set {missing}: "):
        read_settings({name: value for name, value in PUBLIC.items() if name != missing})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"PSEPHOS_BASE_URL": "http://vote.example.org"}, "must begin with https://"),
        ({"PSEPHOS_BASE_URL": "vote.example.org"}, "a scheme and a host"),
        ({"PSEPHOS_BASE_URL": "https://vote.example.org/path"}, "a scheme and a host"),
        ({"PSEPHOS_PORT": "0"}, "1 to 65535"),
        ({"PSEPHOS_PORT": "8_000"}, "1 to 65535"),
        ({"PSEPHOS_PORT": "eighty"}, "1 to 65535"),
        ({"PSEPHOS_HELPLINE": "1"}, "PSEPHOS_HELPLINE is not a setting"),
    ],
)
def test_unusable_settings_are_named(changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(UnusableSettings, match=sentence):
        read_settings(PUBLIC | changed)


ELSEWHERE = {**PUBLIC, "PSEPHOS_HOST": "0.0.0.0"}  # noqa: S104  (that is the point)


def test_a_proxy_on_this_machine_is_believed_where_nobody_else_can_connect() -> None:
    for environment in ({}, PUBLIC, {**PUBLIC, "PSEPHOS_HOST": "::1"}):
        assert [str(network) for network in read_settings(environment).trusted_proxies] == [
            "127.0.0.0/8",
            "::1/128",
        ]
    assert read_settings({"PSEPHOS_HOST": "192.0.2.1"}).trusted_proxies == ()


def test_a_public_server_knows_its_proxies() -> None:
    """Else all voters would be one network, and its limits would hold for all of them together."""
    with pytest.raises(UnusableSettings, match="Set PSEPHOS_TRUSTED_PROXIES: the addresses of the proxies"):
        read_settings(ELSEWHERE)
    named = read_settings({**ELSEWHERE, "PSEPHOS_TRUSTED_PROXIES": "10.0.0.5, 2001:db8::/32"})
    assert [str(network) for network in named.trusted_proxies] == ["10.0.0.5/32", "2001:db8::/32"]
    assert read_settings({**ELSEWHERE, "PSEPHOS_TRUSTED_PROXIES": "none"}).trusted_proxies == ()


@pytest.mark.parametrize(
    "text", ["localhost", "10.0.0.1/8", "10.0.0.5;10.0.0.6", ",", "0.0.0.0/0", "10.0.0.5, ::/0"]
)
def test_proxies_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(UnusableSettings, match="PSEPHOS_TRUSTED_PROXIES must"):
        read_settings({**ELSEWHERE, "PSEPHOS_TRUSTED_PROXIES": text})


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    with pytest.raises(UnusableSettings, match="chmod 700"):
        read_settings(PUBLIC | {"PSEPHOS_SECRETS": str(folder)})
    folder.chmod(0o700)
    assert read_settings(PUBLIC | {"PSEPHOS_SECRETS": str(folder)}).secrets == folder


def test_the_sites_own_mail_domains(tmp_path: Path) -> None:
    assert read_settings(PUBLIC).mail_domains == SiteDomains()
    file = tmp_path / "domains.txt"
    file.write_text("add throwaway.example\n", encoding="utf-8")
    found = read_settings(PUBLIC | {"PSEPHOS_MAIL_DOMAINS": str(file)})
    assert found.mail_domains == SiteDomains(frozenset({"throwaway.example"}))
    file.write_text("throwaway.example\n", encoding="utf-8")
    with pytest.raises(UnusableSettings, match="line 1"):
        read_settings(PUBLIC | {"PSEPHOS_MAIL_DOMAINS": str(file)})


def test_variables_of_the_tests_are_no_mistake() -> None:
    read_settings(PUBLIC | {"PSEPHOS_TEST_POSTGRES": "/usr/lib/postgresql/15/bin"})
    assert all(name.startswith("PSEPHOS_") for name in VARIABLES)


def test_the_readme_lists_every_variable() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `PSEPHOS_")]
    assert rows == [f"| `{name}` | {what} |" for name, what in VARIABLES.items()]
