"""What operators do to deliveries: hold one back, release it, try it again at once. The act and its effect are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import select, update

from gateway.model.delivery import DeliveryEvent, DeliveryStatus, advance
from gateway.store.acts import Act, record
from gateway.store.instants import micros
from gateway.store.schema import deliveries
from gateway.store.timeline import EVENT
from gateway.store.transaction import Operation, Transaction

BY_OPERATOR = "operator"
"""What a timeline says of such a step: peers read it. The operator's own words stay with the act (`acts.reason`)."""


@dataclass(frozen=True, slots=True)
class Operate(Operation[DeliveryStatus | None]):
    """Hold or release a delivery, or have its next push made now. Gives its status from then on.

    None, and nothing recorded, where that cannot be done to it: it is on its way to being final, or final already.
    """

    delivery_id: str
    event: DeliveryEvent | None
    """HELD or RELEASED; None: the next push is due at once."""
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[DeliveryStatus | None]:
        return [one._operate(tx) for one in operations]

    def _operate(self, tx: Transaction) -> DeliveryStatus | None:
        own = deliveries.c.id == self.delivery_id
        row = tx.connection.execute(select(deliveries.c.status, deliveries.c.push).where(own)).one_or_none()
        if row is None:
            return None
        after = self._after(DeliveryStatus(row.status), push=row.push)
        if after is None:
            return None
        at = micros(self.act.at)
        (index,) = record(tx, [self.act])
        changed: dict[str, Any] = {"status": after.value}
        if after is DeliveryStatus.QUEUED:
            changed["next_attempt_at"] = at
        tx.connection.execute(update(deliveries).where(own).values(changed))
        if self.event is not None:
            EVENT.run(tx.connection, [(self.delivery_id, after.value, at, BY_OPERATOR, index)])
        return after

    def _after(self, before: DeliveryStatus, *, push: bool) -> DeliveryStatus | None:
        if self.event is None:
            return before if push and before is DeliveryStatus.QUEUED else None
        return advance(before, self.event)
