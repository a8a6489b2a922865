"""The election's key, made on one machine: without a server, so a trustee's program loads nothing of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crypto.ceremony.one_process import CeremonyProgress, run_in_one_process
from crypto.ceremony.parameters import CeremonyParameters
from crypto.key_record import KeyShare
from crypto.signature import SigningKey
from crypto.single_key import make_single_key
from crypto.transcript import tuple_hash
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind, body_digest
from protocol.manifest import Manifest


@dataclass(frozen=True)
class Trustees:
    """All trustees of an election, on this machine. signing: in their order."""

    signing: tuple[SigningKey, ...] = field(repr=False)
    shares: tuple[KeyShare, ...] = field(repr=False)
    ceremony_body: bytes


def hold_ceremony(
    manifest: Manifest,
    signing: Sequence[SigningKey],
    progress: Callable[[CeremonyProgress], None] | None = None,
) -> Trustees:
    """The election's key: dealerless for several trustees, made by the one returning officer for one."""
    if len(signing) == 1:
        record, share = make_single_key(manifest.size)
        transcript = tuple_hash("ceremony-none", [manifest.election.encode("ascii")])
        return Trustees(
            tuple(signing), (share,), make_ceremony_body(manifest.election, record, manifest.size, transcript)
        )
    parameters = CeremonyParameters(
        size=manifest.size,
        trustees=len(signing),
        threshold=manifest.threshold,
        session=body_digest(Kind.MANIFEST, encode_canonical(manifest)),
    )
    outcome = run_in_one_process(parameters, progress)
    body = make_ceremony_body(manifest.election, outcome.record, manifest.size, outcome.transcript)
    return Trustees(tuple(signing), outcome.shares, body)
