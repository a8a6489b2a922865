"""A board in the database, as the verification reads it: from its start, as often as needed."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from board import log as board
from board.log import LogId
from storage.session import reading
from voting.office import find_election


@dataclass(frozen=True)
class StoredBoard:
    """The present board of one election. Each reading sees one snapshot; nothing but ballots may come in between."""

    engine: Engine
    election_id: str

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """(leaf bytes, body bytes) of every entry."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            yield from board.iter_leaves_and_bodies(session, LogId(row.log_id))

    @property
    def checkpoint(self) -> str:
        """The newest signed head."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            return board.latest_checkpoint(session, LogId(row.log_id))

    @property
    def closing_checkpoint(self) -> str | None:
        """The signed head that ends with the closing leaf."""
        with reading(self.engine) as session:
            row = find_election(session, self.election_id)
            if row.closing_index is None:
                return None
            return board.checkpoint_at(session, LogId(row.log_id), row.closing_index + 1)
