"""How a document stands with one addressee: four facts that the field mixes up, kept apart.

That we have it, that the addressee's system has it, that its people have taken it in, and that they have dealt with it
are different things, said by different hands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.model.delivery import Delivery
from gateway.model.lifecycle import Change, ChangeKind

CARRIED = ("delivered", "acknowledged")
TAKEN_IN = ("status_03", "status_04", "status_05", "status_06")
NOT_TAKEN = ("refused", "status_02")
AT_WORK = ("status_04", "status_05")
FINISHED = ("status_06",)


@dataclass(frozen=True, slots=True)
class Standing:
    """The four facts; None where it has not happened. Instants are when the gateway learned of it."""

    accepted_at: datetime
    """The gateway has the document, durably."""
    carried_at: datetime | None
    """The addressee's system has it."""
    confirmed: bool
    """That system said it stored it."""
    taken_in_at: datetime | None
    """The addressee's people have entered it in their register."""
    finished_at: datetime | None
    """They have dealt with it."""
    at_work: bool
    """They are dealing with it."""
    sent_back_at: datetime | None
    """They, or their system, would not take it."""
    words: str
    """Why not."""
    recall: Change | None
    """The latest request to give it back."""


def standing(delivery: Delivery, accepted_at: datetime) -> Standing:
    """How a delivery stands, from its history."""
    first: dict[str, datetime] = {}
    words = ""
    for step in delivery.timeline:
        first.setdefault(step.event, step.at)
        if step.event in NOT_TAKEN:
            words = step.detail
    recalls = [one for one in delivery.changes if one.kind is ChangeKind.RECALL]
    return Standing(
        accepted_at=accepted_at,
        carried_at=_earliest(first, CARRIED),
        confirmed="acknowledged" in first,
        taken_in_at=_earliest(first, TAKEN_IN),
        finished_at=_earliest(first, FINISHED),
        at_work=_earliest(first, AT_WORK) is not None,
        sent_back_at=_earliest(first, NOT_TAKEN),
        words=words,
        recall=recalls[-1] if recalls else None,
    )


def _earliest(first: dict[str, datetime], events: tuple[str, ...]) -> datetime | None:
    return min((first[one] for one in events if one in first), default=None)
