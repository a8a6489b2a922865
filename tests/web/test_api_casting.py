"""Casting over real HTTP into real processes: a running server, as voters meet it."""

import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

import httpx
import msgspec
import pytest
from sqlalchemy import text

import web.api.bundles
import web.casting_pool
from crypto.encoding import decode_base64url, encode_base64url
from protocol.canonical import decode_canonical
from protocol.casting import Promise, verify_promise
from protocol.leaf import Kind
from protocol.text import format_time
from tests.support.databases import BOTH, database
from tests.support.elections import choose_one, make_election, make_manifest, voter_key
from tests.support.offices import OfficeUnderTest, cast_request, make_office
from tests.voting.whole import require_whole, verified
from web.i18n import Text
from web.serving import application, server
from web.settings import Settings

YES = ((1, 0, 0),)


@dataclass(frozen=True)
class Running:
    """A server that answers, and the office behind it (for looking, not for casting)."""

    office: OfficeUnderTest
    http: httpx.Client
    others: frozenset[int | None]
    """Processes that were there before."""

    @property
    def api(self) -> str:
        """Path of the election's API."""
        return self.office.api

    def casting_processes(self) -> list[BaseProcess]:
        """Those that check ballots."""
        return [child for child in multiprocessing.active_children() if child.pid not in self.others]

    def post(self, request: bytes) -> httpx.Response:
        """Cast."""
        return self.http.post(f"{self.api}/ballots", content=request)


@pytest.fixture(scope="module", params=BOTH)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server with one casting process, for an election that is open now."""
    folder = tmp_path_factory.mktemp("running")
    others = frozenset(process.pid for process in multiprocessing.active_children())
    with database(request.param, request, folder) as url:
        now = datetime.now(UTC)
        manifest = msgspec.structs.replace(
            make_manifest((choose_one(2),)),
            opens_at=format_time(now - timedelta(hours=1)),
            closes_at=format_time(now + timedelta(hours=1)),
        )
        folder_of_keys = folder / "secrets"
        election = make_election(manifest, voters=12)
        office = make_office(url, folder_of_keys, election, now=now)
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
            words = Text("Test", "Thử")
            settings = Settings(
                base_url=f"http://localhost:{port}",
                host="127.0.0.1",
                port=port,
                database_url=url,
                secrets=folder_of_keys,
                name=words,
                authority=words,
                help_line="(none)",
            )
            with application(settings, casting_workers=1, jobs=False) as app:
                program = server(app, settings)
                thread = threading.Thread(target=program.run, kwargs={"sockets": [door]})
                thread.start()
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                    yield Running(office, client, others)
                program.should_exit = True
                thread.join()
        office.engine.dispose()


def test_a_ballot_over_http_is_on_the_board_with_a_promise(running: Running) -> None:
    request = cast_request(running.office.election, 1, YES)
    answer = running.post(request)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    entry = running.office.entries()[found["index"]]
    assert json.loads(entry.leaf) == found["leaf"]
    promise = decode_canonical(
        json.dumps(found["promise"], sort_keys=True, separators=(",", ":")).encode(),
        Promise,
        limit_bytes=2000,
    )
    verify_promise(running.office.election.manifest, promise)
    assert decode_base64url(promise.tracker, 32) == entry.digest
    again = running.post(request)
    assert (again.status_code, again.json()["code"]) == (409, "already-cast")
    key = encode_base64url(voter_key(1).public_key)
    assert running.http.get(f"{running.api}/credentials/{key}").json()["next_sequence"] == 2
    verified(running.office)


def test_refusals_cross_between_processes_with_code_and_sentence(running: Running) -> None:
    election, before = running.office.election, running.office.everything()
    honest = cast_request(election, 2, YES)
    cases = [
        (honest[:-1], 400, "malformed-ballot"),
        (cast_request(election, 99, YES), 403, "unknown-credential"),
        (cast_request(election, 2, YES, 7), 409, "wrong-sequence"),
        (honest + b" " * 20, 413, "too-large"),
    ]
    for request, status, code in cases:
        answer = running.post(request)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert len(answer.json()["detail"].split()) > 5
    answer = running.http.post(f"{running.api}/challenges", content=honest)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-challenge")
    assert running.office.everything() == before


def talk(running: Running, request: bytes, shut: bool = False) -> bytes:
    """Send these bytes to the server's port and read what it says."""
    with socket.create_connection(
        (running.http.base_url.host, running.http.base_url.port or 80), timeout=20
    ) as wire:
        wire.sendall(request)
        if shut:
            wire.shutdown(socket.SHUT_WR)
        wire.settimeout(5)
        said = b""
        try:
            while piece := wire.recv(65536):
                said += piece
                if b"\r\n\r\n" in said and not shut:
                    break
        except TimeoutError:
            pass
        return said


def test_content_lengths_that_lie_on_the_wire_store_nothing(running: Running) -> None:
    ballot, before = cast_request(running.office.election, 3, YES), running.office.everything()

    def headers(*lines: str) -> bytes:
        return "\r\n".join(
            [f"POST {running.api}/ballots HTTP/1.1", "Host: localhost", *lines, "", ""]
        ).encode()

    # Shorter than announced: the ballot is not whole, and the connection ends.
    talk(running, headers(f"Content-Length: {len(ballot) + 1}") + ballot, shut=True)
    # Longer than announced: what was announced is judged, the rest is no ballot.
    assert b" 400 " in talk(running, headers("Content-Length: 100") + ballot).split(b"\r\n")[0]
    # Too much, announced and not.
    assert b" 413 " in talk(running, headers("Content-Length: 99999999")).split(b"\r\n")[0]
    endless = headers("Transfer-Encoding: chunked") + b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert b" 413 " in talk(running, endless).split(b"\r\n")[0]
    # Nonsense, both at once, or two of them.
    for lines in (
        ("Content-Length: -1",),
        ("Content-Length: 1e3",),
        ("Content-Length: " + "9" * 5000,),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip",),
    ):
        first = talk(running, headers(*lines) + b"5\r\nhello\r\n0\r\n\r\n", shut=True).split(b"\r\n")[0]
        assert not first or b" 400 " in first or b" 413 " in first, (lines, first)
    assert running.office.everything() == before
    assert running.post(ballot).status_code == 201  # control


def test_the_site_goes_on_answering_while_ballots_are_checked(running: Running) -> None:
    """The arithmetic is in other processes: a page does not wait for it."""
    requests = [cast_request(running.office.election, voter, YES) for voter in (4, 5, 6, 7)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda request=request: answers.append(running.post(request).status_code))
        for request in requests
    ]
    for thread in threads:
        thread.start()
    seen = running.http.get(f"{running.api}/checkpoint").status_code
    for thread in threads:
        thread.join()
    assert seen == 200
    assert answers == [201] * 4
    require_whole(running.office)


def test_headers_on_the_wire(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD and 304 carry no body that would be taken for the next answer; a growing bundle comes in pieces."""
    bundle = f"{running.api}/bundle"
    monkeypatch.setattr(web.api.bundles, "PATIENCE_SECONDS", 0)
    grown = running.http.get(bundle)
    whole = running.http.get(bundle)
    assert grown.content == whole.content
    assert "content-length" in whole.headers
    for _ in range(2):  # on one connection
        head = running.http.head(bundle)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
        named = {"Range": "bytes=0-3", "If-Range": whole.headers["etag"]}
        part = running.http.get(bundle, headers=named)
        assert (part.status_code, part.content) == (206, b"PK\3\4")
    for path in (bundle, f"{running.api}/terms", f"{running.api}/checkpoint"):
        etag = running.http.get(path).headers["etag"]
        again = running.http.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    assert running.http.options(bundle).status_code == 204
    assert running.http.get("/healthz").text == "alive\n"
    assert running.http.get("/readyz").text == "ready\n"


def test_a_fault_in_a_process_is_a_fault_of_one_request(running: Running) -> None:
    """Whatever it raises, the process goes on; the answer does not claim that nothing was stored."""
    request = cast_request(running.office.election, 8, YES)
    (worker,) = running.casting_processes()
    with running.office.engine.begin() as connection:
        connection.execute(text("ALTER TABLE voting_ciphertext RENAME TO lost"))
    answer = running.post(request)
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "voting_ciphertext" not in answer.text
    with running.office.engine.begin() as connection:
        connection.execute(text("ALTER TABLE lost RENAME TO voting_ciphertext"))
    assert running.post(request).status_code == 201
    assert [child.pid for child in running.casting_processes()] == [worker.pid]


def test_a_killed_process_is_replaced(running: Running) -> None:
    """As the kernel does it when memory runs out."""
    for child in running.casting_processes():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    time.sleep(0.2)
    request = cast_request(running.office.election, 9, YES)
    first = running.post(request)
    assert (first.status_code, first.json()["code"]) == (500, "fault")
    assert running.post(request).status_code == 201
    require_whole(running.office)


def test_too_many_waiting_are_told_to_come_back(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    request, before = cast_request(running.office.election, 10, YES), running.office.everything()
    with monkeypatch.context() as full:
        full.setattr(web.casting_pool, "WAITING_PER_WORKER", 0)
        answer = running.post(request)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert "nothing was stored" in answer.json()["detail"]
    assert running.office.everything() == before
    assert running.post(request).status_code == 201


def test_afterwards_the_board_verifies(running: Running) -> None:
    """Last: everything that the other tests cast is there once."""
    assert running.office.kinds().count(Kind.BALLOT) >= 1
    verified(running.office)
