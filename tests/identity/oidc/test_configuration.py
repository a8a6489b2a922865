"""The file of PSEPHOS_OIDC: what can be used, and a sentence for what cannot."""

from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk

from identity.assurance import Assurance
from identity.oidc.client_key import ClientKey
from identity.oidc.configuration import BasicSecret, ProviderConfiguration, Pushing, read_providers
from identity.oidc.errors import UnusableConfiguration
from tests.identity.oidc.site import toml_of, write_secret
from tests.support.repository import ROOT
from web.routes.oidc import providers
from web.settings import UnusableSettings, read_settings

# The library warns of the short key that this file makes, and that is refused.
pytestmark = pytest.mark.filterwarnings("ignore:Key size should be")

LEAST: dict[str, Any] = {
    "id": "ward",
    "issuer": "https://id.example.org",
    "client_id": "psephos",
    "name": {"en": "Ward ID", "vi": "Định danh phường"},
    "secret_file": "ward.secret",
    "assurance": "low",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    secrets = tmp_path / "secrets"
    write_secret(secrets, "ward.secret", b"words of the ward\n")
    write_secret(secrets, "empty", b"\n")
    write_secret(secrets, "long", b"x" * 5000)
    write_secret(secrets, "ec.pem", jwk.generate_key("EC", "P-256", private=True).as_pem(private=True))
    write_secret(secrets, "p384.pem", jwk.generate_key("EC", "P-384", private=True).as_pem(private=True))
    write_secret(secrets, "public.pem", jwk.generate_key("EC", "P-256").as_pem(private=False))
    write_secret(secrets, "rsa1024.pem", jwk.generate_key("RSA", 1024, private=True).as_pem(private=True))
    write_secret(secrets, "shared.jwk", b'{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}')
    write_secret(secrets, "open", b"secret")
    (secrets / "open").chmod(0o644)
    return tmp_path


def read(folder: Path, *entries: dict[str, Any], public: bool = True) -> tuple[ProviderConfiguration, ...]:
    path = folder / "oidc.toml"
    path.write_text("\n".join(toml_of(**entry) for entry in entries), encoding="utf-8")
    return read_providers(path, folder / "secrets", public=public)


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**LEAST, **changes}.items() if value is not None}


def test_the_least_entry(folder: Path) -> None:
    (provider,) = read(folder, LEAST)
    assert provider.authentication == BasicSecret("words of the ward")
    assert "words of the ward" not in repr(provider)
    assert (provider.scopes, provider.claim, provider.max_age) == (("openid",), ("sub",), None)
    assert provider.algorithms == {"ES256", "PS256", "RS256"}
    assert (provider.pushing, provider.possession, provider.plain) == (Pushing.OFFERED, False, None)
    assert provider.name_vi == "Định danh phường"


def test_levels_key_and_claim(folder: Path) -> None:
    (provider,) = read(
        folder,
        changed(
            secret_file=None,
            authentication="private_key_jwt",
            key_file="ec.pem",
            assurance=None,
            acr={"loa-2": "substantial", "loa-3": "high"},
            minimum="substantial",
            claim=["sub_attributes", "identity_number"],
            name={"en": "Only English"},
        ),
    )
    assert provider.acr == {"loa-2": Assurance.SUBSTANTIAL, "loa-3": Assurance.HIGH}
    assert provider.claim == ("sub_attributes", "identity_number")
    assert provider.name_vi == "Only English"
    key = provider.authentication
    assert isinstance(key, ClientKey)
    assert (key.algorithm, key.key_id) == ("ES256", key.key.thumbprint())
    assert "d" not in key.public()


UNUSABLE = [
    pytest.param({"id": "Ward"}, "`id` must be", id="id-in-capitals"),
    pytest.param({"id": "second-factor"}, "`id` must be", id="id-of-another-address"),
    pytest.param({"id": "../ward"}, "`id` must be", id="id-is-a-path"),
    pytest.param({"issuer": "http://id.example.org"}, "https://", id="issuer-without-tls"),
    pytest.param({"issuer": "http://localhost:8080"}, "https://", id="localhost-on-a-public-server"),
    pytest.param({"issuer": "https://id.example.org?x"}, "`issuer`", id="issuer-with-a-query"),
    pytest.param({"issuer": "https://u:p@id.example.org"}, "`issuer`", id="issuer-with-a-user"),
    pytest.param({"issuer": "https:///x"}, "`issuer`", id="issuer-without-a-host"),
    pytest.param({"client_id": ""}, "`client_id`", id="no-client"),
    pytest.param({"name": {"de": "x"}}, "`name`", id="name-in-german"),
    pytest.param({"name": {"vi": "x"}}, "`name`", id="no-english-name"),
    pytest.param({"scopes": ["email"]}, "`scopes`", id="no-openid"),
    pytest.param({"scopes": ["openid", "a b"]}, "`scopes`", id="scope-with-a-space"),
    pytest.param({"claim": []}, "`claim`", id="no-claim"),
    pytest.param({"algorithms": ["none"]}, "`algorithms`", id="unsigned"),
    pytest.param({"algorithms": ["HS256"]}, "`algorithms`", id="hmac"),
    pytest.param({"algorithms": []}, "`algorithms`", id="no-algorithm"),
    pytest.param({"max_age": -1}, "`max_age`", id="negative-age"),
    pytest.param({"max_agee": 5}, "max_agee", id="misspelt"),
    pytest.param({"par": "maybe"}, "`par`", id="pushing"),
    pytest.param({"hosts": ["ID.example.org"]}, "`hosts`", id="host-in-capitals"),
    pytest.param({"hosts": ["a/b"]}, "`hosts`", id="host-with-a-path"),
    pytest.param({"assurance": None}, "worth", id="no-level"),
    pytest.param({"assurance": "perfect"}, "low, substantial, high", id="unknown-level"),
    pytest.param({"minimum": "some"}, "low, substantial, high", id="unknown-minimum"),
    pytest.param({"parameters": {"state": "x"}}, "`parameters` must not name state", id="own-parameter"),
    pytest.param({"secret_file": None}, "`secret_file`", id="no-secret"),
    pytest.param({"secret_file": "../oidc.toml"}, "`secret_file`", id="secret-elsewhere"),
    pytest.param({"secret_file": "missing"}, "cannot be read", id="secret-missing"),
    pytest.param({"secret_file": "empty"}, "in one line", id="secret-empty"),
    pytest.param({"secret_file": "long"}, "longer than", id="secret-long"),
    pytest.param({"secret_file": "open"}, "chmod 600", id="secret-open-to-all"),
    pytest.param({"key_file": "ec.pem"}, "private_key_jwt", id="both"),
    pytest.param({"authentication": "none"}, "`authentication`", id="no-authentication"),
    pytest.param({"decryption_key_file": "rsa1024.pem"}, "`decryption_key_file`", id="decryption"),
    pytest.param({"certificates": "/nowhere.pem"}, "`certificates`", id="certificates"),
    pytest.param(
        {"oauth": {"authorization_endpoint": "https://id.example.org/a"}}, "oauth", id="half-an-oauth"
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), UNUSABLE)
def test_an_entry_that_cannot_be_used_is_named(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnusableConfiguration) as refused:
        read(folder, changed(**changes))
    assert sentence in str(refused.value)
    assert "words of the ward" not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "algorithm"),
    [
        ("ward.secret", "ES256"),
        ("public.pem", "ES256"),
        ("p384.pem", "ES256"),
        ("ec.pem", "RS256"),
        ("rsa1024.pem", "RS256"),
        ("shared.jwk", "HS256"),
        ("shared.jwk", "ES256"),
        ("ec.pem", "none"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(folder: Path, file: str, algorithm: str) -> None:
    entry = changed(
        secret_file=None, authentication="private_key_jwt", key_file=file, key_algorithm=algorithm
    )
    with pytest.raises(UnusableConfiguration, match="`key_file`"):
        read(folder, entry)


def test_localhost_needs_no_tls_in_a_trial(folder: Path) -> None:
    (provider,) = read(folder, changed(issuer="http://localhost:8080/realms/ward"), public=False)
    assert provider.loopback
    with pytest.raises(UnusableConfiguration):
        read(folder, changed(issuer="http://id.example.org"), public=False)


def test_the_file_itself(folder: Path) -> None:
    with pytest.raises(UnusableConfiguration, match="same id"):
        read(folder, LEAST, LEAST)
    with pytest.raises(UnusableConfiguration, match="1 to 20"):
        read(folder, *(changed(id=f"ward-{number}") for number in range(21)))
    path = folder / "oidc.toml"
    for content in (b"", b"[[provider", b"provider = 7", b"\xff", b"x = 1\n" * 30_000, b"provider = []"):
        path.write_bytes(content)
        with pytest.raises(UnusableConfiguration):
            read_providers(path, folder / "secrets", public=True)
    path.unlink()
    with pytest.raises(UnusableConfiguration, match="cannot be read"):
        read_providers(path, folder / "secrets", public=True)


def test_settings_read_the_file_and_the_sign_in_page_gets_its_buttons(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert read_settings({}).providers == ()
    read(folder, LEAST, changed(id="other", name={"en": "Other"}))
    settings = read_settings({"PSEPHOS_OIDC": "oidc.toml"})
    assert [(one.id, one.name.vi) for one in providers(settings)] == [
        ("ward", "Định danh phường"),
        ("other", "Other"),
    ]
    with pytest.raises(UnusableSettings, match="PSEPHOS_OIDC"):
        read_settings({"PSEPHOS_OIDC": "nowhere.toml"})


def examples() -> list[str]:
    """The configurations of the guide."""
    guide = (ROOT / "docs/guides/sign-in.md").read_text(encoding="utf-8")
    return [block.partition("\n```")[0] for block in guide.split("```toml\n")[1:]]


def test_every_example_of_the_guide_can_be_used(folder: Path) -> None:
    names = ("keycloak.secret", "tara.secret", "uaepass.secret")
    for name in names:
        write_secret(folder / "secrets", name, b"secret")
    for name in ("singpass-sign.pem", "singpass-open.pem"):
        key = jwk.generate_key("EC", "P-256", private=True)
        write_secret(folder / "secrets", name, key.as_pem(private=True))
    found = []
    for number, example in enumerate(examples()):
        path = folder / f"{number}.toml"
        path.write_text(example + "\n", encoding="utf-8")
        found += [one.id for one in read_providers(path, folder / "secrets", public=True)]
    assert found == ["ward", "tara", "singpass", "uaepass"]
