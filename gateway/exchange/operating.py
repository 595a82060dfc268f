"""The operator's acts on deliveries: each with a reason, an entry in the ledger, and the rules of a delivery's life.

An operator sees how deliveries stand, never what they carry.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.exchange import bell
from gateway.exchange.acts import Actor, operator_act
from gateway.exchange.line import SALT_BYTES, Line
from gateway.model.delivery import DeliveryEvent, DeliveryStatus
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.operated import Operate

REASON_CHARS_MAX = 500


class Move(StrEnum):
    """What an operator may do to a delivery; the value stands in the ledger's entry behind `delivery.`."""

    HOLD = "held"
    """Nobody gets it until it is released. Its deadline goes on."""
    RELEASE = "released"
    RETRY = "retried"
    """The next push is made at once, not when its pause is over."""


_EVENT = {Move.HOLD: DeliveryEvent.HELD, Move.RELEASE: DeliveryEvent.RELEASED, Move.RETRY: None}


def reason_given(written: str) -> str:
    """Somebody's reason, without the spaces around it. Refused(request.malformed) where there is none."""
    reason = " ".join(written.split())
    if not 1 <= len(reason) <= REASON_CHARS_MAX:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_reason", most=REASON_CHARS_MAX))
    return reason


async def move(line: Line, actor: Actor, delivery_id: str, what: Move, written: str) -> DeliveryStatus:
    """Hold, release or retry a delivery. Gives its status from then on.

    Refused(request.state_conflict) where that cannot happen to it (any more), for one of two operators who are at it
    at once.
    """
    reason, at = reason_given(written), line.clock()
    row = await line.store.glance(queries.delivery, delivery_id)
    if row is None:
        raise Refused(found(Reason.NOT_FOUND))
    subject = f"{row.dispatch_id}/{row.addressee}"  # as the ledger names a delivery that has no entry of its own yet
    salt = line.chance.randbytes(SALT_BYTES)
    act = operator_act(actor, f"delivery.{what}", subject, reason, salt, at)
    status = await line.store.write(Operate(delivery_id, _EVENT[what], act))
    if status is None:
        raise Refused(found(Reason.STATE_CONFLICT, delivery=delivery_id, status=row.status.value))
    line.bell.ring((bell.LEDGER, bell.CHANGES, bell.PUSH, bell.inbox(row.peer)))
    return status
