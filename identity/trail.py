"""The site log: every act of a role, appended to a log of its own in the transaction of the act, head signed at once.

Two records for each deed. The leaf is public: when, in which roles, what was done, to what. The body is for those who
may read the trail: it adds who and the details; the leaf holds its digest, and 32 random bytes in the body keep anybody
from guessing names by that digest. So the public can see that nothing was taken out or put in later, without the site
publishing what its staff did by name.

    psephos/deed-leaf/v1   {"body", "deed", "format", "roles", "subject", "time"}
    psephos/deed/v1        {"actor", "deed", "detail", "format", "nonce", "roles", "subject", "time"}

Checkpoints have the origin `<host>/site` and a key of their own. `verify_trail` recomputes everything from the
leaves; what it cannot know, that the end was cut off with its checkpoints, shows against one kept elsewhere.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from board import log as board
from board.errors import LogExists, NoCheckpoint, NoSuchBody, NoSuchLog
from board.log import Entry, LogId
from board.models import BoardCheckpoint, BoardNode
from crypto import checkpoint as signed
from crypto.encoding import encode_base64url
from crypto.errors import CryptoError
from crypto.merkle import CompactTree, Node
from crypto.transcript import tuple_hash
from identity.desk import Desk
from identity.errors import TrailBroken
from identity.roles import Role
from identity.sessions import SignedIn
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.text import Base64url, Timestamp, format_time, parse_time

KIND: Final = "deed"
BODY_BYTES_MAX: Final = 32_768
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_TEXT_MAX: Final = 2_000
_NONCE_BYTES: Final = 32
_BATCH: Final = 500

_Roles = Annotated[tuple[str, ...], msgspec.Meta(max_length=16)]


@dataclass(frozen=True)
class System:
    """The server itself as the one who acts. name: which part, as `clock` or `console`."""

    name: str


Actor = SignedIn | System


class DeedLeaf(Record, frozen=True, kw_only=True):
    """What everybody sees of a deed. body: digest of the other record."""

    body: Base64url
    deed: str
    format: Literal["psephos/deed-leaf/v1"] = "psephos/deed-leaf/v1"
    roles: _Roles
    subject: str
    time: Timestamp


class DeedBody(Record, frozen=True, kw_only=True):
    """The whole deed."""

    actor: str
    deed: str
    detail: dict[str, str]
    format: Literal["psephos/deed/v1"] = "psephos/deed/v1"
    nonce: Base64url
    roles: _Roles
    subject: str
    time: Timestamp


@dataclass(frozen=True)
class DoneDeed:
    """One line of the trail. actor and detail are None for those who may not read them."""

    index: int
    time: datetime
    roles: tuple[str, ...]
    deed: str
    subject: str
    actor: str | None
    detail: Mapping[str, str] | None


def begin(desk: Desk, session: Session) -> None:
    """Make the site log of a new site; harmless when it is there."""
    try:
        with session.begin_nested():
            board.create_log(session, desk.trail_origin)
    except (LogExists, IntegrityError):
        return
    public = encode_base64url(desk.keys.log.public_key)
    record(desk, session, System("console"), "site-log-begun", "site", {"public_key": public})


def record(
    desk: Desk,
    session: Session,
    actor: Actor,
    deed: str,
    subject: str,
    detail: Mapping[str, str] | None = None,
) -> Entry:
    """Put a deed into the site log, in the transaction of the deed, and sign the head.

    deed: a code, lower-case words joined by `-`.  subject: what it was done to, seen by everybody (`site`,
    `election 5f…`, `person 3a…`): no names.  detail: for those who read the trail; names of people may be here.
    Call it last: it locks the log until the transaction ends.  Raises: NoSuchLog before `begin`, ValueError.
    """
    detail = dict(detail or {})
    if not _CODE.fullmatch(deed) or not all(_CODE.fullmatch(name.replace("_", "-")) for name in detail):
        raise ValueError("A deed and the names of its details are lower-case words.")
    texts = (subject, *detail.values())
    if any(len(text) > _TEXT_MAX for text in texts):
        raise ValueError(f"A detail of a deed has at most {_TEXT_MAX} characters.")
    log_id = board.find_log(session, desk.trail_origin)
    moment = _next_time(desk, session, log_id)
    name, roles = _named(actor)
    body = encode_canonical(
        DeedBody(
            actor=name,
            deed=deed,
            detail=detail,
            nonce=encode_base64url(secrets.token_bytes(_NONCE_BYTES)),
            roles=roles,
            subject=subject,
            time=format_time(moment),
        )
    )
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"A deed has at most {BODY_BYTES_MAX} bytes.")
    digest = _digest(body)
    leaf = encode_canonical(
        DeedLeaf(
            body=encode_base64url(digest), deed=deed, roles=roles, subject=subject, time=format_time(moment)
        )
    )
    entry = board.append(session, log_id, leaf=leaf, body=body, digest=digest, kind=KIND, time=moment)
    board.sign_checkpoint(session, log_id, desk.keys.log, moment)
    return entry


def deeds(desk: Desk, session: Session, start: int, limit: int, *, with_names: bool) -> Sequence[DoneDeed]:
    """Deeds from index `start` on, in order. with_names: for those who have the permission `read-trail`."""
    log_id = board.find_log(session, desk.trail_origin)
    found = []
    for entry in board.entries(session, log_id, start, limit):
        leaf = decode_canonical(entry.leaf, DeedLeaf, limit_bytes=BODY_BYTES_MAX)
        body = (
            decode_canonical(board.body(session, entry.digest), DeedBody, limit_bytes=BODY_BYTES_MAX)
            if with_names
            else None
        )
        found.append(
            DoneDeed(
                entry.index,
                entry.time,
                leaf.roles,
                leaf.deed,
                leaf.subject,
                None if body is None else body.actor,
                None if body is None else body.detail,
            )
        )
    return found


def size(desk: Desk, session: Session) -> int:
    """Number of deeds."""
    return board.tree_size(session, board.find_log(session, desk.trail_origin))


def checkpoint(desk: Desk, session: Session) -> str:
    """The signed head, for everybody to keep. Raises: NoSuchLog, NoCheckpoint."""
    return board.latest_checkpoint(session, board.find_log(session, desk.trail_origin))


def verify_trail(session: Session, origin: str, public_key: bytes, known: Sequence[str] = ()) -> int:
    """Check the whole site log against its signatures; gives the number of deeds.

    known: checkpoints that were kept elsewhere; the log must continue each of them.
    Raises: TrailBroken, with the first entry that is wrong.
    """
    try:
        log_id = board.find_log(session, origin)
    except NoSuchLog as error:
        raise TrailBroken(f"There is no log “{origin}”.") from error
    roots: list[bytes] = [CompactTree().root()]
    tree, nodes = CompactTree(), set[Node]()
    times: list[datetime] = []
    for entry in _entries(session, log_id):
        _verify_entry(session, entry, len(times), times[-1] if times else None)
        nodes.update(tree.append(entry.leaf_hash))
        roots.append(tree.root())
        times.append(entry.time)
    if not times:
        raise TrailBroken("It is empty, though every site log begins with the deed that made it.")
    _verify_nodes(session, log_id, nodes)
    _verify_checkpoints(session, log_id, origin, public_key, roots, times)
    for note in known:
        head = _verified(note, origin, public_key)
        if head.size >= len(roots):
            raise TrailBroken(f"A checkpoint of {head.size} deeds was given out; there are {len(times)}.")
        if roots[head.size] != head.root:
            raise TrailBroken(f"It does not continue the checkpoint of {head.size} deeds that was given out.")
    return len(times)


def _verify_entry(session: Session, entry: Entry, index: int, before: datetime | None) -> None:
    if entry.index != index:
        raise TrailBroken("It is missing.", index)
    try:
        leaf = decode_canonical(entry.leaf, DeedLeaf, limit_bytes=BODY_BYTES_MAX)
        body_bytes = board.body(session, entry.digest)
        body = decode_canonical(body_bytes, DeedBody, limit_bytes=BODY_BYTES_MAX)
    except NoSuchBody as error:
        raise TrailBroken("Its body is missing.", index) from error
    except ProtocolError as error:
        raise TrailBroken(str(error), index) from error
    if leaf.body != encode_base64url(entry.digest) or _digest(body_bytes) != entry.digest:
        raise TrailBroken("Its body is not the one that was announced.", index)
    if (leaf.deed, leaf.roles, leaf.subject, leaf.time) != (body.deed, body.roles, body.subject, body.time):
        raise TrailBroken("Its leaf and its body say different things.", index)
    if entry.kind != KIND or parse_time(leaf.time) != entry.time:
        raise TrailBroken("Its kind or time in the table is not what it says.", index)
    if before is not None and entry.time < before:
        raise TrailBroken("It is older than the one before it.", index)


def _verify_nodes(session: Session, log_id: LogId, nodes: set[Node]) -> None:
    stored = {
        Node(level, index, node_hash)
        for level, index, node_hash in session.execute(
            select(BoardNode.level, BoardNode.index, BoardNode.hash).where(BoardNode.log_id == log_id)
        )
    }
    if stored != nodes:
        wrong = min(stored ^ nodes, key=lambda node: (node.index << node.level, node.level))
        raise TrailBroken("The tree above it is not the one of the entries.", wrong.index << wrong.level)


def _verify_checkpoints(
    session: Session,
    log_id: LogId,
    origin: str,
    public_key: bytes,
    roots: Sequence[bytes],
    times: Sequence[datetime],
) -> None:
    """Each deed signed the head that it made, so there is one checkpoint for each size."""
    rows = session.execute(
        select(BoardCheckpoint.size, BoardCheckpoint.note, BoardCheckpoint.signed_at)
        .where(BoardCheckpoint.log_id == log_id)
        .order_by(BoardCheckpoint.size)
    ).all()
    for at, (size_said, note, signed_at) in enumerate(rows, start=1):
        if at >= len(roots):
            raise TrailBroken("A checkpoint says that there was such an entry.", at - 1)
        head = _verified(note, origin, public_key, at - 1)
        if size_said != at or head.size != at:
            raise TrailBroken("The checkpoint with it is missing.", at - 1)
        if head.root != roots[at]:
            raise TrailBroken("It or an earlier one is not what the checkpoint signs.", at - 1)
        if signed_at != times[at - 1]:
            raise TrailBroken("The time of its checkpoint was changed.", at - 1)
    if len(rows) < len(times):
        raise TrailBroken("The checkpoint with it is missing.", len(rows))


def _verified(note: str, origin: str, public_key: bytes, index: int | None = None) -> signed.Checkpoint:
    try:
        return signed.verify_checkpoint(note, origin, public_key)
    except CryptoError as error:
        raise TrailBroken(f"A checkpoint is not signed by this site: {error}", index) from error


def _entries(session: Session, log_id: LogId) -> Iterator[Entry]:
    start = 0
    while found := board.entries(session, log_id, start, _BATCH):
        yield from found
        start += _BATCH


def _next_time(desk: Desk, session: Session, log_id: LogId) -> datetime:
    head = board.lock(session, log_id)
    moment = parse_time(format_time(desk.clock()))
    return moment if head.last_time is None else max(moment, head.last_time)


def _named(actor: Actor) -> tuple[str, tuple[str, ...]]:
    if isinstance(actor, System):
        return actor.name, ("system",)
    return actor.name or "citizen", tuple(role.value for role in Role if role in actor.roles) or ("citizen",)


def _digest(body: bytes) -> bytes:
    return tuple_hash("body", [KIND.encode("ascii"), body])


__all__ = [
    "Actor",
    "DoneDeed",
    "NoCheckpoint",
    "System",
    "begin",
    "checkpoint",
    "deeds",
    "record",
    "size",
    "verify_trail",
]
