"""The whole flow through the running site and the certified provider `oidc-provider`, and what it refuses."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from joserfc import jwk
from joserfc.jwk import ECKey

from identity.assurance import Assurance
from identity.people import person_hash
from tests.identity.oidc.site import Browser, SiteUnderTest, free_port, running_site, toml_of, write_secret
from tests.support.databases import BOTH, database
from tests.support.openid import (
    ProviderSetup,
    RunningProvider,
    read_page,
    running_provider,
    sign_in_at_provider,
    signing_key,
)

SECRET = "a secret: with % and + and colons"
LAN, MINH = "EE38001010001", "EE38001010002"
DOCUMENT = "document-7788"
PEOPLE: dict[str, dict[str, Any]] = {
    LAN: {"email": "lan@example.org", "email_verified": True, "document": {"number": DOCUMENT}},
    MINH: {"email": "minh@example.org", "email_verified": False, "document": {}},
}
NAMES = {"en": "Ward ID", "vi": "Định danh phường"}
STRICT = {
    "acr": {"substantial": "substantial", "high": "high"},
    "minimum": "substantial",
    "amr": ["card", "app"],
}


def client_key() -> ECKey:
    key = signing_key("client-1")
    assert isinstance(key, ECKey)
    return key


CLIENT_KEY = client_key()
DECRYPTION_KEY = jwk.generate_key("EC", "P-256", {"kid": "client-enc", "use": "enc"}, private=True)


@dataclass
class Stage:
    """Site and provider. The clients of the provider are named as the entries of the site."""

    site: SiteUnderTest
    provider: RunningProvider

    def browser(self) -> Browser:
        return Browser(self.site)

    def go(
        self, browser: Browser, client: str, name: str = LAN, *, cancel: bool = False, lang: str = "en"
    ) -> str:
        """From the button to the address to come back to."""
        return sign_in_at_provider(browser.address(client, lang), name, self.site.url, cancel=cancel)


def clients(site: str) -> list[dict[str, Any]]:
    by_secret: dict[str, Any] = {"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"}
    by_key: dict[str, Any] = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [CLIENT_KEY.as_dict(private=False)]},
        "token_endpoint_auth_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
    }
    wanted = {
        "secret": by_secret,
        "key": by_key,
        "pushed": {**by_key, "require_pushed_authorization_requests": True},
        "sealed": {
            **by_key,
            "jwks": {"keys": [CLIENT_KEY.as_dict(private=False), DECRYPTION_KEY.as_dict(private=False)]},
            "id_token_encrypted_response_alg": "ECDH-ES+A256KW",
            "id_token_encrypted_response_enc": "A256CBC-HS512",
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": True,
        },
        "unbound": {**by_key, "dpop_bound_access_tokens": True},
        "strict": by_secret,
        "mail": by_secret,
        "document": by_secret,
    }
    return [
        {"client_id": f"psephos-{name}", "redirect_uris": [f"{site}/sign-in/callback/{name}"], **more}
        for name, more in wanted.items()
    ]


def entries(issuer: str) -> str:
    """PSEPHOS_OIDC: one entry for each client, and one that the provider does not know."""
    secret: dict[str, Any] = {"issuer": issuer, "name": NAMES, "secret_file": "provider.secret"}
    key: dict[str, Any] = {
        "issuer": issuer,
        "name": NAMES,
        "authentication": "private_key_jwt",
        "key_file": "client.pem",
        "key_id": "client-1",
        "assurance": "substantial",
    }
    wanted: dict[str, dict[str, Any]] = {
        "secret": {**secret, "assurance": "low", "par": "never"},
        "key": {**key, "algorithms": ["ES256"]},
        "pushed": {**key, "par": "required"},
        "sealed": {
            **key,
            "par": "required",
            "dpop": True,
            "decryption_key_file": "decryption.pem",
            "decryption_key_id": "client-enc",
            "parameters": {"authentication_context_type": "APP_AUTHENTICATION_DEFAULT"},
        },
        "unbound": key,
        "strict": {**secret, **STRICT, "acr_values": ["high", "substantial"], "max_age": 300},
        "mail": {**secret, "assurance": "low", "scopes": ["openid", "email"], "claim": "email"},
        "document": {
            **secret,
            "assurance": "low",
            "scopes": ["openid", "profile"],
            "claim": ["document", "number"],
        },
        "stranger": {**secret, "assurance": "low"},
    }
    return "\n".join(toml_of(id=name, client_id=f"psephos-{name}", **more) for name, more in wanted.items())


@pytest.fixture(scope="module", params=BOTH)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    write_secret(folder / "secrets", "provider.secret", SECRET.encode() + b"\n")
    write_secret(folder / "secrets", "client.pem", CLIENT_KEY.as_pem(private=True))
    write_secret(folder / "secrets", "decryption.pem", DECRYPTION_KEY.as_pem(private=True))
    keys = [signing_key("rsa-1", "RS256"), signing_key("ec-1")]
    setup = ProviderSetup(clients(f"http://localhost:{port}"), keys, PEOPLE)
    with (
        running_provider(setup) as provider,
        database(request.param, request, folder) as url,
        running_site(folder, port, entries(provider.issuer), url) as site,
    ):
        yield Stage(site, provider)


def altered(address: str, **changes: str | None) -> str:
    """The address with other parameters; None removes one."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = urlencode({name: value for name, value in query.items() if value is not None})
    return urlunsplit(parts._replace(query=kept))


def parameter(address: str, name: str) -> str:
    """One parameter of an address."""
    return dict(parse_qsl(urlsplit(address).query))[name]


@pytest.mark.parametrize("client", ["secret", "key", "pushed", "sealed", "mail", "document"])
def test_somebody_signs_in(stage: Stage, client: str) -> None:
    browser, before = stage.browser(), len(stage.site.sessions())
    response = browser.come_back(stage.go(browser, client))
    assert (response.status_code, response.headers["location"]) == (303, "/en/my")
    assert browser.is_signed_in()
    assert len(stage.site.sessions()) == before + 1


def test_a_person_is_known_by_the_configured_claim_and_kept_as_a_hash(stage: Stage) -> None:
    for client, claim in (("secret", LAN), ("mail", "lan@example.org"), ("document", DOCUMENT)):
        browser = stage.browser()
        browser.come_back(stage.go(browser, client))
        newest = stage.site.sessions()[-1]
        assert newest.issuer == stage.provider.issuer
        assert newest.claim == person_hash(stage.site.desk.keys, stage.provider.issuer, claim)
        assert claim not in stage.site.everything()


def test_the_same_person_is_the_same_person_again(stage: Stage) -> None:
    for _ in range(2):
        browser = stage.browser()
        browser.come_back(stage.go(browser, "key", MINH))
    digest = person_hash(stage.site.desk.keys, stage.provider.issuer, MINH)
    assert len({one.person for one in stage.site.sessions() if one.claim == digest}) == 1


def test_what_is_sent_through_the_browser_says_nothing_when_requests_are_pushed(stage: Stage) -> None:
    address = stage.browser().address("pushed")
    assert set(dict(parse_qsl(urlsplit(address).query))) == {"client_id", "request_uri"}


def test_a_request_that_is_not_pushed_has_challenge_state_and_nonce(stage: Stage) -> None:
    browser = stage.browser()
    first, second = browser.address("secret"), browser.address("secret")
    assert parameter(first, "code_challenge_method") == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(parameter(first, name)) == 43
        assert parameter(first, name) != parameter(second, name)


def test_neither_database_nor_log_learns_a_secret(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = stage.browser()
    address = browser.address("secret")
    while_away = stage.site.everything()
    back = sign_in_at_provider(address, LAN, stage.site.url)
    browser.come_back(back)
    browser.come_back(back)
    seen = (
        while_away
        + stage.site.everything()
        + "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("psephos"))
    )
    assert "Sign-in with secret" in seen  # the second answer was refused, and that is in the log
    for secret in (
        *(parameter(address, name) for name in ("state", "nonce")),
        parameter(back, "code"),
        LAN,
        SECRET,
    ):
        assert secret not in seen


def test_the_reader_comes_back_in_the_language_and_to_the_page_of_the_start(stage: Stage) -> None:
    browser = stage.browser()
    back = sign_in_at_provider(browser.address("secret", "vi", next="/vi/elections"), LAN, stage.site.url)
    assert browser.come_back(back).headers["location"] == "/vi/elections"
    browser = stage.browser()
    back = sign_in_at_provider(browser.address("secret", next="//evil.example/en/"), LAN, stage.site.url)
    assert browser.come_back(back).headers["location"] == "/en/my"


def test_levels_follow_the_table(stage: Stage) -> None:
    for said, level in (
        ("acr=high amr=card", Assurance.HIGH),
        ("acr=substantial amr=app", Assurance.SUBSTANTIAL),
    ):
        browser = stage.browser()
        browser.come_back(stage.go(browser, "strict", f"{LAN} {said}"))
        assert browser.is_signed_in()
        assert stage.site.sessions()[-1].assurance is level


@pytest.mark.parametrize("said", ["acr=low amr=card", "amr=card", "acr=high amr=pwd", "acr=high"])
def test_a_weaker_sign_in_than_asked_for_is_refused(stage: Stage, said: str) -> None:
    browser, before = stage.browser(), len(stage.site.sessions())
    assert browser.why(browser.come_back(stage.go(browser, "strict", f"{LAN} {said}"))) == "assurance-too-low"
    assert not browser.is_signed_in()
    assert len(stage.site.sessions()) == before


def test_an_address_that_nobody_confirmed_is_no_identity(stage: Stage) -> None:
    browser = stage.browser()
    assert browser.why(browser.come_back(stage.go(browser, "mail", MINH))) == "claim-missing"
    assert browser.why(browser.come_back(stage.go(browser, "document", MINH))) == "claim-missing"
    assert not browser.is_signed_in()


@pytest.mark.parametrize("client", ["secret", "pushed"])
def test_whoever_turns_back_is_told_so(stage: Stage, client: str) -> None:
    browser, before = stage.browser(), stage.site.attempts()
    response = browser.come_back(stage.go(browser, client, cancel=True, lang="vi"))
    assert response.headers["location"].startswith(f"/vi/sign-in/{client}?")
    assert browser.why(response) == "sign-in-cancelled"
    assert not browser.is_signed_in()
    assert stage.site.attempts() == before
    again = read_page(browser.client.get(response.headers["location"]).text)
    assert again.action == f"/vi/sign-in/{client}"  # the way to begin again is on the page


def test_an_answer_counts_once(stage: Stage) -> None:
    browser = stage.browser()
    back = stage.go(browser, "secret")
    browser.come_back(back)
    before = len(stage.site.sessions())
    assert browser.why(browser.come_back(back)) == "sign-in-unknown"
    assert len(stage.site.sessions()) == before


def test_an_answer_in_another_browser_signs_nobody_in(stage: Stage) -> None:
    """A thief makes somebody else's browser finish the thief's own sign-in, or takes an answer from a history."""
    thief, other, stranger = stage.browser(), stage.browser(), stage.browser()
    other.address("secret")  # the other browser has a sign-in of its own under way
    back = stage.go(thief, "secret", MINH)
    assert other.why(other.come_back(back)) == "sign-in-unknown"
    assert not other.is_signed_in()
    assert stranger.why(stranger.come_back(stage.go(thief, "secret", MINH))) == "sign-in-unknown"
    assert not stranger.is_signed_in()


@pytest.mark.parametrize("state", [None, "", "A" * 43, "x", "A" * 4000])
def test_an_answer_with_another_state_is_refused(stage: Stage, state: str | None) -> None:
    browser = stage.browser()
    back = stage.go(browser, "secret")
    assert browser.why(browser.come_back(altered(back, state=state))) == "sign-in-unknown"
    assert browser.come_back(back).headers["location"] == "/en/my"  # the true answer still counts


def test_a_parameter_that_comes_twice_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    back = stage.go(browser, "secret")
    assert browser.why(browser.come_back(f"{back}&code=another")) == "sign-in-unknown"
    assert browser.why(browser.come_back(f"{back}&pad={'x' * 8200}")) == "sign-in-unknown"


def test_a_stolen_code_is_worth_nothing_in_the_thiefs_browser(stage: Stage) -> None:
    """Code injection: the verifier belongs to the browser that asked."""
    owner, thief = stage.browser(), stage.browser()
    code = parameter(stage.go(owner, "secret", LAN), "code")
    back = stage.go(thief, "secret", MINH)
    assert thief.why(thief.come_back(altered(back, code=code))) == "sign-in-refused"
    assert not thief.is_signed_in()


def test_a_code_of_another_client_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    code = parameter(stage.go(browser, "key"), "code")
    back = stage.go(browser, "secret")
    assert browser.why(browser.come_back(altered(back, code=code))) == "sign-in-refused"


@pytest.mark.parametrize("code", [None, "", "é", "A" * 2049])
def test_an_answer_without_a_code_is_refused(stage: Stage, code: str | None) -> None:
    browser = stage.browser()
    assert (
        browser.why(browser.come_back(altered(stage.go(browser, "secret"), code=code)))
        == "provider-misbehaved"
    )


def test_an_answer_at_the_address_of_another_provider_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    back = stage.go(browser, "secret").replace("/callback/secret", "/callback/key")
    assert browser.why(browser.come_back(back)) == "sign-in-unknown"


@pytest.mark.parametrize("iss", [None, "https://evil.example", "http://localhost"])
def test_an_answer_must_say_which_provider_gave_it(stage: Stage, iss: str | None) -> None:
    browser = stage.browser()
    assert (
        browser.why(browser.come_back(altered(stage.go(browser, "secret"), iss=iss))) == "provider-misbehaved"
    )


def test_a_sign_in_that_took_longer_than_ten_minutes_is_over(stage: Stage) -> None:
    browser = stage.browser()
    back = stage.go(browser, "secret")
    with stage.site.ahead(601):
        assert browser.why(browser.come_back(back)) == "sign-in-unknown"


def test_sign_ins_that_nobody_finished_are_removed(stage: Stage) -> None:
    browser = stage.browser()
    browser.address("secret")
    browser.address("secret")
    assert stage.site.attempts() >= 2
    with stage.site.ahead(601):
        browser.address("secret")
        assert stage.site.attempts() == 1


def test_two_tabs_of_one_browser_do_not_disturb_each_other(stage: Stage) -> None:
    browser = stage.browser()
    first, second = browser.address("secret"), browser.address("key")
    backs = [sign_in_at_provider(address, LAN, stage.site.url) for address in (first, second)]
    assert [browser.come_back(back).headers["location"] for back in backs] == ["/en/my", "/en/my"]


def test_a_client_that_the_provider_does_not_know_cannot_push(stage: Stage) -> None:
    browser, before = stage.browser(), stage.site.attempts()
    assert browser.why(browser.start("stranger")) == "sign-in-refused"
    assert stage.site.attempts() == before


def test_a_provider_that_binds_tokens_to_a_key_gives_none_without(stage: Stage) -> None:
    """The control of `sealed`: this provider does ask for DPoP."""
    browser = stage.browser()
    assert browser.why(browser.come_back(stage.go(browser, "unbound"))) == "sign-in-refused"


def test_a_form_of_another_site_starts_nothing(stage: Stage) -> None:
    browser, before = stage.browser(), stage.site.attempts()
    browser.client.get("/en/sign-in/secret")
    foreign = browser.client.post("/en/sign-in/secret", data={"csrf": "A" * 86, "next": ""})
    assert foreign.status_code == 403
    assert stage.site.attempts() == before


def test_keys_that_the_provider_changes_are_read_again_but_not_at_will(stage: Stage) -> None:
    browser = stage.browser()
    browser.come_back(stage.go(browser, "secret"))
    old = stage.provider.setup.keys
    stage.provider.change(keys=[signing_key("rsa-2", "RS256"), signing_key("ec-2")])
    try:
        # Read within the last minute: an unknown key does not make the site ask again, whoever names it.
        assert browser.why(browser.come_back(stage.go(browser, "secret"))) == "provider-misbehaved"
        back = stage.go(browser, "secret")
        with stage.site.ahead(61):
            assert browser.come_back(back).headers["location"] == "/en/my"
    finally:
        stage.provider.change(keys=old)
        with stage.site.ahead(3700):  # what was read above is forgotten
            browser.why(browser.come_back(stage.go(browser, "secret")))


def test_the_sites_own_keys_are_published_without_their_private_half(stage: Stage) -> None:
    published = stage.browser().client.get("/sign-in/keys.json").json()["keys"]
    assert {(key["kid"], key["use"], key["alg"]) for key in published} == {
        ("client-1", "sig", "ES256"),
        ("client-enc", "enc", "ECDH-ES+A256KW"),
    }
    assert '"d"' not in json.dumps(published)


def test_a_provider_that_is_not_configured_is_not_found(stage: Stage) -> None:
    client = stage.browser().client
    assert client.get("/en/sign-in/nobody").status_code == 404
    assert client.get("/sign-in/callback/nobody?state=x").status_code == 404
    assert client.get("/en/sign-in/secret?why=invented").status_code == 200
