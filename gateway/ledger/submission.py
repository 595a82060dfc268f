"""What a ledger and a witness say to each other (C2SP tlog-witness): the body of add-checkpoint, and what follows.

old 20852014
<hashes of the consistency proof, one a line>

<the checkpoint>
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey, cut_note, open_note
from gateway.ledger.proof import STEPS_MAX
from gateway.ledger.tree import EMPTY_ROOT, verify_consistency

SUBMISSION_BYTES_MAX = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
"""Content type of the answer 409: the size the witness holds, and LF."""

_HEAD = re.compile(r"old (0|[1-9][0-9]{0,17})\n((?:[A-Za-z0-9+/]{43}=\n)*)\n")


class Answer(IntEnum):
    """What a witness says to a submission: the status of HTTP."""

    COSIGNED = 200
    MALFORMED = 400
    """Not in the published form, or the old size is above the checkpoint's."""
    UNTRUSTED = 403
    """No trusted key of this ledger signed it, or a line of one is false."""
    UNKNOWN = 404
    """The witness does not know this ledger."""
    CONFLICT = 409
    """The old size is not that of the tree the witness holds."""
    INCONSISTENT = 422
    """The proof does not lead from the tree the witness holds to the one submitted."""


@dataclass(frozen=True, slots=True)
class Held:
    """The tree a witness last cosigned. Before the first: no leaves."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint on its way to a witness, with the proof that it extends the tree of `old` entries."""

    old: int
    steps: tuple[bytes, ...]
    note: bytes
    """The checkpoint as the ledger signed it."""

    def encode(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(step).decode() for step in self.steps)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note

    @classmethod
    def parse(cls, body: bytes) -> Submission:
        """Read a request. ProofError(witness.request) for anything that `encode` would not write."""
        match = _HEAD.match(body[: len("old ") + 20 + 45 * STEPS_MAX].decode("ascii", "replace"))
        if match is None or len(body) > SUBMISSION_BYTES_MAX:
            raise ProofError(Fault.WITNESS_REQUEST)
        steps = tuple(base64.b64decode(line) for line in match[2].split())
        one = cls(int(match[1]), steps, body[match.end() :])
        if one.encode() != body or len(steps) > STEPS_MAX:
            raise ProofError(Fault.WITNESS_REQUEST)
        return one

    def checkpoint(self) -> Checkpoint:
        """What the note says, not verified. ProofError(note.form, checkpoint.form)."""
        return Checkpoint.parse(cut_note(self.note)[0])

    def judge(self, keys: Iterable[NoteKey], held: Held) -> Answer:
        """What a witness that trusts these keys of the ledger and holds this tree must answer, in the order C2SP says.

        ProofError where the submission is not in form.
        """
        checkpoint = self.checkpoint()
        try:
            open_note(self.note, keys)
        except ProofError:
            return Answer.UNTRUSTED
        if self.old > checkpoint.size:
            return Answer.MALFORMED
        if self.old != held.size:
            return Answer.CONFLICT
        try:
            verify_consistency(held.size, held.root, checkpoint.size, checkpoint.root, self.steps)
        except ProofError:
            return Answer.INCONSISTENT
        if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
            return Answer.INCONSISTENT
        return Answer.COSIGNED
