"""One more way to sign in to one's account, and nobody else's."""

import pytest

from identity import appointing, invitations, joining, passkeys
from identity.assurance import Assurance
from identity.errors import AccountUsed, LinkUnusable, NotJoinable, PasskeyRefused, PersonDisabled
from identity.models import IdentityPerson
from identity.people import find_by_claim, issuers_of, person_hash
from identity.roles import Permission, Role
from identity.sessions import SignedIn, find_session, sign_in
from identity.trail import System, deeds
from identity.types import EMAIL, Identity
from storage.session import reading, writing
from tests.support.authenticator import Passkey
from tests.support.desks import BASE_URL, DeskUnderTest

BROWSER = b"b" * 32
USED: set[str] = set()
"""Accounts in which something was done."""
TARA = Identity("https://tara.example", "EE60001019906", Assurance.HIGH, ("mID",))


def with_tara(desk: DeskUnderTest) -> SignedIn:
    """Somebody who has signed in with the national identity."""
    with writing(desk.desk.engine) as session:
        token = sign_in(desk.desk, session, TARA, language="en", device="")
        found = find_session(desk.desk, session, token)
    assert found is not None
    return found


def ticket(desk: DeskUnderTest, account: SignedIn) -> str:
    with writing(desk.desk.engine) as session:
        return joining.begin(desk.desk, session, account, BROWSER)


def join(desk: DeskUnderTest, given: str, other: SignedIn, browser: bytes = BROWSER) -> SignedIn:
    with writing(desk.desk.engine) as session:
        cookie = joining.join(
            desk.desk, session, given, browser, other, used=lambda _, person: person in USED, device=""
        )
    found = desk.who(cookie)
    assert found is not None
    return found


def owner(desk: DeskUnderTest) -> str | None:
    claim = person_hash(desk.desk.keys, TARA.issuer, TARA.claim)
    with reading(desk.desk.engine) as session:
        return find_by_claim(session, TARA.issuer, claim)


def test_the_identity_moves_to_the_account(desk_anywhere: DeskUnderTest) -> None:
    official = desk_anywhere.signed_in(Role.OFFICIAL)
    given, other = ticket(desk_anywhere, official), with_tara(desk_anywhere)
    joined = join(desk_anywhere, given, other)
    assert (joined.person_id, joined.assurance, joined.roles) == (
        official.person_id,
        Assurance.HIGH,
        frozenset({Role.OFFICIAL}),
    )
    assert not joined.may(Permission.MANAGE_ELECTIONS)  # not before the second factor
    assert joined.claim == other.claim
    assert with_tara(desk_anywhere).person_id == official.person_id
    with reading(desk_anywhere.desk.engine) as session:
        assert issuers_of(session, official.person_id) == ["email", TARA.issuer]
        assert find_session(desk_anywhere.desk, session, b"x") is None
        last = deeds(desk_anywhere.desk, session, 0, 100, with_names=True)[-1]
    assert (last.deed, last.detail) == ("identity-joined", {"issuer": TARA.issuer})


def test_what_was_made_with_it_alone_ends(desk: DeskUnderTest) -> None:
    other = with_tara(desk)
    key = Passkey(BASE_URL, user=bytes.fromhex(other.person_id))
    with writing(desk.desk.engine) as session:
        options = passkeys.registration_options(desk.desk, session, other, "x")
        passkeys.register(desk.desk, session, other, key.create(options), "x")
    join(desk, ticket(desk, desk.signed_in(Role.OFFICIAL)), other)
    with writing(desk.desk.engine) as session:
        options = passkeys.sign_in_options(desk.desk, session, BROWSER)
        with pytest.raises(PasskeyRefused):
            passkeys.check(desk.desk, session, BROWSER, key.but(counter=2).get(options))


def test_a_ticket_is_good_once(desk: DeskUnderTest) -> None:
    given = ticket(desk, desk.signed_in(Role.OFFICIAL))
    join(desk, given, with_tara(desk))
    with pytest.raises(LinkUnusable):
        join(desk, given, desk.signed_in())


def test_a_thief_does_not_get_a_stranger_to_join(desk: DeskUnderTest) -> None:
    """A ticket of the thief's account, opened by somebody who is signed in with their own identity."""
    victim = with_tara(desk)
    given = ticket(desk, desk.signed_in(Role.OFFICIAL))
    with pytest.raises(LinkUnusable):
        join(desk, given, victim, browser=b"c" * 32)
    assert owner(desk) == victim.person_id
    join(desk, given, victim)  # control


def test_a_ticket_ends_after_ten_minutes(desk: DeskUnderTest) -> None:
    given, other = ticket(desk, desk.signed_in()), with_tara(desk)
    desk.clock.wait(minutes=10)
    with pytest.raises(LinkUnusable):
        join(desk, given, other)
    assert owner(desk) == other.person_id


def test_whoever_has_a_role_is_not_swallowed(desk: DeskUnderTest) -> None:
    given, colleague = ticket(desk, desk.signed_in(Role.OFFICIAL)), desk.signed_in(Role.AUDITOR)
    with pytest.raises(NotJoinable):
        join(desk, given, colleague)
    own = desk.signed_in(Role.OFFICIAL)
    with pytest.raises(NotJoinable):
        join(desk, ticket(desk, own), own)


def test_an_identity_that_has_spoken_elsewhere_stays_there(desk: DeskUnderTest) -> None:
    """Else it would sign in its own account, move, sign again, and move on to the next mailbox."""
    other = with_tara(desk)
    given = ticket(desk, desk.signed_in())
    USED.add(other.person_id)
    with pytest.raises(AccountUsed):
        join(desk, given, other)
    assert owner(desk) == other.person_id
    USED.clear()
    join(desk, given, other)  # control


def test_nobody_joins_an_account_that_was_closed(desk: DeskUnderTest) -> None:
    official = desk.signed_in(Role.OFFICIAL)
    given, other = ticket(desk, official), with_tara(desk)
    with writing(desk.desk.engine) as session:
        session.get_one(IdentityPerson, official.person_id).disabled_at = desk.clock()
    with pytest.raises(PersonDisabled):
        join(desk, given, other)
    assert owner(desk) == other.person_id


@pytest.mark.parametrize("given", ["", "x", "A" * 43])
def test_what_is_no_ticket(desk: DeskUnderTest, given: str) -> None:
    with pytest.raises(LinkUnusable):
        join(desk, given, with_tara(desk))


class TestInvitedLater:
    """Whoever read a mailbox once waits for its owner to get a role."""

    ADDRESS = "hoa@example.org"

    def by_mail(self, desk: DeskUnderTest) -> SignedIn:
        with writing(desk.desk.engine) as session:
            mailbox = Identity(EMAIL, self.ADDRESS, Assurance.LOW, ("email",))
            token = sign_in(desk.desk, session, mailbox, language="en", device="")
            found = find_session(desk.desk, session, token)
        assert found is not None
        return found

    def appoint(self, desk: DeskUnderTest) -> str:
        with writing(desk.desk.engine) as session:
            link = invitations.invite(
                desk.desk,
                session,
                System("console"),
                name="Hoa",
                address=self.ADDRESS,
                roles=(Role.ADMINISTRATOR,),
                language="en",
            )
            return invitations.accept(desk.desk, session, link.partition("t=")[2], device="").person

    def test_an_identity_joined_before_is_not_the_officials(self, desk_anywhere: DeskUnderTest) -> None:
        thief = self.by_mail(desk_anywhere)
        joined = join(desk_anywhere, ticket(desk_anywhere, thief), with_tara(desk_anywhere))
        assert joined.person_id == thief.person_id
        official = self.appoint(desk_anywhere)
        assert official == thief.person_id
        again = with_tara(desk_anywhere)
        assert again.person_id != official
        assert not again.is_staff
        assert self.by_mail(desk_anywhere).person_id == official

    def test_a_ticket_from_before_is_worth_nothing(self, desk_anywhere: DeskUnderTest) -> None:
        given = ticket(desk_anywhere, self.by_mail(desk_anywhere))
        official = self.appoint(desk_anywhere)
        with pytest.raises(LinkUnusable):
            join(desk_anywhere, given, with_tara(desk_anywhere))
        assert owner(desk_anywhere) != official


def test_a_ticket_ends_when_the_account_is_taken_back(desk: DeskUnderTest) -> None:
    administrator, official = desk.signed_in(Role.ADMINISTRATOR), desk.signed_in(Role.OFFICIAL)
    given, thief = ticket(desk, official), with_tara(desk)
    with writing(desk.desk.engine) as session:
        appointing.reset_second_factor(desk.desk, session, administrator, official.person_id)
    with pytest.raises(LinkUnusable):
        join(desk, given, thief)
    assert owner(desk) == thief.person_id
