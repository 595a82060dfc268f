"""The tamper-evident ledger and the evidence drawn from it: what anybody can check who trusts neither party.

An entry is a short text (`entry`), a leaf of a Merkle tree (`tree`) whose root the gateway signs as a checkpoint (`note`,
`checkpoint`). A proof leads from an entry to a checkpoint (`proof`), and a case holds all of it for one dispatch (`case`).
Nothing here waits, reads a clock or opens a file.
"""
