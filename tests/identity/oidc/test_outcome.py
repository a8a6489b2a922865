"""What a checked answer means here."""

from typing import Any

import pytest

from identity.assurance import Assurance
from identity.oidc.errors import AssuranceTooLow, ClaimMissing
from identity.oidc.outcome import MAX_CLAIM, identity_of
from tests.identity.oidc.parts import ISSUER, configured


def test_issuer_claim_level_and_methods() -> None:
    provider = configured(acr={"high": Assurance.HIGH}, assurance=None)
    identity = identity_of({"sub": "lan", "acr": "high", "amr": ["card", "pin"]}, provider)
    assert (identity.issuer, identity.claim, identity.assurance) == (ISSUER, "lan", Assurance.HIGH)
    assert identity.methods == ("card", "pin")
    assert "lan" not in repr(identity)


@pytest.mark.parametrize("acr", [None, "", "HIGH", "high ", "loa-4", ["high"], 3, True])
def test_a_level_in_other_words_is_no_level(acr: Any) -> None:
    claims = {"sub": "lan", "acr": acr}
    with pytest.raises(AssuranceTooLow):
        identity_of(claims, configured(acr={"high": Assurance.HIGH}, assurance=None))
    fixed = configured(acr={"high": Assurance.HIGH}, assurance=Assurance.LOW)
    assert identity_of(claims, fixed).assurance is Assurance.LOW


def test_the_minimum_holds_for_every_way() -> None:
    levels = {"low": Assurance.LOW, "substantial": Assurance.SUBSTANTIAL}
    provider = configured(acr=levels, assurance=Assurance.LOW, minimum=Assurance.SUBSTANTIAL)
    assert identity_of({"sub": "lan", "acr": "substantial"}, provider).assurance is Assurance.SUBSTANTIAL
    for claims in ({"sub": "lan", "acr": "low"}, {"sub": "lan"}):
        with pytest.raises(AssuranceTooLow):
            identity_of(claims, provider)


@pytest.mark.parametrize("amr", [None, [], ["pwd"], "pwd", ["card x"], {"card": 1}, [["card"]], 7])
def test_another_way_than_an_accepted_one_is_refused(amr: Any) -> None:
    provider = configured(amr=frozenset({"card"}))
    assert identity_of({"sub": "lan", "amr": ["pwd", "card"]}, provider).methods == ("pwd", "card")
    assert identity_of({"sub": "lan", "amr": "card"}, provider).methods == ("card",)
    with pytest.raises(AssuranceTooLow):
        identity_of({"sub": "lan", "amr": amr}, provider)


def test_methods_are_words_and_few() -> None:
    """They are stored with spaces between: none may become two."""
    given = ["a b", "x" * 61, "\n", "é", *(f"m{number}" for number in range(30))]
    assert identity_of({"sub": "lan", "amr": given}, configured()).methods == tuple(
        f"m{i}" for i in range(10)
    )


@pytest.mark.parametrize(
    "value", [None, "", "  ", 7, ["lan"], {"a": "b"}, "x" * (MAX_CLAIM + 1), "la\nn", "la\u202en", "\x00"]
)
def test_a_claim_that_names_nobody_is_refused(value: Any) -> None:
    with pytest.raises(ClaimMissing):
        identity_of({"sub": "lan", "number": value}, configured(claim=("number",)))


def test_a_claim_inside_an_object() -> None:
    provider = configured(claim=("sub_attributes", "identity_number"))
    assert identity_of({"sub_attributes": {"identity_number": "S1"}}, provider).claim == "S1"
    wrong: list[dict[str, Any]] = [
        {},
        {"sub_attributes": "S1"},
        {"sub_attributes": {}},
        {"identity_number": "S1"},
    ]
    for claims in wrong:
        with pytest.raises(ClaimMissing):
            identity_of(claims, provider)


def test_one_name_has_one_spelling() -> None:
    provider = configured(claim=("number",))
    assert (
        identity_of({"number": "Phường"}, provider).claim
        == identity_of({"number": "Phu\u031bo\u031b\u0300ng"}, provider).claim
    )


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_counts_only_when_it_was_confirmed(verified: Any) -> None:
    provider = configured(claim=("email",))
    assert (
        identity_of({"email": "lan@example.org", "email_verified": True}, provider).claim == "lan@example.org"
    )
    with pytest.raises(ClaimMissing):
        identity_of({"email": "lan@example.org", "email_verified": verified}, provider)
