"""People who look at the gateway and act on it: what they may do, and for which agencies.

Systems that send and receive are peers (`model.agency`); a person enters through the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.agency import Agency, Directory


class Role(StrEnum):
    """What somebody does here. A person may have several."""

    CLERK = "clerk"
    """Văn thư: sees and acts on the documents of the agencies they work for, and no others."""
    AUDITOR = "auditor"
    """Reads everything about events; content only with a reason that is recorded."""
    OPERATOR = "operator"
    """Keeps the gateway running: deliveries, peers, queues; no content."""
    STEERING = "steering"
    """Reads the figures of every agency; no documents."""


@dataclass(frozen=True, slots=True)
class WorksFor:
    """An agency a clerk works for, alone or with everything below it."""

    agency: str
    subtree: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may enter."""

    key: str
    """The name they enter under, lower case."""
    name: str
    roles: frozenset[Role]
    works_for: tuple[WorksFor, ...] = ()
    lang: str = "vi"
    second_factor: bool = False
    """Whether entering asks for a code too."""
    disabled_at: datetime | None = None

    def may(self, *roles: Role) -> bool:
        """Whether any of these roles is theirs."""
        return not self.roles.isdisjoint(roles)

    def works_for_agency(self, agency: Agency, directory: Directory) -> bool:
        """Whether a clerk's documents of this agency are theirs to see."""
        held = {one.agency: one.subtree for one in self.works_for}
        return any(
            superior.key in held and (superior.key == agency.key or held[superior.key])
            for superior in directory.lineage(agency)
        )

    def agencies(self, directory: Directory) -> tuple[Agency, ...]:
        """Every agency they work for, by key."""
        found: dict[str, Agency] = {}
        for held in self.works_for:
            alone = directory.agency(held.agency)
            theirs = directory.below(held.agency) if held.subtree else (alone,) if alone else ()
            found |= {one.key: one for one in theirs}
        return tuple(found[key] for key in sorted(found))
