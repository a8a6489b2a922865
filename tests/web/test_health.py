"""What supervisors ask: one word, and nothing for strangers."""

import pytest
from sqlalchemy import text
from starlette.requests import Request

from storage.session import writing
from tests.support.offices import OfficeUnderTest, client_of, site
from web import health
from web.background import Standing
from web.health import Readiness


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)


def test_a_whole_server_is_alive_and_ready(office: OfficeUnderTest) -> None:
    alive, ready = office.client.get("/healthz"), office.client.get("/readyz")
    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert (ready.status_code, ready.text) == (200, "ready\n")
    for answer in (alive, ready):
        assert answer.headers["cache-control"] == "no-store"
        assert "ratelimit" not in answer.headers


def require_not_ready(office: OfficeUnderTest, caplog: pytest.LogCaptureFixture, why: str) -> None:
    answer = office.client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert why in caplog.text
    assert office.client.get("/healthz").status_code == 200
    said = caplog.text.count("Not ready")
    office.client.get("/readyz")
    assert caplog.text.count("Not ready") == said == 1  # once, not at each question


def test_without_the_database(office: OfficeUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    with writing(office.engine) as session:
        session.execute(text("ALTER TABLE voting_election RENAME TO lost"))
    require_not_ready(office, caplog, "the database does not answer")
    assert "voting_election" not in caplog.text
    with writing(office.engine) as session:
        session.execute(text("ALTER TABLE lost RENAME TO voting_election"))
    assert office.client.get("/readyz").status_code == 200


def test_without_a_key_of_an_open_election(office: OfficeUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """Even while the key is still in memory: the next start would fail."""
    office.office.election_keys(office.id)
    key = office.secrets / f"{office.id}.server.key"
    key.rename(key.with_suffix(".away"))
    require_not_ready(office, caplog, f"The server key of election {office.id} cannot be read")


@pytest.mark.parametrize("standing", [Standing.DEAD, Standing.STUCK])
def test_without_background_work(
    office: OfficeUnderTest, caplog: pytest.LogCaptureFixture, standing: Standing
) -> None:
    office.client.app.state.background = lambda: standing  # type: ignore[attr-defined]
    require_not_ready(office, caplog, f"the background work is {standing}")


def test_however_often_somebody_asks_the_database_is_asked_once(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def faults_of(request: Request) -> tuple[str, ...]:
        asked.append(request)
        return ()

    monkeypatch.setattr(health, "KEPT_SECONDS", 2)
    monkeypatch.setattr(health, "faults_of", faults_of)
    client = client_of(site(office))
    assert {client.get("/readyz").status_code for _ in range(50)} == {200}
    assert len(asked) == 1


def test_a_verdict_is_kept_for_seconds(office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 2)
    now, verdicts = [0.0], [(), ("gone",), ()]
    monkeypatch.setattr(health, "faults_of", lambda _: verdicts.pop(0))
    readiness = Readiness(clock=lambda: now[0])

    def ask() -> int:
        return readiness.answer(None).status_code  # type: ignore[arg-type]

    statuses = []
    for second in (0.0, 1.9, 2.0, 3.9, 4.0):
        now[0] = second
        statuses.append(ask())
    assert statuses == [200, 200, 503, 503, 200]
