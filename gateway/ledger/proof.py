"""Proofs that an entry is in the ledger, as files (C2SP tlog-proof v1).

    c2sp.org/tlog-proof@v1
    extra <the entry's own bytes, base64>
    index 73894
    <hashes from the leaf's sibling upwards, one a line>

    <the checkpoint, verbatim>

With `extra` holding the entry, the file and the ledger's public key are all a verifier needs.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from gateway.ledger.checkpoint import Checkpoint, open_checkpoint
from gateway.ledger.entry import ENTRY_BYTES_MAX
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NOTE_BYTES_MAX, NoteKey, unbase64
from gateway.ledger.tree import leaf_hash, verify_inclusion

HEADING = "c2sp.org/tlog-proof@v1"
STEPS_MAX = 63
PROOF_BYTES_MAX = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX

_HEAD = re.compile(
    rf"{re.escape(HEADING)}\nextra ([A-Za-z0-9+/=]+)\nindex (0|[1-9][0-9]{{0,17}})"
    rf"((?:\n[A-Za-z0-9+/]{{43}}=){{0,{STEPS_MAX}}})"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, its place, and the way from it to the root of a checkpoint. Nothing in it is verified yet."""

    entry: bytes
    index: int
    steps: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note."""

    def encode(self) -> bytes:
        """The .tlog-proof file."""
        lines = [HEADING, f"extra {base64.b64encode(self.entry).decode()}", f"index {self.index}"]
        lines += [base64.b64encode(step).decode() for step in self.steps]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """Read a .tlog-proof file that names its entry in `extra`. ProofError(proof.form) for any other spelling."""
        if len(data) > PROOF_BYTES_MAX:
            raise ProofError(Fault.PROOF_FORM, what=f"{len(data)} > {PROOF_BYTES_MAX}")
        head, _, checkpoint = data.partition(b"\n\n")
        match = _HEAD.fullmatch(head.decode("ascii", "replace"))
        if match is None or (entry := unbase64(match[1].encode())) is None:
            raise ProofError(Fault.PROOF_FORM, what=HEADING)
        steps = tuple(base64.b64decode(line) for line in match[3].split())
        proof = cls(entry, int(match[2]), steps, checkpoint)
        if proof.encode() != data:
            raise ProofError(Fault.PROOF_FORM, what="base64")
        return proof

    def verify(self, key: NoteKey) -> Checkpoint:
        """The checkpoint, signed by `key`, whose tree holds the entry at its index. ProofError otherwise."""
        checkpoint = open_checkpoint(self.checkpoint, key)
        verify_inclusion(leaf_hash(self.entry), self.index, checkpoint.size, self.steps, checkpoint.root)
        return checkpoint
