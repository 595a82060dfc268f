"""Refusals on record: by digest and reason, never their content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from gateway.model.reasons import Reason
from gateway.store.deliveries import Salted, keep_salts
from gateway.store.instants import micros
from gateway.store.schema import refusals
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_REFUSAL = Insertion(refusals, "peer", "packet_digest", "reason", "at", "ledger_index")


@dataclass(frozen=True, slots=True)
class RecordRefusal(Operation[int | None]):
    """Record that a submission was refused: by digest and reason, never its content. Gives the index of the entry."""

    peer: str
    packet_digest: str | None
    reason: Reason
    at: datetime
    entry: bytes | None
    """None: recorded in the register only (a flood of refusals does not grow the ledger)."""
    salted: Salted | None = None
    """What stands in the entry for words of people, where it does."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        indexes = tx.append_some([one.entry for one in operations])
        keep_salts(tx, [one.salted for one in operations])
        _REFUSAL.run(
            tx.connection,
            [
                (one.peer, one.packet_digest, one.reason.value, micros(one.at), index)
                for one, index in zip(operations, indexes, strict=True)
            ],
        )
        return indexes
