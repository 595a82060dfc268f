"""The overview of those who steer: whose figures, for which period, beside the period before; trend and ranking."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.exchange.line import Line
from gateway.model.activity import MEASURES, Connected, Level, Measure, Span, level_of
from gateway.model.agency import Agency, Directory
from gateway.model.directory_difference import received_for
from gateway.store import queries
from gateway.store.queries import activity


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of every measure."""

    counts: tuple[int, ...] = (0,) * len(MEASURES)

    def __getitem__(self, measure: str) -> int:
        return self.counts[MEASURES.index(Measure(measure))]

    def __add__(self, other: Figures) -> Figures:
        return Figures(tuple(one + more for one, more in zip(self.counts, other.counts, strict=True)))

    @property
    def active(self) -> bool:
        """Whether somebody sent or received."""
        return self["sent"] + self["received"] > 0

    def share(self, part: str, whole: str) -> float | None:
        """One figure as a share of another, 0 to 1; None where there is nothing to have a share in."""
        return self[part] / self[whole] if self[whole] else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: an agency and everything below it, agencies of a level, or both; nothing chosen means all."""

    agency: Agency | None = None
    level: Level | None = None

    @property
    def everybody(self) -> bool:
        return self.agency is None and self.level is None

    def of(self, keys: Collection[str], directory: Directory) -> frozenset[str]:
        """Those of these agencies that are meant."""
        chosen = frozenset(keys)
        if self.agency is not None:
            chosen &= {one.key for one in directory.below(self.agency.key)}
        if self.level is not None:
            chosen = frozenset(key for key in chosen if level_of(directory.agency(key)) is self.level)
        return chosen


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown."""

    span: Span
    total: Figures
    before: Figures
    """Of the period before, whole."""
    trend: tuple[tuple[str, Figures], ...]
    """By day or by month, in order."""
    agencies: tuple[tuple[str, Figures], ...]
    """Everybody with a figure in the period, the most active first."""
    active: int
    connected: int
    counted_to: int
    """Entries of the ledger that are counted."""
    ledger_size: int


async def overview(line: Line, span: Span, scope: Scope) -> Overview:
    """Everything of one period."""
    read = await line.store.read(figures_of, span, scope, line.directory)
    reached = await connected(line)
    shown = sorted(read.agencies, key=lambda one: (-one[1]["sent"] - one[1]["received"], one[0]))
    return Overview(
        span,
        total=sum((figures for _, figures in shown), Figures()),
        before=sum(read.before, Figures()),
        trend=tuple((one, Figures(read.trend[one]) if one in read.trend else Figures()) for one in span.trend),
        agencies=tuple(shown),
        active=sum(figures.active for _, figures in shown),
        connected=len(reached if scope.everybody else scope.of(reached, line.directory)),
        counted_to=read.counted_to,
        ledger_size=read.ledger_size,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    agencies: Sequence[tuple[str, Figures]]
    before: Sequence[Figures]
    trend: Mapping[str, tuple[int, ...]]
    counted_to: int
    ledger_size: int


def figures_of(connection: queries.Connection, span: Span, scope: Scope, directory: Directory) -> _Read:
    """What the register holds of a period and of the one before it."""
    now, before = (activity.figures_by_agency(connection, one.months) for one in (span, span.beside(-1)))
    drawn = None if scope.everybody else scope.of(activity.agencies_counted(connection, _months(span)), directory)
    return _Read(
        agencies=_of(now, scope, directory),
        before=[figures for _, figures in _of(before, scope, directory)],
        trend=activity.figures_by_span(connection, span.trend, drawn),
        counted_to=activity.counted(connection).next_index,
        ledger_size=queries.ledger_head(connection).size,
    )


def _months(span: Span) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one[:7] for one in span.trend))


def _of(figures: Mapping[str, tuple[int, ...]], scope: Scope, directory: Directory) -> Sequence[tuple[str, Figures]]:
    chosen = figures.keys() if scope.everybody else scope.of(figures.keys(), directory)
    return [(key, Figures(figures[key])) for key in chosen]


async def connected(line: Line) -> frozenset[str]:
    """Agencies that exist and that some system receives for, now. Worked out anew only where it may have changed: it
    walks the whole directory."""
    known, directory, now = line.state.connected, line.directory, line.clock()
    if known is None or not known.holds(directory, now):
        known = line.state.connected = Connected(directory, now, await asyncio.to_thread(received_for, directory, now))
    return known.keys


def by_level(overview: Overview, directory: Directory) -> tuple[tuple[Level, int, Figures], ...]:
    """Each level that has a figure: how many of its agencies were active, and their sums."""
    sums: dict[Level, Figures] = {}
    active: Counter[Level] = Counter()
    for key, figures in overview.agencies:
        level = level_of(directory.agency(key))
        sums[level] = sums.get(level, Figures()) + figures
        active[level] += figures.active
    return tuple((level, active[level], sums[level]) for level in Level if level in sums)
