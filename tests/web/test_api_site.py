"""The site log over the API: whoever keeps a note can prove that nothing was taken out, and learns nobody's name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crypto.checkpoint import Checkpoint, verify_checkpoint
from crypto.encoding import decode_base64url
from crypto.merkle import leaf_hash, verify_consistency, verify_inclusion
from identity.roles import Role
from identity.trail import record
from storage.session import writing
from tests.support.offices import client_of
from tests.support.sites import SiteUnderTest, site_under_test

SITE = "/api/v1/site"


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as under_test:
        yield under_test


def get(site: SiteUnderTest, path: str) -> Any:
    answer = client_of(site.app).get(f"{SITE}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def head(site: SiteUnderTest, note: str | None = None) -> Checkpoint:
    note = note or client_of(site.app).get(f"{SITE}/checkpoint").text
    desk = site.desk.desk
    return verify_checkpoint(note, desk.trail_origin, desk.keys.log.public_key)


def act(site: SiteUnderTest, name: str, subject: str) -> None:
    """A deed of an official."""
    who = site.desk.signed_in(Role.OFFICIAL, name=name)
    with writing(site.desk.desk.engine) as session:
        record(site.desk.desk, session, who, "election-frozen", subject, {"why": "a secret reason"})


def test_everything_done_in_a_role_can_be_proved_without_a_name(site: SiteUnderTest) -> None:
    before = head(site)
    act(site, "Lan Nguyễn", "00112233445566778899aabbccddeeff")
    act(site, "Minh Trần", "ffeeddccbbaa99887766554433221100")
    newest = head(site)
    assert newest.size == before.size + 2

    listed = get(site, f"/entries?start={before.size}")
    assert [line["index"] for line in listed["entries"]] == [before.size, before.size + 1]
    for line in listed["entries"]:
        proved = get(site, f"/entries/{line['index']}")
        assert proved["leaf"] == line["leaf"]
        assert head(site, proved["checkpoint"]) == newest
        proof = [decode_base64url(node, 32) for node in proved["proof"]]
        verify_inclusion(leaf_hash(line["leaf"].encode()), line["index"], newest.size, proof, newest.root)
        leaf = json.loads(line["leaf"])
        assert (leaf["deed"], leaf["roles"]) == ("election-frozen", ["official"])
    whole = json.dumps(get(site, "/entries"), ensure_ascii=False)
    assert not any(word in whole for word in ("Lan", "Minh", "secret reason"))

    proof = get(site, f"/consistency?old={before.size}&new={newest.size}")["proof"]
    nodes = [decode_base64url(node, 32) for node in proof]
    verify_consistency(before.size, before.root, newest.size, newest.root, nodes)


def test_bodies_of_the_site_log_are_not_served(site: SiteUnderTest) -> None:
    """They hold names. An election's bodies are found by its own board only."""
    act(site, "Lan Nguyễn", "site")
    digest = json.loads(get(site, "/entries?start=1")["entries"][0]["leaf"])["body"]
    for path in (f"{SITE}/bodies/{digest}", f"/api/v1/elections/{'0' * 32}/bodies/{digest}"):
        assert client_of(site.app).get(path).status_code == 404
