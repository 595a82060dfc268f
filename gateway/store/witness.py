"""Keeping what witnesses said of checkpoints, and which keys the gateway signed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import bindparam, select

from gateway.store.instants import micros
from gateway.store.schema import cosignatures, gateway_keys
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_COSIGNATURE = Insertion(cosignatures, where_missing=True)
_KEY = Insertion(gateway_keys, "which", "digest", "recorded_at", "ledger_index", "public")
_LATEST = (
    select(gateway_keys.c.digest)
    .where(gateway_keys.c.which == bindparam("which"))
    .order_by(gateway_keys.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class PutCosignature(Operation[None]):
    """Keep a cosignature that was verified. The same again changes nothing."""

    size: int
    """Of the checkpoint, which is kept."""
    witness: str
    """The witness's vkey."""
    cosigned_at: datetime
    line: bytes
    """The signature line, with its LF."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        rows = [(one.size, one.witness, micros(one.cosigned_at), one.line) for one in operations]
        _COSIGNATURE.run(tx.connection, rows)
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class RecordKey(Operation[bool]):
    """From here on the gateway signs with this key. False, and nothing recorded, where another came after `old`."""

    which: str
    """What it signs: "ledger" or "seal"."""
    old: str | None
    """The digest of the key before it, as the caller knows it; None for the first."""
    digest: str
    """SHA-256 of `public`."""
    public: bytes
    """The vkey in ASCII, or the certificate in DER."""
    at: datetime
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._record(tx) for one in operations]

    def _record(self, tx: Transaction) -> bool:
        if tx.connection.execute(_LATEST, {"which": self.which}).scalar() != self.old:
            return False
        (index,) = tx.append([self.entry])
        _KEY.run(tx.connection, [(self.which, self.digest, micros(self.at), index, self.public)])
        return True
