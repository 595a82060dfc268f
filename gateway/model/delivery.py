"""A dispatch on its way to one addressee: its status, its attempts, and the one function that advances it.

Overdue is computed, never stored. An open attempt means a try is under way; after a crash it is simply due again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.model.lifecycle import Change, Reported


class DeliveryStatus(StrEnum):
    """Where a delivery stands, in our hands. What the addressee's people did with it is the processing status."""

    QUEUED = "queued"
    """Waiting to be pulled, or for the next push attempt."""
    HELD = "held"
    """Stopped by an operator until released."""
    DELIVERED = "delivered"
    """The addressee's system has the packet; it has not acknowledged yet."""
    ACKNOWLEDGED = "acknowledged"
    """The addressee's system said it stored the packet. Final."""
    REFUSED = "refused"
    """The addressee's system refused the packet, with a reason. Final."""
    EXPIRED = "expired"
    """Not delivered by its deadline. Final."""
    WITHDRAWN = "withdrawn"
    """Taken back by the sender before it was delivered. Final."""

    @property
    def final(self) -> bool:
        return self in _FINAL


NEVER_TAKEN = frozenset({DeliveryStatus.REFUSED, DeliveryStatus.EXPIRED})
"""The addressee's system does not have the packet, or would not have it: there is nothing to give back."""
_FINAL = frozenset(
    {DeliveryStatus.ACKNOWLEDGED, DeliveryStatus.REFUSED, DeliveryStatus.EXPIRED, DeliveryStatus.WITHDRAWN}
)


class DeliveryEvent(StrEnum):
    """What can happen to a delivery."""

    HANDED_OVER = "handed_over"
    """The packet was fetched, or a push was answered with success."""
    DEFERRED = "deferred"
    """A push attempt failed for now."""
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    DEADLINE_PASSED = "deadline_passed"
    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


_S, _E = DeliveryStatus, DeliveryEvent
_NEXT: dict[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus] = {
    (_S.QUEUED, _E.HANDED_OVER): _S.DELIVERED,
    (_S.QUEUED, _E.DEFERRED): _S.QUEUED,
    (_S.QUEUED, _E.ACKNOWLEDGED): _S.ACKNOWLEDGED,  # an acknowledgement may overtake our own record of the attempt
    (_S.QUEUED, _E.REFUSED): _S.REFUSED,
    (_S.QUEUED, _E.DEADLINE_PASSED): _S.EXPIRED,
    (_S.QUEUED, _E.HELD): _S.HELD,
    (_S.QUEUED, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.HELD, _E.RELEASED): _S.QUEUED,
    (_S.HELD, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.HELD, _E.DEADLINE_PASSED): _S.EXPIRED,
    (_S.HELD, _E.HANDED_OVER): _S.DELIVERED,  # the attempt was under way when the operator held it
    (_S.HELD, _E.ACKNOWLEDGED): _S.ACKNOWLEDGED,
    (_S.HELD, _E.REFUSED): _S.REFUSED,
    (_S.HELD, _E.DEFERRED): _S.HELD,
    (_S.DELIVERED, _E.HANDED_OVER): _S.DELIVERED,  # at least once on the wire: fetching again changes nothing
    (_S.DELIVERED, _E.DEFERRED): _S.DELIVERED,
    (_S.DELIVERED, _E.ACKNOWLEDGED): _S.ACKNOWLEDGED,
    (_S.DELIVERED, _E.REFUSED): _S.REFUSED,
    (_S.ACKNOWLEDGED, _E.HANDED_OVER): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.DEFERRED): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.ACKNOWLEDGED): _S.ACKNOWLEDGED,
    (_S.REFUSED, _E.HANDED_OVER): _S.REFUSED,
    (_S.REFUSED, _E.DEFERRED): _S.REFUSED,
    (_S.REFUSED, _E.REFUSED): _S.REFUSED,
    (_S.EXPIRED, _E.DEFERRED): _S.EXPIRED,
    (_S.WITHDRAWN, _E.DEFERRED): _S.WITHDRAWN,
}


def advance(status: DeliveryStatus, event: DeliveryEvent) -> DeliveryStatus | None:
    """The status after `event`; None where the event cannot happen in `status`. A final status never changes."""
    return _NEXT.get((status, event))


class Outcome(StrEnum):
    """How one push attempt ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    DEFERRED = "deferred"
    INTERRUPTED = "interrupted"
    """The process ended while the attempt was under way."""

    @property
    def event(self) -> DeliveryEvent:
        return _EVENTS[self]


_EVENTS = {
    Outcome.DELIVERED: DeliveryEvent.HANDED_OVER,
    Outcome.REFUSED: DeliveryEvent.REFUSED,
    Outcome.DEFERRED: DeliveryEvent.DEFERRED,
    Outcome.INTERRUPTED: DeliveryEvent.DEFERRED,
}


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to try again: doubling from `first_s` to at most `most_s`, with jitter so that peers do not march in
    step."""

    first_s: float = 1.0
    most_s: float = 900.0
    jitter: float = 0.2
    """Share of the wait, 0 to 1, that is random."""

    def next_at(self, now: datetime, attempts: int, chance: float) -> datetime:
        """The instant of the next try after `attempts` tries; `chance` is a random number in [0, 1)."""
        wait_s = min(self.first_s * 2.0 ** min(attempts - 1, 62), self.most_s)
        return now + timedelta(seconds=wait_s * (1 - self.jitter * chance))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to push a delivery."""

    number: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    detail: str = ""
    ledger_index: int | None = None
    """Of the entry that it left the delivery as it was; None for one that did not, or ended before that was kept."""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One step in a delivery's history, with the ledger index of its entry."""

    event: str
    at: datetime
    detail: str = ""
    ledger_index: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A dispatch on its way to one addressee."""

    id: str
    dispatch_id: str
    addressee: str
    """Key of the agency."""
    addressed_as: str
    """The identifier the sender wrote."""
    status: DeliveryStatus
    deadline_at: datetime
    attempts: tuple[Attempt, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    processing: Reported | None = None
    """The latest status its addressee's people reported."""
    changes: tuple[Change, ...] = ()
    """What its sender asked about it later, oldest first."""
