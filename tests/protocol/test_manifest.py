"""A manifest that breaks one of its own limits is refused, and the sentence names what is wrong."""

import copy
from typing import Any

import msgspec
import pytest

from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.canonical import encode_canonical
from protocol.errors import ManifestInvalid, RecordTooLarge
from protocol.manifest import (
    DOCUMENTS_MAX,
    EXTENSION_SECONDS_MAX,
    MANIFEST_BYTES_MAX,
    STRICT_SMALL_AREAS,
    WITNESSES_MAX,
    Document,
    SmallAreas,
    decode_manifest,
)
from tests.support.elections import approval, choose_one, make_manifest, options, points, ranking
from tests.support.elections import text as local
from tests.support.hostile import Path, as_json, canonical, put_at

HONEST = msgspec.structs.replace(
    make_manifest((choose_one(), approval(), points(), ranking()), 3, ("north", "south")),
    documents=(Document(bytes=1234, media_type="application/pdf", name=local("Leaflet"), sha256="A" * 43),),
    extension_seconds=86_400,
    quorum=(1, 3),
    registrar_key=encode_base64url(SigningKey.from_seed(b"R" * 32).public_key),
    sign_in="required",
)
KEY = encode_base64url(SigningKey.from_seed(b"k" * 32).public_key)
OTHER_KEY = encode_base64url(SigningKey.from_seed(b"o" * 32).public_key)
SMALL_ORDER = encode_base64url(bytes.fromhex("01" + "00" * 31))
ORDER_EIGHT = encode_base64url(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
)


def text(value: str) -> dict[str, str]:
    return {"en": value, "vi": value}


def witness(number: int, name: str = "w.example/1") -> dict[str, str]:
    return {"key": encode_base64url(SigningKey.from_seed(bytes([99, number]) * 16).public_key), "name": name}


def document(number: int) -> dict[str, Any]:
    digest = encode_base64url(bytes([number]) * 32)
    return {"bytes": 5, "media_type": "text/plain", "name": text("D"), "sha256": digest}


def area(number: int) -> dict[str, Any]:
    return {"id": f"a{number}", "name": text("A")}


def option(number: int) -> dict[str, Any]:
    return {"id": f"o{number}", "label": text("O")}


def question(number: int) -> dict[str, Any]:
    return {"id": f"k{number}", "kind": "choose-one", "options": [option(1), option(2)], "text": text("?")}


REFUSED: list[tuple[str, Path, Any, str]] = [
    ("opens when it closes", ("opens_at",), HONEST.closes_at, "open before it closes"),
    ("closes before it opens", ("closes_at",), "2026-11-01T00:00:00Z", "open before it closes"),
    ("a day that does not exist", ("opens_at",), "2026-02-30T00:00:00Z", "day"),
    ("no question", ("questions",), [], "0 questions"),
    ("21 questions", ("questions",), [question(i) for i in range(21)], "21 questions"),
    ("question twice", ("questions", 1, "id"), "q1", "question ids are not distinct"),
    ("title of 201 characters", ("title", "vi"), "x" * 201, "title (vi) has 201"),
    ("no authority", ("authority", "en"), "", "authority (en) has 0"),
    ("time zone too long", ("time_zone",), "x" * 65, "time_zone"),
    ("text of 501 characters", ("questions", 0, "text", "en"), "x" * 501, "text of question q1"),
    ("label of 301 characters", ("questions", 0, "options", 0, "label", "en"), "x" * 301, "label of option a1"),
    ("one option", ("questions", 0, "options"), [option(1)], "1 options"),
    ("201 options", ("questions", 0, "options"), [option(i) for i in range(201)], "201 options"),
    ("option twice", ("questions", 1, "options", 1, "id"), "a1", "option ids of question q2"),
    ("reserved option", ("questions", 0, "options", 0, "id"), "blank", "reserved"),
    ("no option to approve", ("questions", 1, "options"), [], "0 options"),
    ("approval: min above max", ("questions", 1, "min"), 3, "min <= max"),
    ("approval: max above options", ("questions", 1, "max"), 4, "min <= max"),
    ("approval: nothing allowed", ("questions", 1, "max"), 0, "max >= 1"),
    ("points: 0 each", ("questions", 2, "points_max"), 0, "points_max 1 to 20"),
    ("points: 21 each", ("questions", 2, "points_max"), 21, "points_max 1 to 20"),
    ("points: huge", ("questions", 2, "points_max"), 2**53 - 1, "points_max 1 to 20"),
    ("points: total above all options", ("questions", 2, "total_max"), 16, "total_max <= options"),
    ("points: min above max", ("questions", 2, "total_min"), 11, "total_min <= total_max"),
    ("bits", ("bits",), 1024, "1024"),
    ("no trustee", ("trustees",), [], "0 trustees"),
    ("two trustees", ("trustees",), [{"key": KEY, "name": "A"}, {"key": OTHER_KEY, "name": "B"}], "2 of 2"),
    ("three of three", ("threshold",), 3, "3 of 3 trustees"),
    ("one of three", ("threshold",), 1, "1 of 3 trustees"),
    ("trustee twice", ("trustees", 1, "key"), HONEST.trustees[0].key, "trustee keys are not distinct"),
    ("trustee without a name", ("trustees", 0, "name"), "", "name of trustee 1"),
    ("trustee key of small order", ("trustees", 0, "key"), SMALL_ORDER, "small order"),
    ("trustee key of order eight", ("trustees", 0, "key"), ORDER_EIGHT, "small order"),
    ("trustee key too short", ("trustees", 0, "key"), "AAAA", "key of trustee 1"),
    ("log key of small order", ("log_key",), SMALL_ORDER, "small order"),
    ("server key of order eight", ("server_key",), ORDER_EIGHT, "small order"),
    ("server key with trailing bits", ("server_key",), HONEST.server_key[:-1] + "B", "server_key"),
    ("no area", ("areas",), [], "0 areas"),
    ("1001 areas", ("areas",), [area(i) for i in range(1001)], "1001 areas"),
    ("area twice", ("areas", 1, "id"), "north", "area ids are not distinct"),
    ("share of nothing", ("small_areas", "max_share"), [0, 1], "max_share"),
    ("share above all", ("small_areas", "max_share"), [2, 1], "max_share"),
    ("share of zero parts", ("small_areas", "max_share"), [1, 0], "max_share"),
    ("no credential needed", ("small_areas", "min_credentials"), 0, "minima"),
    ("no weight needed", ("small_areas", "min_same_weight"), 0, "minima"),
    ("objection time of 31 days", ("objection_seconds",), 2_592_001, "2592000"),
    ("promise of no time", ("promise_seconds",), 0, ">= 1"),
    ("promise of two hours", ("promise_seconds",), 7200, "3600"),
    ("origin with a space", ("log_origin",), "a b", "regex"),
    ("origin with a plus", ("log_origin",), "a+b", "regex"),
    ("origin with two lines", ("log_origin",), "a\nb", "regex"),
    ("origin of 129 characters", ("log_origin",), "a" * 129, "regex"),
    ("election in capitals", ("election",), "A" * 32, "regex"),
    ("sign-in of a later version", ("sign_in",), "oidc", "sign_in"),
    ("more witnesses than a note has signatures", ("witnesses",), [witness(i) for i in range(16)], "16 witnesses"),
    ("witness twice", ("witnesses",), [witness(1), witness(1, "other")], "witness keys are not distinct"),
    ("witness with a space", ("witnesses",), [witness(1, "Hội quan sát")], "no spaces"),
    ("witness with a plus", ("witnesses",), [witness(1, "w+1")], "no spaces"),
    ("title in NFD", ("title", "vi"), "Pho\u031b\u0309", "normal form"),
    ("title that turns round", ("title", "en"), "abc\u202edcba", "control"),
    ("extension of eight days", ("extension_seconds",), 691_200, "604800"),
    ("extension beyond the last year", ("closes_at",), "9999-12-31T23:59:59Z", "last year"),
    ("21 documents", ("documents",), [document(i) for i in range(21)], "21 documents"),
    ("document twice", ("documents",), [document(1), document(1)], "document digests are not distinct"),
    ("document without a name", ("documents", 0, "name", "vi"), "", "name of document 1 (vi) has 0"),
    ("document digest too short", ("documents", 0, "sha256"), "AAAA", "sha256 of document 1"),
    ("document type with a parameter", ("documents", 0, "media_type"), "text/html;a=b", "regex"),
    ("quorum of nobody", ("quorum",), [0, 2], "quorum"),
    ("quorum above all", ("quorum",), [3, 2], "quorum"),
    ("quorum of one number", ("quorum",), [1], "quorum"),
    ("registrar key of small order", ("registrar_key",), SMALL_ORDER, "small order"),
    ("registrar key too short", ("registrar_key",), "AAAA", "registrar_key"),
    ("the server as registrar", ("registrar_key",), HONEST.server_key, "key of the server"),
    ("the log as registrar", ("registrar_key",), HONEST.log_key, "key of the server"),
    ("rehearsal that is not said", ("rehearsal",), None, "rehearsal"),
    ("ranking of one", ("questions", 3, "options"), [option(1)], "1 options"),
    ("ranking of nine", ("questions", 3, "options"), [option(i) for i in range(9)], "9 options"),
    ("points for a position too few", ("questions", 3, "positions"), [2, 1], "positions must give points"),
    ("points for a position too many", ("questions", 3, "positions"), [3, 2, 1, 0], "positions must give points"),
    ("points that rise", ("questions", 3, "positions"), [1, 2, 0], "must never rise"),
    ("points that are all one", ("questions", 3, "positions"), [1, 1, 1], "must give more"),
    ("negative points", ("questions", 3, "positions"), [1, 0, -1], ">= 0"),
    ("points above 1000", ("questions", 3, "positions"), [1001, 1, 0], "1000"),
    ("half points", ("questions", 3, "positions"), [1, 0.5, 0], "int"),
    ("kind of question", ("questions", 0, "kind"), "auction", "kind"),
]  # fmt: skip


def test_honest_manifest_is_read() -> None:
    manifest = decode_manifest(encode_canonical(HONEST))
    assert manifest == HONEST
    assert (manifest.statement_quorum, manifest.witness_quorum) == (3, 0)


@pytest.mark.parametrize(
    ("path", "wrong", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_manifest_beyond_a_limit_is_refused(path: Path, wrong: Any, words: str) -> None:
    value = copy.deepcopy(as_json(HONEST))
    put_at(value, path, wrong)
    with pytest.raises(ManifestInvalid) as refused:
        decode_manifest(canonical(value))
    assert words in str(refused.value)


def test_extensions_reach_so_far() -> None:
    assert HONEST.latest_closes_at == "2026-12-01T20:00:00Z"
    assert make_manifest().latest_closes_at == make_manifest().closes_at
    assert (HONEST.asks_sign_in, make_manifest().asks_sign_in) == (True, False)


def test_largest_limits_are_still_read() -> None:
    value = as_json(HONEST)
    value["documents"] = [document(i) for i in range(DOCUMENTS_MAX)]
    value["extension_seconds"] = EXTENSION_SECONDS_MAX
    value["quorum"] = [2, 2]
    value["areas"] = [area(i) for i in range(1000)]
    value["witnesses"] = [witness(i) for i in range(WITNESSES_MAX)]
    value["questions"] = [question(i) for i in range(20)]
    value["questions"][0]["options"] = [option(i) for i in range(200)]
    value["objection_seconds"] = 2_592_000
    assert decode_manifest(canonical(value)).witness_quorum == 8


def test_manifest_over_its_limit_is_not_read() -> None:
    with pytest.raises(RecordTooLarge):
        decode_manifest(b" " * (MANIFEST_BYTES_MAX + 1))


def test_warnings_name_what_the_election_does_without() -> None:
    strict = make_manifest(trustees=3, small_areas=STRICT_SMALL_AREAS)
    assert strict.warnings() == ("112-bit", "one-machine-ceremony", "not-witnessed", "no-objection-time")
    assert "single-trustee" in make_manifest().warnings()
    trial = msgspec.structs.replace(strict, rehearsal=True)
    assert trial.warnings() == (*strict.warnings(), "rehearsal")
    relaxed = [
        SmallAreas(max_share=(1, 3), min_credentials=9, min_same_weight=3, open_whole=False),
        SmallAreas(max_share=(1, 3), min_credentials=10, min_same_weight=2, open_whole=False),
        SmallAreas(max_share=(334, 1000), min_credentials=10, min_same_weight=3, open_whole=False),
        SmallAreas(max_share=(1, 3), min_credentials=10, min_same_weight=3, open_whole=True),
    ]
    for rule in relaxed:
        assert "small-areas-relaxed" in make_manifest(small_areas=rule).warnings()
    stricter = SmallAreas(max_share=(1, 4), min_credentials=11, min_same_weight=4, open_whole=False)
    assert "small-areas-relaxed" not in make_manifest(small_areas=stricter).warnings()


@pytest.mark.parametrize("count", range(3, 11))
def test_two_sets_of_statements_share_an_honest_trustee(count: int) -> None:
    """With at most t - 1 corrupt trustees; what a forked closing would need is two sets without one."""
    value = as_json(HONEST)
    value["trustees"] = [
        {"key": encode_base64url(SigningKey.from_seed(bytes([i]) * 32).public_key), "name": f"T{i}"}
        for i in range(count)
    ]
    manifest = decode_manifest(canonical(value))
    shared = 2 * manifest.statement_quorum - count
    assert shared > manifest.threshold - 1
    assert manifest.statement_quorum <= count
    assert 2 * (manifest.statement_quorum - 1) - count <= manifest.threshold - 1  # and no more than needed


@pytest.mark.parametrize("number", range(16))
def test_quorum_of_witnesses_is_more_than_half(number: int) -> None:
    value = as_json(HONEST)
    value["witnesses"] = [witness(i) for i in range(number)]
    quorum = decode_manifest(canonical(value)).witness_quorum
    assert quorum <= number
    assert (quorum == 0) == (number == 0)
    assert number == 0 or 2 * quorum > number >= 2 * (quorum - 1)


def test_options_of_the_support_are_distinct() -> None:
    assert len({each.id for each in options(20)}) == 20
