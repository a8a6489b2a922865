"""An election that is extended by command, and what `psephos verify` says of it and of other events."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Psephos
from tests.cli.desk import Desk, draft, freeze_signatures, prepare
from tests.support.boards import MemoryBoard
from tests.support.bundles import write_bundle
from tests.support.elections import choose_one, make_election, make_manifest
from tests.support.signed_in import with_registrar

REASON = ("--name", "Ngô Thị Sáu", "--reason", "Mất điện.")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, str]:
    """One trustee, polls open, extended by an hour; and the first closing time."""
    desk = Desk(tmp_path_factory.mktemp("extended"))
    draft(desk, 1, extension_seconds="7200")
    prepare(desk)
    desk.do("election", "freeze", "terms", *freeze_signatures(desk))
    assert "entry 4" in desk.do("election", "open", desk.election, "--name", "Ngô Thị Sáu")
    return desk, desk.manifest.closes_at


def test_polls_are_extended_within_the_terms(extended: tuple[Desk, str]) -> None:
    desk, closes_at = extended
    end = datetime.strptime(closes_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    later, too_late = end + timedelta(hours=1), end + timedelta(hours=3)
    extend = ("election", "extend", desk.election, "--until")
    assert "at the latest" in desk.refused(*extend, too_late.isoformat(), *REASON)
    assert "later time" in desk.refused(*extend, end.isoformat(), *REASON)
    for wrong in (
        "tomorrow",
        later.replace(tzinfo=None).isoformat(),
        "0001-01-01T00:00:00+14:00",
        "2026-13-01",
    ):
        assert "no time with its zone" in desk.refused(*extend, wrong, *REASON)
    assert "cannot be published" in desk.refused(*extend, later.isoformat(), "--name", "", "--reason", "x")
    out = desk.do(*extend, later.isoformat(), *REASON)
    assert "(entry 5 of the board)" in out
    desk.do("election", "close", desk.election, "--yes", *REASON)
    desk.do("election", "bundle", desk.election, "--out", "closed")
    out = desk.do("verify", "closed")
    assert "the polls were extended to" in out
    assert "Ngô Thị Sáu closed early: Mất điện." in out
    answer = json.loads(desk.do("verify", "closed", "--json"))
    (extension,) = answer["events"]["extensions"]
    assert (extension["entry"], extension["by"], extension["reason"]) == (5, "Ngô Thị Sáu", "Mất điện.")
    assert answer["events"]["closed"]["by"] == "Ngô Thị Sáu"
    assert {"polls-extended", "closed-early"} <= set(answer["warnings"])


def test_verify_lists_replaced_codes_conflicts_and_persons(psephos: Psephos, tmp_path: Path) -> None:
    manifest = with_registrar(make_manifest((choose_one(2),)))
    board = MemoryBoard(make_election(manifest)).start()
    board.cast(1, [[1, 0, 0]])
    board.revoke(1, 11)
    board.cast(11, [[0, 1, 0]])
    board.conflict(2)
    assert board.tally([1], persons=1).report.ok
    folder = write_bundle(board, tmp_path / "bundle")
    code, text, _ = psephos("verify", folder)
    assert code == 0
    out = " ".join(text.split())
    assert "was replaced by" in out
    assert "1 ballots of it do not count: The letter was lost." in out
    assert "was refused because of who had signed in (key-has-another-person)" in out
    assert "1 people signed in and voted" in out
    answer = json.loads(psephos("verify", folder, "--json")[1])
    assert [len(answer["events"][kind]) for kind in ("replaced", "conflicts", "extensions")] == [1, 1, 0]
    assert {"codes-replaced", "sign-in-conflicts"} <= set(answer["warnings"])
