"""Passkeys against devices and browsers that claim what is not so."""

import json
import secrets

import pytest
from Cryptodome.PublicKey import ECC
from sqlalchemy import select

from identity import passkeys
from identity.errors import PasskeyRefused
from identity.models import IdentityPasskey
from identity.roles import Role
from identity.sessions import SignedIn
from storage.session import reading, writing
from tests.support.authenticator import PRESENT, Passkey
from tests.support.desks import BASE_URL, DeskUnderTest

BROWSER = b"b" * 32


def registration(desk: DeskUnderTest, who: SignedIn) -> str:
    with writing(desk.desk.engine) as session:
        return passkeys.registration_options(desk.desk, session, who, "Hoa")


def register(desk: DeskUnderTest, who: SignedIn, answer: bytes) -> None:
    with writing(desk.desk.engine) as session:
        passkeys.register(desk.desk, session, who, answer, "my phone")


def enrolled(desk: DeskUnderTest, *roles: Role) -> tuple[SignedIn, Passkey]:
    """Somebody with a passkey."""
    who = desk.signed_in(*roles)
    key = Passkey(BASE_URL, user=bytes.fromhex(who.person_id))
    register(desk, who, key.create(registration(desk, who)))
    return who, key


def options(desk: DeskUnderTest, browser: bytes = BROWSER) -> str:
    with writing(desk.desk.engine) as session:
        return passkeys.sign_in_options(desk.desk, session, browser)


def check(desk: DeskUnderTest, answer: bytes, browser: bytes = BROWSER) -> str:
    with writing(desk.desk.engine) as session:
        person, known = passkeys.check(desk.desk, session, browser, answer)
        assert known.methods == ("passkey",)
        return person


def stored(desk: DeskUnderTest) -> list[tuple[bytes, int]]:
    with reading(desk.desk.engine) as session:
        rows = session.execute(select(IdentityPasskey.credential_id, IdentityPasskey.sign_count))
        return [(row.credential_id, row.sign_count) for row in rows]


def test_an_honest_device_is_let_in(desk_anywhere: DeskUnderTest) -> None:
    who, key = enrolled(desk_anywhere, Role.OFFICIAL)
    assert check(desk_anywhere, key.but(counter=2).get(options(desk_anywhere))) == who.person_id
    assert stored(desk_anywhere) == [(key.credential_id, 2)]


def test_of_its_last_use_only_the_day_is_kept(desk: DeskUnderTest) -> None:
    """The board shows when each ballot came; when its voter signed in must not be beside it."""
    who, key = enrolled(desk, Role.OFFICIAL)
    check(desk, key.but(counter=2).get(options(desk)))
    with reading(desk.desk.engine) as session:
        (one,) = passkeys.passkeys_of(session, who.person_id)
    assert one.used_at == desk.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    assert one.used_at != desk.clock()


def test_a_key_that_does_not_count_is_let_in_again_and_again(desk: DeskUnderTest) -> None:
    who = desk.signed_in()
    key = Passkey(BASE_URL, user=bytes.fromhex(who.person_id), counter=0)
    register(desk, who, key.create(registration(desk, who)))
    for _ in range(2):
        assert check(desk, key.get(options(desk))) == who.person_id


@pytest.mark.parametrize(
    ("fault", "claims"),
    [
        ("another site", {"origin": "https://localhost.evil.example"}),
        ("another port", {"origin": "http://localhost:8001"}),
        ("another party", {"rp_id": "evil.example"}),
        ("owner not checked", {"flags": PRESENT}),
        ("nobody there", {"flags": 0}),
        ("counter stands still", {"counter": 1}),
        ("counter goes back", {"counter": 0}),
        ("another key", {"key": ECC.generate(curve="P-256")}),
        ("unknown credential", {"credential_id": b"x" * 16}),
        ("another person", {"user": b"y" * 16}),
        ("nobody", {"user": b""}),
        ("a registration", {"kind_get": "webauthn.create"}),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_device_that_claims_what_is_not_so_is_refused(
    desk: DeskUnderTest, fault: str, claims: dict[str, object]
) -> None:
    who, key = enrolled(desk, Role.ADMINISTRATOR)
    honest = key.but(counter=2)
    with pytest.raises(PasskeyRefused):
        check(desk, honest.but(**claims).get(options(desk)))
    assert stored(desk) == [(key.credential_id, 1)]
    assert check(desk, honest.get(options(desk))) == who.person_id  # control: nothing else was wrong


def test_an_answer_is_good_once(desk: DeskUnderTest) -> None:
    _, key = enrolled(desk)
    answer = key.but(counter=2).get(options(desk))
    check(desk, answer)
    with pytest.raises(PasskeyRefused):
        check(desk, answer)


def test_an_answer_belongs_to_the_browser_that_asked(desk: DeskUnderTest) -> None:
    _, key = enrolled(desk)
    answer = key.but(counter=2).get(options(desk))
    with pytest.raises(PasskeyRefused):
        check(desk, answer, browser=b"c" * 32)
    check(desk, answer)  # control


def test_an_answer_comes_within_five_minutes(desk: DeskUnderTest) -> None:
    _, key = enrolled(desk)
    late, in_time = options(desk), options(desk)
    desk.clock.wait(minutes=4, seconds=59)
    check(desk, key.but(counter=2).get(in_time))
    desk.clock.wait(seconds=1)
    with pytest.raises(PasskeyRefused):
        check(desk, key.but(counter=3).get(late))


def test_a_challenge_of_registration_signs_nobody_in(desk: DeskUnderTest) -> None:
    who, key = enrolled(desk)
    with pytest.raises(PasskeyRefused):
        check(desk, key.but(counter=2).get(registration(desk, who)), browser=BROWSER)
    with pytest.raises(PasskeyRefused):
        register(desk, who, Passkey(BASE_URL).create(options(desk)))


def test_a_challenge_that_was_never_given_out_is_refused(desk: DeskUnderTest) -> None:
    _, key = enrolled(desk)
    forged = json.dumps({"challenge": secrets.token_urlsafe(64)})
    with pytest.raises(PasskeyRefused):
        check(desk, key.but(counter=2).get(forged))


@pytest.mark.parametrize(
    ("fault", "claims"),
    [
        ("another site", {"origin": "https://evil.example"}),
        ("another party", {"rp_id": "evil.example"}),
        ("owner not checked", {"flags": PRESENT}),
        ("a sign-in", {"kind_create": "webauthn.get"}),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_new_passkey_that_claims_what_is_not_so_is_refused(
    desk: DeskUnderTest, fault: str, claims: dict[str, object]
) -> None:
    who = desk.signed_in(Role.OFFICIAL)
    with pytest.raises(PasskeyRefused):
        register(desk, who, Passkey(BASE_URL).but(**claims).create(registration(desk, who)))
    assert stored(desk) == []
    register(desk, who, Passkey(BASE_URL).create(registration(desk, who)))  # control


def test_a_passkey_of_somebody_else_cannot_be_registered_again(desk: DeskUnderTest) -> None:
    _, key = enrolled(desk)
    other = desk.signed_in(Role.ADMINISTRATOR)
    with pytest.raises(PasskeyRefused):
        register(desk, other, key.create(registration(desk, other)))
    assert len(stored(desk)) == 1


def test_a_challenge_of_another_session_registers_nothing(desk: DeskUnderTest) -> None:
    victim, attacker = desk.signed_in(Role.OFFICIAL), desk.signed_in()
    with pytest.raises(PasskeyRefused):
        register(desk, victim, Passkey(BASE_URL).create(registration(desk, attacker)))
    assert stored(desk) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b"[" * 16_000,
        b'{"id":1}',
        b"x" * 20_000,
        b'{"id":"a","rawId":"a"}',
    ],
)
def test_what_is_no_answer_is_refused(desk: DeskUnderTest, answer: bytes) -> None:
    who, _ = enrolled(desk)
    with pytest.raises(PasskeyRefused):
        check(desk, answer)
    with pytest.raises(PasskeyRefused):
        register(desk, who, answer)


def test_nobody_removes_or_renames_the_passkey_of_another(desk: DeskUnderTest) -> None:
    who, key = enrolled(desk)
    other = desk.signed_in(Role.ADMINISTRATOR)
    with writing(desk.desk.engine) as session:
        assert not passkeys.remove(session, other.person_id, key.credential_id)
        passkeys.rename(session, other.person_id, key.credential_id, "mine now")
        assert [one.name for one in passkeys.passkeys_of(session, who.person_id)] == ["my phone"]
        assert passkeys.remove(session, who.person_id, key.credential_id)
