"""The table of the public API: every operation, once. The routes and `/api/openapi.json` are made of it.

docs/API.md tells the same to people; tests hold the three together. No sign-in; every error is a problem document.
"""

from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from protocol.canonical import encode_canonical
from protocol.casting import CastRequest
from protocol.challenge import Reveal
from protocol.public_terms import PublicTerms
from web.api import casting, claims, open_data, petition_bundle, reading
from web.api.answers import (
    AcceptedBallot,
    AcceptedChallenge,
    Consistency,
    CredentialState,
    Disputes,
    Elections,
    Entries,
    FoundCredential,
    ProvedEntry,
)
from web.api.bundles import bundle
from web.api.openapi import OPENAPI_PATH, document
from web.api.operations import Answer, Operation, Parameter, routes
from web.api.responses import SHORT, bytes_answer
from web.health import health_routes
from web.rate_limits import BUNDLE, READING, VOTING

PREFIX: Final = "/api/v1/elections"
_ONE: Final = f"{PREFIX}/{{election}}"
_SITE: Final = "/api/v1/site"

_HASH: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"}
"""32 bytes in base64url. The last letter has two bits that say nothing and must be zero."""
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999}

ELECTION: Final = Parameter(
    "election",
    "path",
    "The election's id.",
    {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "00112233445566778899aabbccddeeff",
    required=True,
)


def _count(name: str, description: str, example: int) -> Parameter:
    return Parameter(name, "query", description, _NUMBER, example)


_START: Final = _count("start", "Index of the first one; 0 unless given.", 4)
_LIMIT: Final = _count("limit", "How many at most.", 50)
_INDEX: Final = Parameter("index", "path", "Position in the log, from 0.", _NUMBER, 4, required=True)
_SIZE: Final = _count("size", "Prove it for the checkpoint of this size; the newest unless given.", 5)
_OLD: Final = _count("old", "Size that was seen earlier; 0 unless given.", 4)
_NEW: Final = _count("new", "Size that was seen later; the present one unless given.", 5)

_MISSING: Final = ("election-not-found", "not-frozen")
_DOOR: Final = (
    *_MISSING,
    "unknown-credential",
    "revoked-credential",
    "bad-signature",
    "not-open",
    "closed",
    "already-cast",
    "too-soon",
    "wrong-election",
    "busy",
    "storage-full",
)


def openapi(_: Request) -> Response:
    """GET /api/openapi.json"""
    return bytes_answer(_document(), SHORT)


@cache
def _document() -> bytes:
    return encode_canonical(document(OPERATIONS))


OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        method="GET",
        path=PREFIX,
        name="listElections",
        tag="elections",
        summary="All elections whose terms are frozen",
        description="In the order in which they were registered.",
        handler=reading.elections,
        answer=Answer("The elections.", Elections),
        rule=READING,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/terms",
        name="getTerms",
        tag="elections",
        summary="What a client needs to make a ballot",
        description=(
            "Recompute the digests of `manifest` and `ceremony` and from them and `roll_digest` the fingerprint, "
            "and check the trustees' signatures in `freeze`, before anything is encrypted. Never changes."
        ),
        handler=reading.terms,
        answer=Answer("Manifest, ceremony and freeze as they stand on the board.", PublicTerms),
        rule=VOTING,
        parameters=(ELECTION,),
        problems=_MISSING,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/credentials/{{key}}",
        name="getCredential",
        tag="voting",
        summary="One line of the voters' list and its ballots",
        description="What a booth asks before it makes a ballot, and a voter to see which ballot counts.",
        handler=reading.credential,
        answer=Answer("The line and every ballot that the key cast.", CredentialState),
        rule=VOTING,
        parameters=(
            ELECTION,
            Parameter(
                "key",
                "path",
                "Public key of a voting code, 32 bytes in base64url.",
                _HASH,
                "A" * 43,
                required=True,
            ),
        ),
        problems=(*_MISSING, "malformed-query", "unknown-credential"),
        statuses={"unknown-credential": 404},
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/find",
        name="findByCode",
        tag="voting",
        summary="Look up a receipt code or a voter number",
        description="Read as people type: any case, with or without dashes, O for 0.",
        handler=reading.find,
        answer=Answer("The line that the code belongs to.", FoundCredential),
        rule=VOTING,
        parameters=(
            ELECTION,
            Parameter(
                "code",
                "query",
                "25 letters and digits of Crockford's base 32, dashes and spaces between them ignored.",
                {"type": "string", "maxLength": reading.CODE_CHARACTERS_MAX},
                "ABCDE-FGHJK-MNPQR-STVWX-YZ012",
                required=True,
            ),
        ),
        problems=(*_MISSING, "malformed-code", "code-not-found"),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/ballots",
        name="castBallot",
        tag="voting",
        summary="Cast a ballot",
        description=(
            "The body is canonical JSON (PROTOCOL.md section 1): any other spelling is `malformed-ballot`. After a "
            "500 or a lost connection the ballot may or may not be on the board: look up its receipt code."
        ),
        handler=casting.cast,
        answer=Answer(
            "The ballot is on the board, and the server's signed promise says so.", AcceptedBallot, 201
        ),
        rule=None,
        parameters=(
            ELECTION,
            Parameter(
                casting.PERMIT_HEADER,
                "header",
                "Where the manifest asks for sign-in: what the site gave to the person who signed in. For one ballot.",
                _HASH,
                "A" * 43,
            ),
        ),
        body=CastRequest,
        body_description="A ballot and the signature that casts it. The size limit follows from the questions.",
        problems=(
            *_DOOR,
            "malformed-ballot",
            "sign-in-needed",
            "permit-expired",
            "sign-in-conflict",
            "wrong-sequence",
            "repeated-ciphertext",
            "challenged",
            "malformed-ciphertext",
            "malformed-proof",
            "membership-failed",
        ),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/challenges",
        name="postChallenge",
        tag="voting",
        summary="Open a ballot instead of casting it",
        description="Everybody can then recompute it from the board, and it can never be cast.",
        handler=casting.challenge,
        answer=Answer("The opened ballot is on the board.", AcceptedChallenge, 201),
        rule=None,
        parameters=(ELECTION,),
        body=Reveal,
        body_description="The answers and the seed of a sealed ballot, signed. At most 200,000 bytes.",
        problems=(
            *_DOOR,
            "malformed-challenge",
            "challenge-differs",
            "already-challenged",
            "too-many-challenges",
        ),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/checkpoint",
        name="getCheckpoint",
        tag="board",
        summary="The newest signed head of the board",
        description="A signed note with a C2SP tlog-checkpoint. Compare it with those of others.",
        handler=reading.checkpoint,
        answer=Answer("The note.", {"type": "string"}, media_type="text/plain"),
        rule=VOTING,
        parameters=(ELECTION,),
        problems=_MISSING,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/entries",
        name="listEntries",
        tag="board",
        summary="Entries of the board in order",
        description=f"At most {reading.ENTRIES_PAGE_MAX} at once. For all of it take the bundle.",
        handler=reading.entries,
        answer=Answer("Entries from `start` on; none beyond the end.", Entries),
        rule=READING,
        parameters=(
            ELECTION,
            _START,
            _LIMIT,
        ),
        problems=(*_MISSING, "malformed-query"),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/entries/{{index}}",
        name="getEntry",
        tag="board",
        summary="One entry with its inclusion proof",
        description="The proof is for the checkpoint in the answer. With `size` the answer never changes.",
        handler=reading.entry,
        answer=Answer("The leaf and its proof.", ProvedEntry),
        rule=VOTING,
        parameters=(
            ELECTION,
            _INDEX,
            _SIZE,
        ),
        problems=(*_MISSING, "malformed-query", "entry-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/challenges/{{tracker}}",
        name="getChallenge",
        tag="board",
        summary="Where an opened ballot stands",
        description=(
            "For a second device that was told the receipt code before the test: take the body of the entry, seal the "
            "same answers with the same seed, and compare the tracker."
        ),
        handler=claims.challenge,
        answer=Answer("The entry of the test.", AcceptedChallenge),
        rule=VOTING,
        parameters=(
            ELECTION,
            Parameter(
                "tracker",
                "path",
                "All of the ballot's tracker.",
                _HASH,
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                required=True,
            ),
        ),
        problems=(*_MISSING, "malformed-query", "challenge-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/disputes",
        name="listDisputes",
        tag="elections",
        summary="Objections to the vote, with what the office answered",
        description="Words only where their writer has agreed; `finding` is the machine's, when the objection came.",
        handler=claims.disputes,
        answer=Answer("The objections in their order.", Disputes),
        rule=READING,
        parameters=(ELECTION,),
        problems=_MISSING,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/consistency",
        name="getConsistency",
        tag="board",
        summary="Proof that the board only grew",
        description="With `new` the answer never changes.",
        handler=reading.consistency,
        answer=Answer("The proof.", Consistency),
        rule=VOTING,
        parameters=(
            ELECTION,
            _OLD,
            _NEW,
        ),
        problems=(*_MISSING, "malformed-query", "entry-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/bodies/{{digest}}",
        name="getBody",
        tag="board",
        summary="The body that an entry announces",
        description="Its exact bytes, for ever the same. Which record it is, the entry's kind says.",
        handler=reading.body,
        answer=Answer("The body.", {"type": "object"}),
        rule=READING,
        parameters=(
            ELECTION,
            Parameter("digest", "path", "As the leaf says it.", _HASH, "A" * 43, required=True),
        ),
        problems=(*_MISSING, "malformed-query", "entry-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/bundle",
        name="getBundle",
        tag="board",
        summary="The whole public record as one file",
        description=(
            "What `psephos verify` reads (PROTOCOL.md section 10). While votes are cast it may be a little older "
            "than the newest checkpoint; it is whole for the checkpoint that it holds. A download that was "
            "interrupted can be taken up again with Range and If-Range; without If-Range, whole while votes are cast."
        ),
        handler=bundle,
        answer=Answer("A zip file.", None, media_type="application/zip"),
        rule=BUNDLE,
        parameters=(ELECTION,),
        problems=(*_MISSING, "range-not-satisfiable"),
        partial=True,
    ),
    Operation(
        method="GET",
        path=f"{_SITE}/checkpoint",
        name="getSiteCheckpoint",
        tag="site",
        summary="The newest signed head of the site log",
        description="Everything done in a role is in that log. Keep this note: a later one must continue it.",
        handler=reading.checkpoint,
        answer=Answer("The note.", {"type": "string"}, media_type="text/plain"),
        rule=READING,
        problems=("entry-not-found",),
    ),
    Operation(
        method="GET",
        path=f"{_SITE}/entries",
        name="listSiteEntries",
        tag="site",
        summary="Entries of the site log in order",
        description=(
            f"At most {reading.ENTRIES_PAGE_MAX} at once. A leaf says when, in which roles, what was done and to what; "
            "who did it stands in a body that is not public, of which the leaf holds the digest."
        ),
        handler=reading.entries,
        answer=Answer("Entries from `start` on; none beyond the end.", Entries),
        rule=READING,
        parameters=(_START, _LIMIT),
        problems=("malformed-query", "entry-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_SITE}/entries/{{index}}",
        name="getSiteEntry",
        tag="site",
        summary="One entry of the site log with its inclusion proof",
        description="The proof is for the checkpoint in the answer. With `size` the answer never changes.",
        handler=reading.entry,
        answer=Answer("The leaf and its proof.", ProvedEntry),
        rule=READING,
        parameters=(_INDEX, _SIZE),
        problems=("malformed-query", "entry-not-found"),
    ),
    Operation(
        method="GET",
        path=f"{_SITE}/consistency",
        name="getSiteConsistency",
        tag="site",
        summary="Proof that the site log only grew",
        description="With `new` the answer never changes.",
        handler=reading.consistency,
        answer=Answer("The proof.", Consistency),
        rule=READING,
        parameters=(_OLD, _NEW),
        problems=("malformed-query", "entry-not-found"),
    ),
    *open_data.OPERATIONS,
    petition_bundle.OPERATION,
    Operation(
        method="GET",
        path=OPENAPI_PATH,
        name="getDescription",
        tag="elections",
        summary="This document",
        description="OpenAPI 3.1, made of the same table as the server's routes.",
        handler=openapi,
        answer=Answer("The document.", {"type": "object"}),
        rule=READING,
    ),
)


def api_routes() -> list[BaseRoute]:
    """All routes for programs, the two of health too.

    `app.state.office`, `.casting`, `.limiter`, `.bundles` and `.background` serve them.
    """
    return [*routes(OPERATIONS), *health_routes()]
