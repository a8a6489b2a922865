"""Small ceremonies, and a way to stand between their parties."""

import secrets
from collections.abc import Callable, Sequence
from functools import cache
from math import gcd

from crypto.ceremony.messages import Message
from crypto.ceremony.one_process import CeremonyOutcome, inbox, run_in_one_process
from crypto.ceremony.parameters import SESSION_BYTES, CeremonyParameters
from crypto.ceremony.party import CeremonyParty, PartyOutcome
from crypto.ceremony.secret_work import SecretWork
from crypto.key_record import KeyShare, PublicKeyRecord
from tests.support.small_keys import CeremonyTestKeySize

SMALL = CeremonyTestKeySize(512)

Interception = Callable[[int, list[Message]], list[Message]]
"""(recipient, its messages of one round) → what it is given instead."""


def small_parameters(trustees: int = 3) -> CeremonyParameters:
    """Parameters of a new 512-bit ceremony."""
    return CeremonyParameters(SMALL, trustees, 2, secrets.token_bytes(SESSION_BYTES))


@cache
def small_key(trustees: int) -> CeremonyOutcome:
    """One honest 512-bit key for each number of trustees."""
    return run_in_one_process(small_parameters(trustees))


def run_parties(
    parties: Sequence[CeremonyParty],
    intercept: Interception | None = None,
    *,
    rush: Callable[[list[Message]], list[Message]] | None = None,
    rounds_max: int = 10_000,
) -> list[PartyOutcome]:
    """Move messages until all have finished; stop with no outcomes after `rounds_max` rounds.

    rush: all messages of a round → what is delivered, the same to everybody: a cheater that speaks last.
    """
    outboxes = [party.start() for party in parties]
    while not all(party.finished for party in parties):
        if parties[0].round >= rounds_max:
            return []
        messages = [message for outbox in outboxes for message in outbox]
        if rush:
            messages = rush(messages)
        outboxes = []
        for party in parties:
            mail = inbox(party.index, messages)
            outboxes.append(party.receive(intercept(party.index, mail) if intercept else mail))
    return [party.outcome for party in parties]


def parties_with(cheater: type[SecretWork], index: int = 1, trustees: int = 3) -> list[CeremonyParty]:
    """Honest parties but one, whose secret work is `cheater`."""
    parameters = small_parameters(trustees)
    return [
        CeremonyParty(parameters, j, cheater(parameters, j) if j == index else None)
        for j in parameters.parties
    ]


def factor_with_shares(record: PublicKeyRecord, shares: Sequence[KeyShare]) -> tuple[int, int]:
    """What t colluding trustees can always do: n·R' - F0 is a multiple of φ(n), and a multiple factors n."""
    scaled = 0
    for share in shares:
        numerator, denominator = record.delta, 1
        for other in shares:
            if other.index != share.index:
                numerator *= -other.index
                denominator *= share.index - other.index
        scaled += share.share * (numerator // denominator)
    inverse, rest = divmod(scaled, record.delta**2)
    assert rest == 0
    multiple = abs(record.n * inverse - record.F0)
    odd = multiple // (multiple & -multiple)
    for base in range(2, 100):
        value = pow(base, odd, record.n)
        for factor in (gcd(value - 1, record.n), gcd(value + 1, record.n)):
            if 1 < factor < record.n:
                return factor, record.n // factor
    raise AssertionError("The shares do not give the factors.")
