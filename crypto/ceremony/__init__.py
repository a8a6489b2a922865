"""How two of N trustees come to one Paillier key without anybody ever holding its factors.

`party.CeremonyParty` is one trustee's side: a state machine that takes and gives byte messages and knows
nothing of how they travel. `one_process.run_in_one_process` moves the bytes where all trustees sit in one
program.

Source: docs/KEY-CEREMONY.md.
"""
