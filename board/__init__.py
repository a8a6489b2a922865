"""The append-only logs: leaves, bodies by digest, Merkle tree, checkpoints."""
