"""What the clerk's pages share: whose desk it is, and how things are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.exchange import desk
from gateway.http.console.page import Visit
from gateway.model.agency import Agency, Directory
from gateway.model.person import Role

AGENCIES_AT_ONCE = 50
"""Whoever works for more agencies sees these, or the one they choose."""
CLERK = (Role.CLERK,)


@dataclass(frozen=True, slots=True)
class Whose:
    """The agencies a page speaks of."""

    shown: tuple[Agency, ...]
    all: tuple[Agency, ...]
    chosen: str
    """Key of the one that was chosen; nothing: none was."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.shown)

    @property
    def more(self) -> bool:
        """There are others that are not shown, although none was chosen."""
        return not self.chosen and len(self.all) > len(self.shown)


def whose(visit: Visit) -> Whose:
    """The agencies of whoever visits, or the one they ask for; Refused(NOT_FOUND) where that is not theirs."""
    every = visit.person.agencies(visit.line.directory)
    chosen = visit.asked("agency")
    if chosen:
        one = desk.agency(visit.line, visit.person, chosen)
        return Whose((one,), every, one.key)
    return Whose(every[:AGENCIES_AT_ONCE], every, "")


@dataclass(frozen=True, slots=True)
class Names:
    """What agencies are called."""

    directory: Directory

    def __call__(self, key: str) -> str:
        """The name of an agency; its identifier where the directory knows none."""
        one = self.directory.agency(key)
        return one.name if one is not None else key

    def several(self, keys: Sequence[str], most: int = 3) -> tuple[tuple[str, ...], int]:
        """The first names, and how many more there are."""
        return tuple(self(key) for key in keys[:most]), max(0, len(keys) - most)


def names(visit: Visit) -> Names:
    return Names(visit.line.directory)
