"""The request that casts, and the promise that answers it."""

import msgspec
import pytest

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from crypto.signature import SignatureFailed, SigningKey
from protocol.ballot import BallotInvalid, ballot_bytes_max, encrypt_ballot
from protocol.canonical import encode_canonical
from protocol.casting import decode_cast_request, make_promise, verify_promise
from protocol.errors import MalformedRecord, RecordTooLarge
from protocol.leaf import Kind, sign_body
from tests.protocol.samples import VALUES
from tests.support.elections import SERVER_KEY, voter_key
from tests.support.hostile import small_election

MANIFEST = small_election().manifest
TIME = "2026-11-24T23:59:30Z"
PROMISE = make_promise(MANIFEST, b"t" * 32, 7, TIME, SERVER_KEY)


def test_longest_cast_request_fits_exactly() -> None:
    terms = small_election().terms
    body = encrypt_ballot(terms, VALUES, voter_key(1).public_key, 2**32 - 1, BallotSeed(b"s" * 32))
    signature = encode_base64url(sign_body(Kind.BALLOT, body, voter_key(1)))
    request = b'{"ballot":%s,"format":"psephos/cast/v1","signature":"%s"}' % (body, signature.encode())
    decoded = decode_cast_request(request, ballot_bytes_max(terms))
    assert encode_canonical(decoded.ballot) == body
    with pytest.raises(RecordTooLarge):
        decode_cast_request(request + b" ", ballot_bytes_max(terms))
    with pytest.raises(BallotInvalid) as error:
        decode_cast_request(request[:-1], ballot_bytes_max(terms))
    assert error.value.code == "malformed-ballot"


def test_promise_keeps_the_manifest() -> None:
    verify_promise(MANIFEST, PROMISE)
    assert PROMISE.deadline == "2026-11-25T00:00:30Z"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("index", 8), ("time", "2026-11-24T23:59:29Z"), ("tracker", encode_base64url(b"u" * 32))],
)
def test_promise_altered_in_one_field_is_no_evidence(field: str, wrong: object) -> None:
    altered = msgspec.structs.replace(PROMISE, **{field: wrong})
    if field == "time":
        altered = msgspec.structs.replace(altered, deadline="2026-11-25T00:00:29Z")
    with pytest.raises(SignatureFailed):
        verify_promise(MANIFEST, altered)


@pytest.mark.parametrize(
    "deadline", ["2026-11-25T00:00:31Z", "9999-12-31T23:59:59Z", "2026-11-25T00:00:29Z", TIME]
)
def test_promise_with_a_deadline_of_the_servers_own_choice_is_refused(deadline: str) -> None:
    with pytest.raises(MalformedRecord, match="within 60 seconds"):
        verify_promise(MANIFEST, msgspec.structs.replace(PROMISE, deadline=deadline))


@pytest.mark.parametrize("time", ["2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-24T12:00:61Z"])
def test_promise_at_a_time_that_does_not_exist_is_refused(time: str) -> None:
    with pytest.raises(MalformedRecord, match="does not exist"):
        verify_promise(MANIFEST, msgspec.structs.replace(PROMISE, time=time))


def test_promise_of_another_election_or_another_server_is_refused() -> None:
    with pytest.raises(MalformedRecord, match="another election"):
        verify_promise(MANIFEST, msgspec.structs.replace(PROMISE, election="0" * 32))
    with pytest.raises(SignatureFailed):
        verify_promise(MANIFEST, make_promise(MANIFEST, b"t" * 32, 7, TIME, SigningKey.from_seed(b"x" * 32)))
