"""An official's TOML file becomes a manifest, or a sentence says what to mend."""

import pytest

from cli.manifest_toml import DEFAULTS, SERVER_FIELDS, ManifestFileUnusable, complete_manifest, parse_manifest
from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.errors import ManifestInvalid, RecordTooLarge
from protocol.manifest import Manifest, Option, Ranking, decode_manifest
from protocol.text import LocalText
from tests.cli.desk import toml
from tests.support.elections import ELECTION, LOG_KEY, SERVER_KEY, trustee_key
from voting.server_keys import ElectionKeys

KEYS = ElectionKeys(LOG_KEY, SERVER_KEY)
TRUSTEES = [(f"T{number}", encode_base64url(trustee_key(number).public_key)) for number in (1, 2, 3)]


def read(text: str) -> Manifest:
    return complete_manifest(parse_manifest(text.encode()), ELECTION, KEYS, "vote.example.org")


def test_the_server_adds_its_part_and_times_become_utc() -> None:
    manifest = read(
        toml(
            TRUSTEES,
            opens_at="2026-11-29T07:00:00+07:00",
            closes_at='"2026-11-30T13:00:00Z"',
            revoting="false",
        )
    )
    assert (manifest.opens_at, manifest.closes_at) == ("2026-11-29T00:00:00Z", "2026-11-30T13:00:00Z")
    assert manifest.revoting is False
    assert manifest.election == ELECTION
    assert manifest.log_origin == f"vote.example.org/elections/{ELECTION}"
    assert manifest.log_key == encode_base64url(LOG_KEY.public_key)
    assert manifest.server_key == encode_base64url(SERVER_KEY.public_key)
    assert decode_manifest(encode_canonical(manifest)) == manifest


def test_a_ranking_is_written_with_the_points_of_its_positions() -> None:
    options = ", ".join(f'{{ id = "{name}", label = {{ en = "{name}", vi = "{name}" }} }}' for name in "abc")
    asked = f'id = "q", kind = "ranking", text = {{ en = "x", vi = "x" }}, options = [{options}]'
    manifest = read(toml(TRUSTEES, questions=f"[{{ {asked}, positions = [5, 2, 0] }}]"))
    assert manifest.questions == (
        Ranking(
            id="q",
            text=LocalText(en="x", vi="x"),
            options=tuple(Option(id=name, label=LocalText(en=name, vi=name)) for name in "abc"),
            positions=(5, 2, 0),
        ),
    )
    with pytest.raises(ManifestFileUnusable, match="positions"):
        read(toml(TRUSTEES, questions=f"[{{ {asked} }}]"))


def test_what_is_left_out_is_the_careful_choice() -> None:
    left_out = dict.fromkeys(("areas", "bits", "ceremony", "objection_seconds", "small_areas"), "")
    manifest = read(toml(TRUSTEES, **left_out))
    assert manifest.bits == 3072
    assert manifest.ceremony == "separate-machines"
    assert manifest.objection_seconds == 3600
    assert manifest.warnings() == ("not-witnessed",)
    # All other fields have no default: forgetting one is told.
    for name in set(Manifest.__struct_fields__) - SERVER_FIELDS - DEFAULTS.keys():
        with pytest.raises(ManifestFileUnusable, match=name):
            read(toml(TRUSTEES, **{name: ""}))


def test_what_officials_may_ask_for_besides() -> None:
    key, digest = encode_base64url(trustee_key(9).public_key), "A" * 43
    asked = {"extension_seconds": "7200", "quorum": "[1, 3]", "rehearsal": "true", "sign_in": '"required"'}
    document = (
        '{bytes = 9, media_type = "application/pdf", name = {en = "D", vi = "T"}, sha256 = "' + digest + '"}'
    )
    manifest = read(toml(TRUSTEES, registrar_key=f'"{key}"', documents=f"[{document}]", **asked))
    assert (manifest.extension_seconds, manifest.quorum, manifest.rehearsal) == (7200, (1, 3), True)
    assert (manifest.registrar_key, manifest.asks_sign_in) == (key, True)
    assert [item.sha256 for item in manifest.documents] == [digest]


@pytest.mark.parametrize("name", sorted(SERVER_FIELDS))
def test_what_the_server_sets_is_not_for_the_file(name: str) -> None:
    with pytest.raises(ManifestFileUnusable, match=f"{name} is set by the server"):
        read(toml(TRUSTEES) + f'{name} = "x"\n')


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"opens_at": "2026-11-29T07:00:00"}, "opens_at has no time zone. Write it as"),
        ({"opens_at": "2026-11-29"}, "Expected `str`, got `date` - at `$.opens_at`"),
        ({"opens_at": "0001-01-01T00:00:00+14:00"}, "opens_at lies before the first year"),
        (
            {"closes_at": "9999-12-31T23:59:59-14:00"},
            "closes_at lies before the first year or after the last",
        ),
        ({"opens_at": '"2026-11-29T07:00:00+07:00"'}, "opens_at"),
        ({"opens_at": '"2026-02-30T07:00:00Z"'}, "day"),
        ({"opens_at": "2026-11-29T07:00:00Z", "closes_at": "2026-11-29T07:00:00Z"}, "open before it closes"),
        ({"opens_at": "2026-11-29T07:00:00Z", "closes_at": "2026-11-28T07:00:00Z"}, "open before it closes"),
        (
            {"opens_at": "2026-11-29T07:00:00Z", "closes_at": "2026-11-29T13:00:00+07:00"},
            "open before it closes",
        ),
        ({"threshold": "3"}, "3 of 3 trustees is not offered"),
        ({"threshold": "1"}, "1 of 3 trustees is not offered"),
        ({"threshold": "9" * 5000}, "not a TOML file"),
        ({"threshold": "9" * 50}, "threshold"),
        ({"threshold": "2.0"}, "threshold"),
        ({"trustees": "[]"}, "0 trustees"),
        ({"trustees": f'[{{ name = "A", key = "{TRUSTEES[0][1]}" }}]'}, "2 of 1 trustees is not offered"),
        (
            {"threshold": "1", "trustees": f'[{{ name = "A", key = "{TRUSTEES[0][1][:-1]}" }}]'},
            "key of trustee 1",
        ),
        ({"trustees": '[{ name = "A" }]'}, "key"),
        ({"witnesses": f'[{{ name = "w", key = "{TRUSTEES[0][1]}" }}]'}, "name no witnesses"),
        ({"witnesses": "0"}, "witnesses"),
        ({"bits": "1024"}, "bits"),
        ({"bits": '"2048"'}, "bits"),
        ({"colour": '"red"'}, "unknown field `colour`"),
        ({"title": '"Only one language"'}, "title"),
        ({"title": '{ en = "x" }'}, "vi"),
        ({"title": '{ en = "x", vi = "x", fr = "x" }'}, "fr"),
        ({"title": '{ en = "a\\u202eb", vi = "x" }'}, "control character"),
        ({"questions": "[]"}, "0 questions"),
        (
            {"questions": '[{ kind = "ranked", id = "q", text = { en = "x", vi = "x" }, options = [] }]'},
            "ranked",
        ),
        ({"objection_seconds": "-1"}, "objection_seconds"),
        ({"sign_in": '"vneid"'}, "sign_in"),
        ({"quorum": "[1]"}, "quorum"),
        ({"rehearsal": "1"}, "rehearsal"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, str], words: str) -> None:
    read(toml(TRUSTEES))  # the control
    with pytest.raises((ManifestFileUnusable, ManifestInvalid)) as refused:
        read(toml(TRUSTEES, **changes))
    assert words in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"title = ", "not a TOML file"),
        (b"bits = 2048\nbits = 3072\n", "not a TOML file"),
        (b"title = 'Ph\xe9'", "not a TOML file"),
        (b"\xef\xbb\xbfbits = 2048\n", "byte order mark"),
        (b"x = " + b"[" * 100_000, "not a TOML file"),
        (b'{"bits": 2048}', "not a TOML file"),
        (b"", "missing required field"),
    ],
)
def test_what_is_no_toml_file(data: bytes, words: str) -> None:
    with pytest.raises(ManifestFileUnusable, match=words):
        complete_manifest(parse_manifest(data), ELECTION, KEYS, "vote.example.org")


LONG = "x" * 300


def test_a_manifest_that_is_too_long_to_travel() -> None:
    label = f'{{ en = "{LONG}", vi = "{LONG}" }}'
    options = ", ".join(f'{{ id = "o{number}", label = {label} }}' for number in range(200))
    asked = f'kind = "choose-one", text = {{ en = "x", vi = "x" }}, options = [{options}]'
    questions = "[" + ", ".join(f'{{ id = "q{number}", {asked} }}' for number in range(20)) + "]"
    with pytest.raises((RecordTooLarge, ManifestInvalid)):
        read(toml(TRUSTEES, questions=questions))
