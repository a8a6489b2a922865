"""One trustee's side of a ceremony: a state machine over byte messages, the same for every transport.

`start` gives the messages of round 1; `receive` takes all messages of a round for this party and gives
those of the next. Every broadcast carries the hash of all broadcasts before it, so that whoever tells two
parties different things ends the ceremony one round later; nothing that was said in an ended ceremony is of
use. Values that a cheater could choose to fit the others' are committed to before anybody opens them.

Source: docs/KEY-CEREMONY.md, which numbers the rounds and the checks.
"""

import secrets
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from crypto.ceremony.errors import CeremonyCheck, CeremonyFailed
from crypto.ceremony.messages import (
    NONCE_BYTES,
    Message,
    agreement,
    bytes_below,
    commitment,
    decode_integers,
    encode_integers,
)
from crypto.ceremony.parameters import SEED_BYTES, CeremonyParameters
from crypto.ceremony.secret_work import Pairs, SecretWork
from crypto.ceremony.trial_division import small_factors
from crypto.certificate import (
    KeyRefused,
    nth_root_challenges,
    square_root_challenges,
    verify_feldman,
    verify_key_record,
)
from crypto.errors import MalformedEncoding
from crypto.hashed_elements import verification_base
from crypto.key_record import KeyShare, PublicKeyRecord, derive_verification_keys
from crypto.key_size import KeySize
from crypto.numbers import gcd, invert, mpz, powmod, powmod_secret
from crypto.opening import OpeningFailed, answer, find_opening
from crypto.transcript import DIGEST_BYTES, u32


class CeremonyStage(StrEnum):
    """What a party is busy with, for those who wait."""

    MEETING = "meeting"
    CANDIDATES = "candidates"
    FILTER = "filter"
    SQUARE_ROOTS = "square-roots"
    INVERSE = "inverse"
    CERTIFICATE = "certificate"
    FINISHED = "finished"


@dataclass(frozen=True)
class PartyOutcome:
    """The same record and transcript hash for every party; the share is this party's own."""

    record: PublicKeyRecord
    share: KeyShare
    transcript: bytes


@dataclass(frozen=True)
class _Spoken:
    """A round as this party speaks it. Every party broadcasts in every round; `hears_private_from` by
    protocol.
    """

    broadcast: bytes = b""
    private: Mapping[int, bytes] = field(default_factory=dict)
    hears_private_from: Iterable[int] = ()


@dataclass(frozen=True)
class _Heard:
    """A round as it was heard, in the order of the parties; `broadcasts` holds this party's own as well."""

    broadcasts: dict[int, bytes]
    private: dict[int, bytes]


Steps = Generator[_Spoken, _Heard, PartyOutcome]


class CeremonyParty:
    """Party `index` (1 … N). `work` holds its secrets; it is dropped when the ceremony ends either way."""

    def __init__(self, parameters: CeremonyParameters, index: int, work: SecretWork | None = None) -> None:
        if index not in parameters.parties:
            raise CeremonyFailed(CeremonyCheck.MESSAGES, index, "there is no such party.")
        self.parameters = parameters
        self.index = index
        self.stage = CeremonyStage.MEETING
        self.candidates_tried = 0
        self.round = 0
        self._work: SecretWork | None = work or SecretWork(parameters, index)
        self._agreed = parameters.digest()
        self._session = b""
        self._steps: Steps | None = None
        self._spoken = _Spoken()
        self._outcome: PartyOutcome | None = None

    @property
    def outcome(self) -> PartyOutcome:
        """The key. Raises: CeremonyFailed as long as the ceremony has not finished."""
        if self._outcome is None:
            raise CeremonyFailed(CeremonyCheck.MESSAGES, None, "the ceremony has not finished.")
        return self._outcome

    @property
    def finished(self) -> bool:
        """Whether there is an outcome."""
        return self._outcome is not None

    def start(self) -> list[Message]:
        """The messages of round 1."""
        self._steps = self._run(self._secrets)
        return self._speak(next(self._steps))

    def receive(self, messages: Sequence[Message]) -> list[Message]:
        """Take all messages of the current round that are for this party; give those of the next ([] at the
        end).

        Raises: CeremonyFailed naming the check and, where it can be told, the party. The ceremony is then
        over.
        """
        if self._steps is None:
            raise CeremonyFailed(CeremonyCheck.MESSAGES, None, "this ceremony is not running.")
        steps = self._steps
        try:
            heard = self._hear(messages)
            return self._speak(steps.send(heard))
        except StopIteration as stop:
            self._outcome = stop.value
            self.stage = CeremonyStage.FINISHED
            self._forget()
            return []
        except BaseException:
            self._forget()
            raise

    # -- rounds

    def _speak(self, spoken: _Spoken) -> list[Message]:
        self.round += 1
        self._spoken = spoken
        broadcast = Message(self.round, self.index, None, self._agreed + spoken.broadcast)
        return [broadcast] + [
            Message(self.round, self.index, recipient, payload)
            for recipient, payload in spoken.private.items()
        ]

    def _hear(self, messages: Sequence[Message]) -> _Heard:
        broadcasts: dict[int, bytes] = {}
        private: dict[int, bytes] = {}
        for message in messages:
            sender = message.sender
            known = sender in self.parameters.parties and sender != self.index
            if not known or message.round != self.round or message.recipient not in (None, self.index):
                raise CeremonyFailed(
                    CeremonyCheck.MESSAGES, sender, f"a stray message in round {self.round}."
                )
            box = broadcasts if message.recipient is None else private
            if sender in box:
                raise CeremonyFailed(CeremonyCheck.MESSAGES, sender, f"two messages in round {self.round}.")
            box[sender] = message.payload
        peers = [j for j in self.parameters.parties if j != self.index]
        self._require_senders(peers, broadcasts)
        self._require_senders([j for j in self._spoken.hears_private_from if j != self.index], private)
        bodies = {j: self._agreed_body(j, broadcasts[j]) for j in peers}
        bodies[self.index] = self._spoken.broadcast
        bodies = dict(sorted(bodies.items()))
        self._agreed = agreement(self._agreed, self.round, list(bodies.values()))
        return _Heard(bodies, dict(sorted(private.items())))

    def _require_senders(self, expected: Sequence[int], heard: Mapping[int, bytes]) -> None:
        for party in sorted(set(expected) ^ set(heard)):
            what = "no message came" if party in expected else "a private message out of turn"
            raise CeremonyFailed(CeremonyCheck.MESSAGES, party, f"{what} in round {self.round}.")

    def _agreed_body(self, sender: int, payload: bytes) -> bytes:
        if payload[:DIGEST_BYTES] != self._agreed:
            raise CeremonyFailed(
                CeremonyCheck.BROADCAST_AGREEMENT,
                sender,
                f"it heard other broadcasts before round {self.round} than party {self.index} did: somebody told "
                "the parties different things.",
            )
        return payload[DIGEST_BYTES:]

    def _commit_and_open(
        self, body: bytes, private: Mapping[int, bytes] | None = None
    ) -> Generator[_Spoken, _Heard, _Heard]:
        """Two rounds: everybody's commitment, then everybody's value (and with it private messages)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        committed_round = self.round + 1
        committed = yield _Spoken(commitment(self._session, committed_round, self.index, nonce, body))
        peers = self.parameters.parties if private else ()
        opened = yield _Spoken(nonce + body, private or {}, peers)
        bodies = {}
        for sender, payload in opened.broadcasts.items():
            their_nonce, their_body = payload[:NONCE_BYTES], payload[NONCE_BYTES:]
            expected = commitment(self._session, committed_round, sender, their_nonce, their_body)
            if committed.broadcasts[sender] != expected:
                raise CeremonyFailed(
                    CeremonyCheck.COMMITMENT, sender, "what it opened is not what it had committed to."
                )
            bodies[sender] = their_body
        return _Heard(bodies, opened.private)

    def _numbers(self, sender: int, data: bytes, count: int, limit: int) -> list[int]:
        try:
            return decode_integers(data, count, limit)
        except MalformedEncoding as error:
            raise CeremonyFailed(CeremonyCheck.ENCODING, sender, str(error)) from error

    # -- the protocol

    def _run(self, work: SecretWork) -> Steps:
        yield from self._meet(work)
        while True:
            first = self.candidates_tried
            moduli = yield from self._make_moduli(work, first)
            survivors = yield from self._drop_small_factors(first, moduli)
            survivors = yield from self._filter(work, survivors)
            for number, n in survivors.items():
                roots = yield from self._take_square_roots(work, number, n)
                if roots is not None:
                    return (yield from self._make_key(work, number, n, roots))

    def _meet(self, work: SecretWork) -> Generator[_Spoken, _Heard, None]:
        """Nonces make the session unique; each pair exchanges the halves of its key."""
        heard = yield _Spoken(secrets.token_bytes(NONCE_BYTES), work.pair_seeds(), self.parameters.parties)
        for sender, nonce in heard.broadcasts.items():
            if len(nonce) != NONCE_BYTES or (
                sender != self.index and len(heard.private[sender]) != SEED_BYTES
            ):
                raise CeremonyFailed(CeremonyCheck.ENCODING, sender, "its greeting has the wrong length.")
        self._session = self._agreed
        work.learn_pair_seeds(self._session, heard.private)

    def _make_moduli(self, work: SecretWork, first: int) -> Generator[_Spoken, _Heard, list[int]]:
        """A batch of candidates n = p·q, opened and nothing else known of p and q."""
        self.stage = CeremonyStage.CANDIDATES
        count = self.parameters.batch_size
        work.begin_batch(first, count)
        dealers = self.parameters.dealers
        units = work.deal_units() if self.index in dealers else {}
        work.take_units((yield from self._exchange(units, dealers, count, self.parameters.sieve_product)))
        primes = work.deal_primes()
        ring = self.parameters.product_ring
        received = yield from self._exchange(primes, self.parameters.parties, count, ring)
        shares = encode_integers(work.modulus_shares(received), bytes_below(ring))
        opened = yield from self._commit_and_open(shares)
        columns = [self._numbers(j, body, count, ring) for j, body in opened.broadcasts.items()]
        self.candidates_tried += count
        return [self._require_form(sum(column) % ring) for column in zip(*columns, strict=True)]

    def _exchange(
        self, dealt: Mapping[int, Pairs], dealers: Iterable[int], count: int, modulus: int
    ) -> Generator[_Spoken, _Heard, dict[int, Pairs]]:
        """One round of private shares, two numbers below `modulus` for each candidate."""
        length = bytes_below(modulus)
        private = {
            j: encode_integers((value for pair in pairs for value in pair), length)
            for j, pairs in dealt.items()
            if j != self.index
        }
        heard = yield _Spoken(private=private, hears_private_from=dealers)
        self._require_silence(heard.broadcasts)
        received = {}
        for sender in dealers:
            if sender == self.index:
                received[sender] = dealt[sender]
            else:
                values = self._numbers(sender, heard.private[sender], 2 * count, modulus)
                received[sender] = list(zip(values[::2], values[1::2], strict=True))
        return received

    def _require_silence(self, broadcasts: Mapping[int, bytes]) -> None:
        for sender, body in broadcasts.items():
            if body:
                raise CeremonyFailed(CeremonyCheck.ENCODING, sender, "a broadcast where none has its place.")

    def _require_form(self, n: int) -> int:
        if n.bit_length() != self.parameters.size.bits or n % self.parameters.residue_modulus != 1:
            raise CeremonyFailed(
                CeremonyCheck.MODULUS_FORM,
                None,
                "a candidate has the wrong length or residue: somebody cheated.",
            )
        return int(n)

    def _drop_small_factors(
        self, first: int, moduli: list[int]
    ) -> Generator[_Spoken, _Heard, dict[int, int]]:
        """Each party divides every N-th candidate; everybody checks all factors that are announced."""
        mine = range(self.index - 1, len(moduli), self.parameters.trustees)
        factors = small_factors([moduli[i] for i in mine], self.parameters.trial_limit)
        found = {i: factor for i, factor in zip(mine, factors, strict=True) if 1 < factor < moduli[i]}
        heard = yield _Spoken(encode_claims(found))
        dropped: set[int] = set()
        for sender, body in heard.broadcasts.items():
            theirs = range(sender - 1, len(moduli), self.parameters.trustees)
            try:
                claims = decode_claims(body, theirs, self.parameters.size)
            except MalformedEncoding as error:
                raise CeremonyFailed(CeremonyCheck.ENCODING, sender, str(error)) from error
            for i, factor in claims.items():
                if not 1 < factor < moduli[i] or moduli[i] % factor:
                    raise CeremonyFailed(CeremonyCheck.FACTOR_CLAIM, sender, "a factor that does not divide.")
            dropped |= claims.keys()
        return {first + i: n for i, n in enumerate(moduli) if i not in dropped}

    def _filter(
        self, work: SecretWork, candidates: dict[int, int]
    ) -> Generator[_Spoken, _Heard, dict[int, int]]:
        """One round of the Boneh-Franklin test for each candidate: which are likely products of two primes."""
        self.stage = CeremonyStage.FILTER
        length = self.parameters.size.n_bytes
        answers = [work.filter_answer(number, n) for number, n in candidates.items()]
        opened = yield from self._commit_and_open(encode_integers(answers, length))
        columns = {
            j: self._numbers(j, body, len(candidates), 1 << (8 * length))
            for j, body in opened.broadcasts.items()
        }
        survivors = {}
        for position, (number, n) in enumerate(candidates.items()):
            answered = {j: column[position] for j, column in columns.items()}
            left, right = self._sides(number, n, answered)
            if left in (right, n - right):
                survivors[number] = n
        return survivors

    def _take_square_roots(
        self, work: SecretWork, number: int, n: int
    ) -> Generator[_Spoken, _Heard, tuple[int, ...] | None]:
        """128 rounds of the test at half the exponent: they prove n, and leave the certificate's square
        roots.
        """
        self.stage = CeremonyStage.SQUARE_ROOTS
        challenges = square_root_challenges(n)
        answers = encode_integers(
            work.square_root_answers(number, n, challenges), self.parameters.size.n_bytes
        )
        opened = yield from self._commit_and_open(answers)
        columns = {j: self._numbers(j, body, len(challenges), n) for j, body in opened.broadcasts.items()}
        roots = []
        for position, challenge in enumerate(challenges):
            answered = {j: column[position] for j, column in columns.items()}
            left, right = self._sides(number, n, answered)
            if gcd(right, n) != 1:
                return None
            root = int(left * invert(right, n) % n)
            if root * root % n not in (challenge, n - challenge):
                return None
            roots.append(min(root, n - root))
        return tuple(roots)

    def _sides(self, number: int, n: int, answered: Mapping[int, int]) -> tuple[int, int]:
        """The role party's answer, and the product of the others'."""
        role = self.parameters.role(number)
        product = mpz(1)
        for party, value in answered.items():
            if party != role:
                product = product * value % n
        return answered[role], product

    def _make_key(self, work: SecretWork, number: int, n: int, square_roots: tuple[int, ...]) -> Steps:
        """Shares of R' with n·R' ≡ F0 (mod φ(n)), the certificate's n-th roots, and the record."""
        self.stage = CeremonyStage.INVERSE
        work.choose(number, n)
        feldman, received = yield from self._share_inverse(work, n)
        F = yield from self._open_inverse(work, n, received)
        k, F0 = divmod(F, n)
        record = PublicKeyRecord(
            n=n,
            threshold=self.parameters.threshold,
            trustees=self.parameters.trustees,
            F0=F0,
            k=k,
            feldman=feldman,
            verification_keys=derive_verification_keys(n, self.parameters.delta, k, feldman),
            nth_roots=(),
            square_roots=square_roots,
        )
        try:
            verify_feldman(record)
        except KeyRefused as error:
            raise CeremonyFailed(
                CeremonyCheck.INVERSE_EQUATION,
                None,
                "the opened F does not fit the published values: somebody lied.",
            ) from error
        share = work.key_share(k)
        self.stage = CeremonyStage.CERTIFICATE
        record = replace(record, nth_roots=(yield from self._take_nth_roots(record, share)))
        try:
            verify_key_record(record, self.parameters.size)
        except KeyRefused as error:
            raise CeremonyFailed(CeremonyCheck.CERTIFICATE, None, str(error)) from error
        self._require_silence((yield _Spoken()).broadcasts)
        return PartyOutcome(record=record, share=share, transcript=self._agreed)

    def _share_inverse(
        self, work: SecretWork, n: int
    ) -> Generator[_Spoken, _Heard, tuple[tuple[tuple[int, ...], ...], dict[int, tuple[int, int, int]]]]:
        """Everybody's Feldman values, and the shares that this party was dealt, checked against them."""
        parameters = self.parameters
        dealt = work.deal_inverse()
        ring_length = bytes_below(parameters.inverse_ring)
        share_limit = 1 << parameters.integer_share_bits
        private = {
            j: encode_integers((lam, phi), ring_length) + encode_integers((share,), bytes_below(share_limit))
            for j, (lam, phi, share) in dealt.items()
            if j != self.index
        }
        values = encode_integers(work.feldman_values(), parameters.size.n_bytes)
        opened = yield from self._commit_and_open(values, private)
        feldman = []
        received = {}
        v = verification_base(n)
        for sender, body in opened.broadcasts.items():
            constant, slope = self._numbers(sender, body, parameters.threshold, n)
            if gcd(constant, n) != 1 or gcd(slope, n) != 1:
                raise CeremonyFailed(CeremonyCheck.ENCODING, sender, "a Feldman value is not a unit.")
            feldman.append((int(constant), int(slope)))
            if sender == self.index:
                received[sender] = dealt[sender]
                continue
            data = opened.private[sender]
            lam, phi = self._numbers(sender, data[: 2 * ring_length], 2, parameters.inverse_ring)
            (share,) = self._numbers(sender, data[2 * ring_length :], 1, share_limit)
            if powmod_secret(v, share, n) != constant * powmod(slope, self.index, n) % n:
                raise CeremonyFailed(
                    CeremonyCheck.FELDMAN_SHARE,
                    sender,
                    "its share does not fit the values that it published.",
                )
            received[sender] = (lam, phi, share)
        return tuple(feldman), received

    def _open_inverse(
        self, work: SecretWork, n: int, received: Mapping[int, tuple[int, int, int]]
    ) -> Generator[_Spoken, _Heard, int]:
        """F = λ·φ + n·R: unit modulo n, which shows gcd(n, φ(n)) = 1, and masked by R in everything else."""
        parameters = self.parameters
        ring = parameters.inverse_ring
        share = encode_integers([work.inverse_share(received)], bytes_below(ring))
        opened = yield from self._commit_and_open(share)
        total = sum(self._numbers(j, body, 1, ring)[0] for j, body in opened.broadcasts.items()) % ring
        F, rest = divmod(total, parameters.delta)
        if rest:
            raise CeremonyFailed(CeremonyCheck.INVERSE_DIVISIBLE, None, "Δ does not divide the opened Δ·F.")
        if F <= 0 or F.bit_length() > parameters.inverse_bits:
            raise CeremonyFailed(CeremonyCheck.INVERSE_RANGE, None, "the opened F is out of range.")
        if gcd(F, n) != 1:
            raise CeremonyFailed(CeremonyCheck.INVERSE_UNIT, None, "F shares a factor with the modulus.")
        return int(F)

    def _take_nth_roots(
        self, record: PublicKeyRecord, share: KeyShare
    ) -> Generator[_Spoken, _Heard, tuple[int, ...]]:
        """The trustees' first opening: the n-th roots of 7 elements that each of them derives."""
        challenges = nth_root_challenges(record.n)
        answers = [answer(record, share, challenge) for challenge in challenges]
        heard = yield _Spoken(encode_integers(answers, self.parameters.size.n_bytes))
        columns = {
            j: self._numbers(j, body, len(challenges), record.n) for j, body in heard.broadcasts.items()
        }
        roots = []
        for position, challenge in enumerate(challenges):
            try:
                opening, wrong = find_opening(
                    record, challenge, {j: int(column[position]) for j, column in columns.items()}
                )
            except OpeningFailed as error:
                raise CeremonyFailed(CeremonyCheck.NTH_ROOTS, None, str(error)) from error
            if wrong:
                raise CeremonyFailed(
                    CeremonyCheck.NTH_ROOTS, min(wrong), "its answer is not made with its share."
                )
            roots.append(opening.root)
        return tuple(roots)

    @property
    def _secrets(self) -> SecretWork:
        if self._work is None or self._steps is not None:
            raise CeremonyFailed(CeremonyCheck.MESSAGES, self.index, "a ceremony starts once.")
        return self._work

    def _forget(self) -> None:
        self._steps = None
        self._work = None


def encode_claims(claims: Mapping[int, int]) -> bytes:
    """{position in the batch: factor}: position (4 bytes), length of the factor (2 bytes), factor, no
    leading zero.
    """
    parts = []
    for position, factor in sorted(claims.items()):
        length = (factor.bit_length() + 7) // 8
        parts.append(u32(position) + length.to_bytes(2, "big") + int(factor).to_bytes(length, "big"))
    return b"".join(parts)


def decode_claims(data: bytes, positions: range, size: KeySize) -> dict[int, int]:
    """Inverse of `encode_claims` for a party that divides `positions`.

    Raises: MalformedEncoding (cut short, a position of somebody else, not ascending, leading zero, longer
    than n).
    """
    claims: dict[int, int] = {}
    last, at = -1, 0
    while at < len(data):
        position = int.from_bytes(data[at : at + 4], "big")
        length = int.from_bytes(data[at + 4 : at + 6], "big")
        body = data[at + 6 : at + 6 + length]
        if not 1 <= length <= size.n_bytes or len(body) != length or body[0] == 0:
            raise MalformedEncoding("a factor is cut short, too long or has a leading zero.")
        if position not in positions or position <= last:
            raise MalformedEncoding("a factor for a candidate that is not this party's turn.")
        claims[position] = int.from_bytes(body, "big")
        last, at = position, at + 6 + length
    return claims
