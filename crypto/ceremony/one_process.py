"""A ceremony whose parties all sit in one program: a demonstration, a simulation, a test.

Whoever runs it could keep every share; an election says `one-machine` of such a key.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crypto.ceremony.messages import Message
from crypto.ceremony.parameters import CeremonyParameters
from crypto.ceremony.party import CeremonyParty, CeremonyStage
from crypto.key_record import KeyShare, PublicKeyRecord


@dataclass(frozen=True)
class CeremonyProgress:
    """How far the search is. Each candidate wins with chance 1/candidates_expected, whatever was tried
    before: 63 % of ceremonies end within the expected number, 95 % within three times it.
    """

    stage: CeremonyStage
    candidates_tried: int
    candidates_expected: int


@dataclass(frozen=True)
class CeremonyOutcome:
    """The key with all its shares (1 … N), the transcript hash that all parties agree on, and what it took."""

    record: PublicKeyRecord
    shares: tuple[KeyShare, ...]
    transcript: bytes
    candidates_tried: int
    rounds: int
    bytes_sent: int


def run_in_one_process(
    parameters: CeremonyParameters, progress: Callable[[CeremonyProgress], None] | None = None
) -> CeremonyOutcome:
    """Run all parties, moving only bytes between them.

    progress: called after every round. Expected time: about 7 s at 2048 bits and 35 s at 3072 on a server's
    core.
    Raises: CeremonyFailed.
    """
    parties = [CeremonyParty(parameters, index) for index in parameters.parties]
    outboxes = [party.start() for party in parties]
    bytes_sent = 0
    while not all(party.finished for party in parties):
        messages = [message for outbox in outboxes for message in outbox]
        bytes_sent += sum(len(message.payload) for message in messages)
        outboxes = [party.receive(inbox(party.index, messages)) for party in parties]
        if progress is not None:
            first = parties[0]
            progress(CeremonyProgress(first.stage, first.candidates_tried, parameters.candidates_expected))
    outcomes = [party.outcome for party in parties]
    return CeremonyOutcome(
        record=outcomes[0].record,
        shares=tuple(outcome.share for outcome in outcomes),
        transcript=outcomes[0].transcript,
        candidates_tried=parties[0].candidates_tried,
        rounds=parties[0].round,
        bytes_sent=bytes_sent,
    )


def inbox(party: int, messages: Sequence[Message]) -> list[Message]:
    """Of one round's messages those that `party` may read: everybody else's broadcasts, and what is for it
    alone.
    """
    return [m for m in messages if m.sender != party and m.recipient in (None, party)]
