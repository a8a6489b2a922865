"""A trustee who hands the office something else than the protocol allows: refused by name, and nothing is stored.

What stands on the board stays there for ever, so one wrong body would spoil the verdict of the whole election.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import encode_base64url
from protocol.leaf import Kind, sign_body
from tally.errors import BodyRefused, TallyError, TallyRefused
from tally.opening import append_partial_openings, append_statement, publish_result
from tests.support.databases import BOTH, database
from tests.support.elections import SERVER_KEY, trustee_key, voter_key
from tests.support.hostile import canonical, threshold_election
from tests.support.offices import OfficeUnderTest, make_office
from tests.support.trustees import Signed, Urn, close_and_aggregate, votes
from tests.voting.whole import verified


@pytest.fixture(scope="module", params=BOTH)
def urn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A closed election of 2 of 3 trustees, in which trustees 1 and 2 have stated; all tests leave it as it is."""
    folder = tmp_path_factory.mktemp("urn")
    with database(request.param, request, folder) as url:
        yield closed(url, folder)


def closed(url: str, folder: Path) -> Urn:
    office = make_office(url, folder / "secrets", threshold_election())
    office.cast(1, [(1, 0, 0)])
    office.cast(2, [(0, 1, 0)])
    urn = close_and_aggregate(office)
    urn.state((1, 2))
    return urn


def require_refused(
    urn: Urn, deed: Callable[[], object], words: str, kind: type[TallyError] = BodyRefused
) -> None:
    before = urn.office.everything()
    with pytest.raises(kind, match=words):
        deed()
    assert urn.office.everything() == before


def state(urn: Urn, signed: Signed) -> Callable[[], object]:
    return lambda: append_statement(urn.office.office, urn.office.id, *signed)


def hand_in(urn: Urn, signed: Signed) -> Callable[[], object]:
    return lambda: append_partial_openings(urn.office.office, urn.office.id, *signed)


def altered(urn: Urn, **changes: object) -> Signed:
    """Trustee 3's statement with other content, properly signed."""
    body = canonical(json.loads(urn.statement(3)[0]) | changes)
    return body, sign_body(Kind.CLOSING_STATEMENT, body, trustee_key(3))


STATEMENTS: dict[str, tuple[dict[str, object], str]] = {
    "other aggregates": (
        {"aggregates": encode_base64url(b"a" * 32)},
        "Trustee 3's closing statement names another",
    ),
    "another root": (
        {"checkpoint_root": encode_base64url(b"r" * 32)},
        "Trustee 3's closing statement names another",
    ),
    "another size": ({"checkpoint_size": 7}, "Trustee 3's closing statement names another"),
    "another election": ({"election": "f" * 32}, "Trustee 3's closing statement names another"),
    "another fingerprint": (
        {"fingerprint": encode_base64url(b"f" * 32)},
        "Trustee 3's closing statement names",
    ),
    "a trustee who is none": ({"trustee": 4}, "There is no trustee 4"),
    "trustee zero": ({"trustee": 0}, "cannot be read"),
    "unknown field": ({"note": "x"}, "cannot be read"),
    "other format": ({"format": "psephos/act/v1"}, "cannot be read"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_about_something_else_is_refused(urn: Urn, name: str) -> None:
    changes, words = STATEMENTS[name]
    require_refused(urn, state(urn, altered(urn, **changes)), words)


def test_nobody_states_for_another(urn: Urn) -> None:
    body, _ = urn.statement(3)
    for signer in (trustee_key(1), SERVER_KEY, voter_key(1)):
        require_refused(urn, state(urn, (body, sign_body(Kind.CLOSING_STATEMENT, body, signer))), "signature")
    for signature in (b"", b"\0" * 64, sign_body(Kind.PARTIAL_OPENING, body, trustee_key(3))):
        require_refused(urn, state(urn, (body, signature)), "signature")


def test_a_statement_is_made_once(urn: Urn) -> None:
    require_refused(urn, state(urn, urn.statement(1)), "statement is on the board already", TallyRefused)


def test_a_statement_has_one_spelling(urn: Urn) -> None:
    body, _ = urn.statement(3)
    for other in (
        body + b" ",
        body.replace(b'"trustee":3', b'"trustee":3.0'),
        body[:-1],
        b"",
        b"null",
        body * 2,
    ):
        signed = other, sign_body(Kind.CLOSING_STATEMENT, other, trustee_key(3))
        require_refused(urn, state(urn, signed), "cannot be read|not canonical")


def test_parts_come_after_the_statements(urn: Urn) -> None:
    require_refused(
        urn, hand_in(urn, urn.parts(1)), "2 identical closing statements stand on the board; 3 must"
    )


# After all statements.


@pytest.fixture(scope="module", params=BOTH)
def ready(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same with all statements, and trustee 1's parts."""
    folder = tmp_path_factory.mktemp("ready")
    with database(request.param, request, folder) as url:
        urn = closed(url, folder)
        urn.state((3,))
        urn.open((1,))
        yield urn


def test_a_part_made_with_another_share_names_its_trustee(ready: Urn) -> None:
    """Also with the share of somebody who would give it away."""
    for share in (ready.office.election.shares[0], replace(ready.office.election.shares[1], share=12345)):
        openings = ready.openings(2, replace(share, index=2))
        require_refused(ready, hand_in(ready, ready.parts(2, openings)), "[Tt]rustee 2")


def test_a_part_that_was_altered_names_its_trustee(ready: Urn) -> None:
    good = ready.openings(2)
    n = ready.office.election.terms.record.n
    wrong = [
        replace(good[0], x=good[0].x + 1),
        replace(good[0], x=0),
        replace(good[0], x=n),
        replace(good[0], challenge=good[0].challenge ^ 1),
        replace(good[0], response=good[0].response + 1),
    ]
    for opening in wrong:
        require_refused(ready, hand_in(ready, ready.parts(2, [opening, *good[1:]])), "[Tt]rustee 2")
    exchanged = ready.parts(2, good[::-1])
    assert len(good) == 2
    require_refused(ready, hand_in(ready, exchanged), "[Tt]rustee 2")


def test_parts_for_all_products_and_for_no_others(ready: Urn) -> None:
    good = ready.openings(2)
    for openings in (good[:1], [], [*good, good[0]]):
        require_refused(ready, hand_in(ready, ready.parts(2, openings)), "2 products are opened, not")


def test_anothers_parts_cannot_be_taken_over(ready: Urn) -> None:
    """Trustee 1's answers are public; signed by trustee 3 they are not trustee 3's."""
    require_refused(ready, hand_in(ready, ready.parts(3, ready.openings(1))), "[Tt]rustee 3")
    require_refused(ready, hand_in(ready, ready.parts(2, signer=3)), "signature")
    body, _ = ready.parts(2)
    require_refused(
        ready, hand_in(ready, (body, sign_body(Kind.PARTIAL_OPENING, body, SERVER_KEY))), "signature"
    )


def test_parts_of_other_aggregates_are_refused(ready: Urn) -> None:
    body = json.loads(ready.parts(2)[0])
    for name, value, words in (
        ("aggregates", encode_base64url(b"a" * 32), "answer other aggregates"),
        ("election", "f" * 32, "another election"),
        ("fingerprint", encode_base64url(b"f" * 32), "another election"),
        ("trustee", 9, "no trustee 9"),
    ):
        changed = canonical(body | {name: value})
        signed = changed, sign_body(Kind.PARTIAL_OPENING, changed, trustee_key(2))
        require_refused(ready, hand_in(ready, signed), words)


def test_parts_are_handed_in_once(ready: Urn) -> None:
    require_refused(
        ready, hand_in(ready, ready.parts(1)), "partial openings are on the board already", TallyRefused
    )


def test_after_all_attacks_the_honest_open(ready: Urn) -> None:
    """Control, and last: nothing of all that stands in the way."""
    ready.open((2,))
    office: OfficeUnderTest = ready.office
    assert votes(publish_result(office.office, office.id)) == [[1, 1, 0]]
    verified(office)
