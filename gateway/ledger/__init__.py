"""The tamper-evident ledger and the evidence drawn from it: what anybody can check who trusts neither party.

An entry is a short text (`entry`), a leaf of a Merkle tree (`tree`) whose root the gateway signs as a checkpoint
(`note`, `checkpoint`). A proof leads from an entry to a checkpoint (`proof`), and a case holds all of it for one
dispatch (`case`). Nothing here waits, reads a clock or opens a file.
"""

from gateway.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from gateway.ledger.entry import ENTRY_FIELDS, NONE, Entry, EntryKind, decode
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey, NoteSigner
from gateway.ledger.receipt import ReceiptFacts, read_receipt, write_receipt
from gateway.ledger.tree import (
    Grown,
    TileReader,
    Tree,
    consistency,
    inclusion,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "ENTRY_FIELDS",
    "NONE",
    "Checkpoint",
    "Entry",
    "EntryKind",
    "Fault",
    "Grown",
    "NoteKey",
    "NoteSigner",
    "ProofError",
    "ReceiptFacts",
    "TileReader",
    "Tree",
    "consistency",
    "decode",
    "inclusion",
    "leaf_hash",
    "open_checkpoint",
    "read_receipt",
    "sign_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "write_receipt",
]
