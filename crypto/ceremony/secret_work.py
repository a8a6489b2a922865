"""Everything of a ceremony that one party alone may see, and the numbers it computes from it.

`CeremonyParty` asks, sends the answers and checks what the others send. Dropping this object is all the
wiping that Python allows: run a ceremony in a process of its own that ends after it.

Source: docs/KEY-CEREMONY.md, "Candidates", "Biprimality", "The inverse". Boneh and Franklin 1997 for the
shared test, Catalano, Gennaro and Halevi 2000 for the inverse.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto.ceremony.parameters import SEED_BYTES, CeremonyParameters
from crypto.ceremony.randomness import Draw, ZeroSharing, derive_seeds
from crypto.hashed_elements import CEREMONY_FILTER, hashed_jacobi_unit, verification_base
from crypto.key_record import KeyShare
from crypto.numbers import invert, mpz, powmod_secret
from crypto.transcript import tuple_hash, u32

Pairs = list[tuple[int, int]]
"""For each candidate of a batch, a number for p and one for q."""


@dataclass
class _Candidate:
    number: int
    role: int
    draw: Draw
    zeros: tuple[int, ...]
    p: int = 0
    q: int = 0


class SecretWork:
    """The secrets of party `index`, and what it says in each stage, in the order of the methods."""

    def __init__(self, parameters: CeremonyParameters, index: int) -> None:
        self.parameters = parameters
        self.index = index
        self._seed = secrets.token_bytes(SEED_BYTES)
        self._pair_seeds = {j: secrets.token_bytes(SEED_BYTES) for j in parameters.parties if j != index}
        self._zero: ZeroSharing | None = None
        self._batch: list[_Candidate] = []
        self._inverse_attempt = 0
        self._M = mpz(parameters.sieve_product)
        self._T = parameters.residue_modulus
        self._M_inverse = int(invert(self._M, self._T))
        self._Q = mpz(parameters.product_ring)
        self._Q2 = mpz(parameters.inverse_ring)

    def pair_seeds(self) -> dict[int, bytes]:
        """This party's half of each pair key, for that peer alone."""
        return dict(self._pair_seeds)

    def learn_pair_seeds(self, session: bytes, received: Mapping[int, bytes]) -> None:
        """k_ij = hash(session, i, j, i's half, j's half) for i < j."""
        keys = {}
        for peer, theirs in received.items():
            low, high = sorted((self.index, peer))
            halves = (
                (self._pair_seeds[peer], theirs) if low == self.index else (theirs, self._pair_seeds[peer])
            )
            keys[peer] = tuple_hash("ceremony-pair-key", [session, u32(low), u32(high), *halves])
        self._zero = ZeroSharing(self.index, keys)

    def begin_batch(self, first: int, count: int) -> None:
        """Candidates first … first + count - 1; the secrets of earlier ones are dropped."""
        moduli = (self._M, self._M, self._Q)
        zeros = self._zero_sharing.batch(first, count, moduli)
        seeds = derive_seeds(self._seed, "ceremony-candidate", first, count)
        self._batch = [
            _Candidate(first + i, self.parameters.role(first + i), Draw(seed), zero)
            for i, (seed, zero) in enumerate(zip(seeds, zeros, strict=True))
        ]

    def deal_units(self) -> dict[int, Pairs]:
        """A dealer's secret units modulo M for p and q, shared with degree t - 1 = 1: {recipient: shares}."""
        M = self._M
        dealt: dict[int, Pairs] = {j: [] for j in self.parameters.parties}
        for candidate in self._batch:
            u, v = candidate.draw.unit(M), candidate.draw.unit(M)
            slope_u, slope_v = candidate.draw.below(M), candidate.draw.below(M)
            for j, shares in dealt.items():
                shares.append(((u + slope_u * j) % M, (v + slope_v * j) % M))
        return dealt

    def take_units(self, received: Mapping[int, Pairs]) -> None:
        """From the two dealers' shares, this party's additive parts of p and q.

        a_j = λ_j·u_1(j)·u_2(j) + z_j mod M are additive shares of a unit. p_j = a_j + M·((c_j - a_j)/M mod
        T) + r_j·M' is a_j modulo M and c_j modulo T; c is -1 for the role party, 0 for the others, so that
        p = Σ p_j is -1.
        """
        first, second = (received[dealer] for dealer in self.parameters.dealers)
        weight = self.parameters.lagrange(self.index)
        for candidate, (u1, v1), (u2, v2) in zip(self._batch, first, second, strict=True):
            candidate.p = self._lift(candidate, (weight * u1 * u2 + candidate.zeros[0]) % self._M)
            candidate.q = self._lift(candidate, (weight * v1 * v2 + candidate.zeros[1]) % self._M)

    def _lift(self, candidate: _Candidate, residue: int) -> int:
        has_role = candidate.role == self.index
        multiple = ((-1 if has_role else 0) - residue) * self._M_inverse % self._T
        free = candidate.draw.below(self.parameters.free_range)
        part = residue + self._M * multiple + free * self.parameters.step
        return part + self.parameters.offset if has_role else part

    def deal_primes(self) -> dict[int, Pairs]:
        """Shares modulo Q, of degree 1, of this party's parts of p and q: {recipient: shares}."""
        Q = self._Q
        dealt: dict[int, Pairs] = {j: [] for j in self.parameters.parties}
        for candidate in self._batch:
            slope_p, slope_q = candidate.draw.below(Q), candidate.draw.below(Q)
            for j, shares in dealt.items():
                shares.append(((candidate.p + slope_p * j) % Q, (candidate.q + slope_q * j) % Q))
        return dealt

    def modulus_shares(self, received: Mapping[int, Pairs]) -> list[int]:
        """Additive shares modulo Q of each n = p·q; they mask everything but the sum."""
        weight = self.parameters.lagrange(self.index)
        shares = []
        for candidate, *dealt in zip(self._batch, *received.values(), strict=True):
            p = sum(share[0] for share in dealt)
            q = sum(share[1] for share in dealt)
            shares.append((weight * p * q + candidate.zeros[2]) % self._Q)
        return shares

    def filter_answer(self, number: int, n: int) -> int:
        """v^((n+1-p_j-q_j)/4) from the role party, v^((p_j+q_j)/4) from the others, v hash-derived from n."""
        return self._test_answer(number, n, hashed_jacobi_unit(CEREMONY_FILTER, n, 0), halved=False)

    def square_root_answers(self, number: int, n: int, challenges: Sequence[int]) -> list[int]:
        """For each challenge v: v^((n+5-p_j-q_j)/8) from the role party, v^((p_j+q_j)/8) from the others."""
        return [self._test_answer(number, n, challenge, halved=True) for challenge in challenges]

    def _test_answer(self, number: int, n: int, base: int, *, halved: bool) -> int:
        candidate = self._candidate(number)
        exponent = candidate.p + candidate.q
        if candidate.role == self.index:
            exponent = n + (5 if halved else 1) - exponent
        return int(powmod_secret(base, exponent // (8 if halved else 4), n))

    def choose(self, number: int, n: int) -> None:
        """Keep the winner alone, and draw this party's secrets of its inverse."""
        self._batch = [self._candidate(number)]
        self._n = mpz(n)
        draw = Draw(secrets.token_bytes(SEED_BYTES))
        self._lambda = draw.bits(self.parameters.lambda_bits)
        self._constant = self.parameters.delta * draw.bits(self.parameters.mask_bits)
        self._slope = draw.bits(self.parameters.coefficient_bits)
        self._ring_slopes = (draw.below(self._Q2), draw.below(self._Q2))

    def feldman_values(self) -> tuple[int, int]:
        """v to the power of this party's integer coefficients Δ·R_i and c_i, modulo n."""
        v = verification_base(int(self._n))
        return int(powmod_secret(v, self._constant, self._n)), int(powmod_secret(v, self._slope, self._n))

    def deal_inverse(self) -> dict[int, tuple[int, int, int]]:
        """{recipient: (share of λ_i mod Q2, share of this party's part of φ mod Q2, integer share of
        Δ·R_i)}.
        """
        (winner,) = self._batch
        phi = -(winner.p + winner.q)
        if winner.role == self.index:
            phi += self._n + 1
        slope_lambda, slope_phi = self._ring_slopes
        return {
            j: (
                (self._lambda + slope_lambda * j) % self._Q2,
                (phi + slope_phi * j) % self._Q2,
                self._constant + self._slope * j,
            )
            for j in self.parameters.parties
        }

    def inverse_share(self, received: Mapping[int, tuple[int, int, int]]) -> int:
        """An additive share modulo Q2 of Δ·F = Δ·λ·φ + n·f(0)."""
        lam, phi, self._integer_share = (sum(parts) for parts in zip(*received.values(), strict=True))
        value = self.parameters.delta * lam * phi + self._n * self._integer_share
        zero = self._zero_sharing.single(self._inverse_attempt, self._Q2)
        self._inverse_attempt += 1
        return int((self.parameters.lagrange(self.index) * value + zero) % self._Q2)

    def key_share(self, k: int) -> KeyShare:
        """s_j = f(j) - Δ·k."""
        return KeyShare(self.index, int(self._integer_share - self.parameters.delta * k))

    @property
    def _zero_sharing(self) -> ZeroSharing:
        if self._zero is None:
            raise RuntimeError("Zero sharing before the pair keys are known.")
        return self._zero

    def _candidate(self, number: int) -> _Candidate:
        return self._batch[number - self._batch[0].number]
