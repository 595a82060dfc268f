"""The tamper-evident ledger and the evidence drawn from it: what anybody can check who trusts neither party.

An entry is a short text (`entry`), a leaf of a Merkle tree (`tree`) whose root the gateway signs as a checkpoint
(`note`, `checkpoint`). A proof leads from an entry to a checkpoint (`proof`), and a case holds all of it for one
dispatch (`case`). Nothing here waits, reads a clock or opens a file.
"""

from gateway.ledger.archive import CASE_BYTES_MAX
from gateway.ledger.case import MEDIA_TYPE, Case, Papers, ProvenEntry, write_case
from gateway.ledger.check import check_case
from gateway.ledger.check_parts import Known
from gateway.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from gateway.ledger.entry import ENTRY_FIELDS, NONE, Entry, EntryKind, decode
from gateway.ledger.examination import REPORT_ID, PdfBasis, ReportFacts, Versions, facts_of, read_report, write_report
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey, NoteSigner
from gateway.ledger.proof import Proof
from gateway.ledger.receipt import RECEIPT_ID, ReceiptFacts, read_receipt, write_receipt
from gateway.ledger.report import CaseReport, Statement, Wrong
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
    "CASE_BYTES_MAX",
    "ENTRY_FIELDS",
    "MEDIA_TYPE",
    "NONE",
    "RECEIPT_ID",
    "REPORT_ID",
    "Case",
    "CaseReport",
    "Checkpoint",
    "Entry",
    "EntryKind",
    "Fault",
    "Grown",
    "Known",
    "NoteKey",
    "NoteSigner",
    "Papers",
    "PdfBasis",
    "Proof",
    "ProofError",
    "ProvenEntry",
    "ReceiptFacts",
    "ReportFacts",
    "Statement",
    "TileReader",
    "Tree",
    "Versions",
    "Wrong",
    "check_case",
    "consistency",
    "decode",
    "facts_of",
    "inclusion",
    "leaf_hash",
    "open_checkpoint",
    "read_receipt",
    "read_report",
    "sign_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "write_case",
    "write_receipt",
    "write_report",
]
