"""Replacing a lost voting code: the server publishes what the registrar signed, and the door follows."""

from sqlalchemy import insert

from crypto.display_code import alias
from protocol.leaf import Kind
from protocol.revocation import read_revocation, require_exchange, require_registrar
from protocol.running import require_time_to_vote
from protocol.text import format_time
from storage.session import Beside, writing
from voting.errors import WrongState
from voting.models import VotingRoll
from voting.notices import NoticeKind, tell
from voting.office import Office, State, effective_closes_at, lock_election, state_of


def revoke(
    office: Office, election_id: str, body: bytes, signature: bytes, beside: Beside | None = None
) -> int:
    """Publish a revocation; index of its leaf. The old code's ballots stop counting, the new code may vote at once.

    body: a `psephos/revocation/v1`.  signature: of the registrar's key that the manifest names, 64 bytes.
    beside: belongs to the same transaction.
    Also when the old code has voted: its ballots stay on the board, and the owner votes again with the new one.
    Raises: NoSuchElection, NotFrozen; WrongState when the polls are closed; RevocationRefused, MalformedRecord,
    RecordTooLarge.
    """
    terms = office.terms(election_id)
    exchange = read_revocation(terms.election, terms.fingerprint_text, body)
    require_registrar(terms.manifest, body, signature)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) not in {State.FROZEN, State.OPEN}:
            raise WrongState(f"Codes are replaced until the polls close; this election is {state_of(row)}.")
        old = session.get(VotingRoll, (election_id, exchange.old))
        require_exchange(
            old_is_known=old is not None,
            old_is_revoked=old is not None and old.revoked_index is not None,
            new_is_known=session.get(VotingRoll, (election_id, exchange.new)) is not None,
        )
        moment = office.next_time(session, row)
        require_time_to_vote(effective_closes_at(row), format_time(moment))
        entry = office.append(session, row, Kind.REVOCATION, body, signature, moment)
        assert old is not None  # noqa: S101  (require_exchange has refused an unknown one)
        old.revoked_index, old.replaced_by = entry.index, exchange.new
        session.execute(
            insert(VotingRoll).values(
                election=election_id,
                key=exchange.new,
                alias=alias(exchange.new),
                weight=old.weight,
                area=old.area,
                replaces=exchange.old,
            )
        )
        office.sign_head(session, row)
        tell(session, NoticeKind.REPLACED, old, exchange.new, moment)
        if beside is not None:
            beside(session)
        return entry.index
