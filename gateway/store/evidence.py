"""Keeping evidence as it was first issued, and time stamps of checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import bindparam, select

from gateway.store.instants import micros
from gateway.store.schema import evidence, timestamps
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_KEEP = Insertion(evidence, "ledger_index", "name", "issued_at", "xml", where_missing=True)
_KEPT = select(evidence.c.xml).where(
    evidence.c.ledger_index == bindparam("its_index"), evidence.c.name == bindparam("its_name")
)
_STAMP = Insertion(timestamps, "size", "stamped_at", "recorded_at", "response", where_missing=True)


@dataclass(frozen=True, slots=True)
class KeepEvidence(Operation[bytes]):
    """Keep an evidence. Gives the one that is kept from now on: where two were made at once, the first."""

    ledger_index: int
    name: str
    at: datetime
    xml: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bytes]:
        _KEEP.run(tx.connection, [(one.ledger_index, one.name, micros(one.at), one.xml) for one in operations])
        return [
            bytes(tx.connection.execute(_KEPT, {"its_index": one.ledger_index, "its_name": one.name}).scalar_one())
            for one in operations
        ]


@dataclass(frozen=True, slots=True)
class KeepTimestamp(Operation[None]):
    """Keep the verified answer of a time-stamping authority over a checkpoint; a second one changes nothing."""

    size: int
    """Of the checkpoint."""
    stamped_at: datetime
    at: datetime
    response: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        rows = [(one.size, micros(one.stamped_at), micros(one.at), one.response) for one in operations]
        _STAMP.run(tx.connection, rows)
        return [None] * len(operations)
