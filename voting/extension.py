"""Moving the closing time later, by an official, within the terms of the election."""

from datetime import datetime

from protocol.canonical import encode_canonical
from protocol.extension import Extension, ExtensionRefused, require_extension
from protocol.leaf import Kind
from protocol.text import format_time
from storage.session import Beside, writing
from voting.errors import WrongState
from voting.office import Office, State, effective_closes_at, lock_election, state_of


def extend_polls(
    office: Office,
    election_id: str,
    closes_at: datetime,
    name: str,
    reason: str,
    beside: Beside | None = None,
) -> int:
    """Publish the act that moves the closing time to `closes_at`; index of its leaf. It cannot be undone.

    closes_at: aware, whole seconds.  name: the official who answers for it, 100 characters.  reason: 1,000 characters;
    everybody reads both.  beside: belongs to the same transaction.
    Raises: NoSuchElection, NotFrozen; WrongState unless the polls are open; ExtensionRefused.
    """
    terms = office.terms(election_id)
    wanted = format_time(closes_at)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) is not State.OPEN:
            raise WrongState(f"Only open polls can be extended; this election is {state_of(row)}.")
        moment = office.next_time(session, row)
        require_extension(terms.manifest, effective_closes_at(row), wanted, format_time(moment))
        try:
            extension = Extension(
                closes_at=wanted,
                election=election_id,
                fingerprint=terms.fingerprint_text,
                format="psephos/extension/v1",
                name=name,
                reason=reason,
            )
        except ValueError as error:
            raise ExtensionRefused(f"The extension cannot be published: {error}.") from error
        body = encode_canonical(extension)
        entry = office.append_as_server(session, row, Kind.EXTENSION, body, moment)
        row.extended_closes_at = wanted
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
        return entry.index
