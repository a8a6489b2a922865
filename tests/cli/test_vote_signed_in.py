"""`psephos vote` where the vote asks for a sign-in: an entry code from a browser, and a ballot that waits for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.receipt import decode_receipt
from storage.engine import make_engine
from storage.session import writing
from tests.cli.desk import (
    DONE,
    UNUSABLE,
    Desk,
    draft,
    free_port,
    freeze_signatures,
    prepare,
    serving,
)
from voting.office import Office
from voting.server_keys import ServerKeys
from voting.sign_in import issue_permit

PERSONS = [bytes([number]) * 32 for number in range(1, 4)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An open election that asks its voters to sign in, and its server."""
    made = Desk(tmp_path_factory.mktemp("desk"), free_port())
    draft(made, 1, sign_in='"required"')
    prepare(made)
    made.do("election", "freeze", "terms", *freeze_signatures(made))
    made.do("election", "open", made.election)
    with serving(made):
        yield made


@pytest.fixture
def voter(desk: Desk, tmp_path: Path) -> Desk:
    """A voter's own folder at the same server."""
    for name in ("terms", "codes.sealed"):
        (tmp_path / name).symlink_to(desk.folder / name)
    return Desk(tmp_path, desk.port)


def entry_code(desk: Desk, person: int) -> str:
    """What the page gives to somebody who has signed in."""
    engine = make_engine(desk.environment["PSEPHOS_DATABASE_URL"])
    office = Office(engine, ServerKeys.open(desk.folder / "secrets"))
    try:
        with writing(engine) as session:
            return issue_permit(office, session, desk.election, PERSONS[person])
    finally:
        engine.dispose()


def test_with_an_entry_code_the_ballot_goes_in(desk: Desk, voter: Desk) -> None:
    code = entry_code(desk, 0)
    ended = voter("vote", desk.api, "--code-file", voter.code_file(0), "--permit", code, typed=["1", "y"])
    assert (ended.code, ended.err) == (DONE, ""), ended
    decode_receipt((voter.folder / "psephos-receipt.json").read_bytes())
    assert code not in ended.out


def test_an_old_code_is_replaced_and_the_sealed_ballot_stays(desk: Desk, voter: Desk) -> None:
    old = entry_code(desk, 1)
    new = entry_code(desk, 1)
    typed = ["1", "y", "short", f" {new} "]
    ended = voter("vote", desk.api, "--code-file", voter.code_file(1), "--permit", old, typed=typed)
    assert ended.code == DONE, ended
    assert "The sealed ballot is still here: get another entry code." in ended.out
    assert "Copy it once more." in ended.out
    sealed = ended.out.split("Receipt code of this ballot: ")[1].split()[0]
    assert f"Receipt code {sealed}," in ended.out


def test_without_one_it_is_asked_for_and_the_page_is_named(desk: Desk, voter: Desk) -> None:
    typed = ["1", "y", entry_code(desk, 2)]
    ended = voter("vote", desk.api, "--code-file", voter.code_file(2), typed=typed)
    assert ended.code == DONE, ended
    assert f"http://localhost:{desk.port}/en/elections/{desk.election}/permit" in ended.out


def test_somebody_elses_sign_in_is_a_conflict(desk: Desk, voter: Desk) -> None:
    code = entry_code(desk, 1)
    ended = voter("vote", desk.api, "--code-file", voter.code_file(2), "--permit", code, typed=["1", "y"])
    assert ended.code == UNUSABLE
    assert "Your vote is not in the urn." in ended.out
    assert "You have voted with another voting code already" in ended.err
