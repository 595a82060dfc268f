"""A delivery as the native API shows it: where it stands, what its addressee did, what its sender asked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.lifecycle import Change, ChangeKind, ChangeOutcome, Reported


class TimelineShape(msgspec.Struct, frozen=True):
    """One step in a delivery's history; `ledger_index` finds its entry in the ledger."""

    event: str
    at: datetime
    detail: str
    ledger_index: int | None


class ProcessingShape(msgspec.Struct, frozen=True):
    """What the addressee's people did last, as they told it; `dispatch_id` is the status packet."""

    code: str
    stated_at: datetime | None
    recorded_at: datetime
    description: str
    dispatch_id: str

    @classmethod
    def of(cls, reported: Reported) -> ProcessingShape:
        return cls(reported.code, reported.stated_at, reported.recorded_at, reported.description, reported.dispatch_id)


class AskedShape(msgspec.Struct, frozen=True):
    """What the sender asked about a delivery, by the packet `dispatch_id`, and what came of it until now."""

    kind: ChangeKind
    outcome: ChangeOutcome
    reason: str
    asked_at: datetime
    deadline_at: datetime | None
    answer_reason: str
    dispatch_id: str

    @classmethod
    def of(cls, change: Change, at: datetime) -> AskedShape:
        return cls(
            change.kind,
            change.outcome(at),
            change.reason,
            change.asked_at,
            change.deadline_at,
            change.answer_reason,
            change.dispatch_id,
        )


class DeliveryShape(msgspec.Struct, frozen=True):
    """A dispatch on its way to one addressee. `change` is what was asked last; the timeline holds all."""

    id: str
    addressee: str
    addressed_as: str
    status: DeliveryStatus
    deadline_at: datetime
    attempts: int
    timeline: tuple[TimelineShape, ...]
    processing: ProcessingShape | None
    change: AskedShape | None

    @classmethod
    def of(cls, delivery: Delivery, at: datetime) -> DeliveryShape:
        """As it stands at an instant."""
        return cls(
            delivery.id,
            delivery.addressee,
            delivery.addressed_as,
            delivery.status,
            delivery.deadline_at,
            len(delivery.attempts),
            tuple(TimelineShape(one.event, one.at, one.detail, one.ledger_index) for one in delivery.timeline),
            ProcessingShape.of(delivery.processing) if delivery.processing else None,
            AskedShape.of(delivery.changes[-1], at) if delivery.changes else None,
        )
