"""What happens to deliveries: each change goes through `model.delivery.advance`, with its event and ledger entry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import bindparam, select

from gateway.model.delivery import DeliveryEvent, DeliveryStatus, advance
from gateway.store.instants import micros
from gateway.store.schema import deliveries, salts
from gateway.store.statements import Insertion, Prepared
from gateway.store.timeline import EVENT
from gateway.store.transaction import Operation, Transaction

_STATUSES = Prepared(
    select(deliveries.c.id, deliveries.c.status).where(deliveries.c.id.in_(bindparam("ids", expanding=True))), "ids"
)
_SALT = Insertion(salts, "digest", "salt", where_missing=True)
_SET_STATUS = Prepared(
    deliveries.update().where(deliveries.c.id == bindparam("delivery")).values(status=bindparam("new_status")),
    "new_status",
    "delivery",
)


@dataclass(frozen=True, slots=True)
class Salted:
    """A digest in the ledger, and the salt without which it says nothing."""

    digest: str
    """Lower-case hex of SHA-256 over the salt and the words."""
    salt: bytes

    @classmethod
    def of(cls, words: str, salt: bytes) -> Salted:
        return cls(hashlib.sha256(salt + words.encode()).hexdigest(), salt)


def keep_salts(tx: Transaction, salted: Iterable[Salted | None]) -> None:
    """Keep the salts behind digests, where there are any."""
    _SALT.run(tx.connection, [(one.digest, one.salt) for one in salted if one is not None])


@dataclass(frozen=True, slots=True)
class Advance(Operation[DeliveryStatus | None]):
    """Something happened to a delivery. Gives its status from now on; None where that cannot happen to it any more.

    What changes nothing (the packet fetched once more, an acknowledgement repeated) records nothing: many times on the
    wire, once in the register.
    """

    delivery_id: str
    event: DeliveryEvent
    at: datetime
    entry: bytes | None = None
    """Goes into the ledger where the status changes."""
    detail: str = ""
    salted: Salted | None = None
    """What stands in the entry for words of people, where it does."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[DeliveryStatus | None]:
        return advance_all(tx, operations)


@dataclass(frozen=True, slots=True)
class _Step:
    """A change of status to be recorded."""

    operation: Advance
    status: DeliveryStatus


def advance_all(tx: Transaction, operations: Sequence[Advance]) -> list[DeliveryStatus | None]:
    """Each of these in turn, so that several for one delivery find it as the ones before left it."""
    rows = _STATUSES.rows(tx.connection, *(one.delivery_id for one in operations))
    statuses = {delivery_id: DeliveryStatus(status) for delivery_id, status in rows}
    results: list[DeliveryStatus | None] = []
    steps: list[_Step] = []
    for one in operations:
        before = statuses.get(one.delivery_id)
        after = None if before is None else advance(before, one.event)
        results.append(after)
        if after is not None and after is not before:
            statuses[one.delivery_id] = after
            steps.append(_Step(one, after))
    if steps:
        _record(tx, steps)
    return results


def _record(tx: Transaction, steps: Sequence[_Step]) -> None:
    indexes = tx.append_some([step.operation.entry for step in steps])
    _SET_STATUS.run_all(tx.connection, [(step.status.value, step.operation.delivery_id) for step in steps])
    keep_salts(tx, (step.operation.salted for step in steps))
    EVENT.run(
        tx.connection,
        [
            (step.operation.delivery_id, step.status.value, micros(step.operation.at), step.operation.detail, index)
            for step, index in zip(steps, indexes, strict=True)
        ],
    )
