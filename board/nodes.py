"""Reading the stored tree: all nodes that a computation needs, in one query."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from board.models import BoardNode
from board.types import LogId
from crypto import merkle
from storage.statements import table_of

_QUERIES_KEPT: Final = 256
_NODE: Final = table_of(BoardNode).c
_Result = TypeVar("_Result")


def computed(session: Session, log_id: LogId, compute: Callable[[merkle.GetNode], _Result]) -> _Result:
    """What `compute` makes of the stored nodes, fetched in one query.

    It runs twice: once to learn which nodes it asks for (that depends on sizes only), once with them.
    """
    wanted: set[tuple[int, int]] = set()

    def note_down(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return merkle.EMPTY_ROOT

    compute(note_down)
    if not wanted:
        return compute(note_down)
    values: dict[str, int] = {"log": log_id}
    for number, (level, index) in enumerate(wanted):
        values[f"level_{number}"], values[f"index_{number}"] = level, index
    rows = session.execute(_nodes(len(wanted)), values)
    nodes: dict[tuple[int, int], bytes] = {(level, index): node_hash for level, index, node_hash in rows}
    return compute(lambda level, index: nodes[level, index])


@lru_cache(_QUERIES_KEPT)
def _nodes(count: int) -> Select[Any]:
    """The query for so many nodes. Kept, because to put it together takes ten times as long as to run it.

    OR, and not `IN` over pairs, for which SQLite walks through all nodes of the log.
    """
    places = (
        and_(
            _NODE.log_id == bindparam("log"),
            _NODE.level == bindparam(f"level_{number}"),
            _NODE.index == bindparam(f"index_{number}"),
        )
        for number in range(count)
    )
    return select(_NODE.level, _NODE.index, _NODE.hash).where(or_(*places))
