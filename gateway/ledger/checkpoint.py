"""Checkpoints (C2SP tlog-checkpoint): the ledger's promise about all its entries, as a signed note of three lines."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey, NoteSigner, open_note, sign_note, unbase64
from gateway.ledger.tree import HASH_BYTES

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the ledger `origin` have this root."""

    origin: str
    """The ledger's name and the name of its key: its URL without scheme and trailing slash."""
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines another log may have written; ours writes none (C2SP advises against them)."""

    def text(self) -> bytes:
        """The note text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read a note text. ProofError(checkpoint.form)."""
        try:
            match = _TEXT.fullmatch(text.decode())
        except UnicodeDecodeError as wrong:
            raise ProofError(Fault.CHECKPOINT_FORM) from wrong
        root = unbase64(match[3].encode()) if match else None
        if match is None or root is None:
            raise ProofError(Fault.CHECKPOINT_FORM)
        assert len(root) == HASH_BYTES
        return cls(match[1], int(match[2]), root, tuple(match[4].split("\n")[:-1]))


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[NoteSigner]) -> bytes:
    """The signed note to publish. The caller answers for its leaves and tiles being durable first."""
    return sign_note(checkpoint.text(), signers)


def open_checkpoint(note: bytes, key: NoteKey, *others: NoteKey) -> Checkpoint:
    """The checkpoint in a note that the ledger's own key signed, or another of its keys. ProofError: note.*,
    checkpoint.*.
    """
    checkpoint = Checkpoint.parse(open_note(note, [key, *others]).text)
    if checkpoint.origin != key.name:
        raise ProofError(Fault.CHECKPOINT_ORIGIN, origin=repr(checkpoint.origin[:80]), key=key.name)
    return checkpoint
