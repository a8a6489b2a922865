"""A board in the database, as the verification reads it: from its start, as often as needed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Engine

from board import log as board
from board.log import LogId
from storage.session import reading
from voting.office import find_election


@dataclass
class StoredBoard:
    """The board of one election as it stood when this was made, whatever is appended while it is read.

    A board only grows, so its size is a snapshot. Raises: NoSuchElection; NoCheckpoint, when read, of a board
    whose head was never signed.
    """

    engine: Engine
    election_id: str
    size: int = field(init=False)

    def __post_init__(self) -> None:
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            self.size = board.tree_size(session, LogId(row.log_id))

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """(leaf bytes, body bytes) of every entry."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            yield from islice(board.iter_leaves_and_bodies(session, LogId(row.log_id)), self.size)

    @property
    def checkpoint(self) -> str:
        """The signed head of exactly these entries."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            return board.checkpoint_at(session, LogId(row.log_id), self.size)

    @property
    def closing_checkpoint(self) -> str | None:
        """The signed head that ends with the closing leaf, if that is among these entries."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            if row.closing_index is None or row.closing_index >= self.size:
                return None
            return board.checkpoint_at(session, LogId(row.log_id), row.closing_index + 1)
