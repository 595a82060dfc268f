"""What an auditor should look at, remembered: a task that follows the ledger, so that nobody reads all of it to look.

What it found and how far it came are committed together, so after a crash it goes on where it was. The working calendar
is that of the moment an entry is looked at: `gateway audit anomalies` counts anew by the one in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.exchange import bell
from gateway.exchange.anomalies import (
    SUMMED,
    Anomaly,
    AnomalyKind,
    Stretch,
    joined,
    numbered,
    odd_in,
    read_stretch,
    standing,
    told,
    told_gap,
)
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import EntryKind
from gateway.model.calendar import Calendar
from gateway.store.oddities import Odd, RememberOddities, Run, Series
from gateway.store.queries import Connection
from gateway.store.queries import oddities as reading
from gateway.store.queries.auditing import Span

_BY_NOW = {AnomalyKind.NEVER_DELIVERED, AnomalyKind.NEVER_ACKNOWLEDGED}
"""What may become odd without an entry."""
ENTRIES_PER_ROUND = 50
"""Some three milliseconds of a reader. At half load one receipt in a hundred took 123 ms with rounds of 500, 52 with
50, and 46 without this task (`make bench SCENARIO=receipt`; medians of six, six and four runs, by turns)."""
PAUSE_S = 5.0
"""Between two times of catching up: nobody waits for them."""
ROUNDS_BEFORE_LOOKING = 10
"""Whoever opens the page has what is new looked through first, so far; the page says how far that is."""


async def run(line: Line) -> None:
    """Follow the ledger until cancelled."""

    async def once() -> bool:
        while await follow(line) == ENTRIES_PER_ROUND:
            pass
        return False

    await rounds(line, bell.LEDGER, once, PAUSE_S)


async def follow(line: Line) -> int:
    """Look through the next entries. How many there were; 0 where another process was faster, too."""
    seen = await line.store.read(_read, line.calendar)
    if seen is None:
        return 0
    return seen.next_index - seen.after_index if await line.store.write(seen) else 0


def _read(connection: Connection, calendar: Calendar) -> RememberOddities | None:
    stretch = read_stretch(connection, reading.reached(connection), ENTRIES_PER_ROUND)
    if not stretch.entries:
        return None
    found, keys = [*odd_in(stretch, calendar)], defaultdict[str, set[str]](set)
    for one in found:
        if one.kind in SUMMED:
            keys[one.kind].add(one.key)
    wanted = {kind: sorted(several) for kind, several in keys.items()}
    odd = {(one.kind, one.key): one for one in reading.before(connection, wanted)}
    for one in found:
        odd[one.kind, one.key] = joined(odd.get((one.kind, one.key)), one)
    given = [*_numbers(stretch)]
    runs = Runs(reading.runs_beside(connection, [(series, number) for series, number, _ in given]))
    for series, number, place in given:
        runs.add(series, number, place)
    return RememberOddities(
        stretch.start, stretch.next_index, stretch.latest_at_end, [*odd.values()], runs.gone, runs.changed
    )


def _numbers(stretch: Stretch) -> Iterator[tuple[Series, int, Run]]:
    """Each document's series and number, and the run that it would be alone."""
    for entry in stretch.entries:
        facts = stretch.admitted.get(entry["dispatch"]) if entry.kind is EntryKind.ACCEPT else None
        if facts is None or not facts.document or facts.year is None:
            continue
        if known := numbered(facts.code):
            number, series = known[0], Series(facts.sender, known[1], facts.year)
            index, at = facts.ledger_index, facts.admitted_at
            yield series, number, Run(series, number, number, index, index, at)


class Runs:
    """Numbers without a gap, as far as new ones touch them."""

    def __init__(self, loaded: Iterator[Run]) -> None:
        """`loaded`: every run that one of the new numbers lies in, or next to."""
        self._before = {(run.series, run.first): run for run in loaded}
        self._now: defaultdict[Series, dict[int, Run]] = defaultdict(dict)
        for run in self._before.values():
            self._now[run.series][run.first] = run

    def add(self, series: Series, number: int, alone: Run) -> None:
        """One more number; the document that bore it first counts."""
        runs = self._now[series]
        if any(run.first <= number <= run.last for run in runs.values()):
            return
        left = next((run for run in runs.values() if run.last == number - 1), None)
        if right := runs.pop(number + 1, None):
            alone = replace(alone, last=right.last, last_index=right.last_index)
        if left:
            alone = replace(left, last=alone.last, last_index=alone.last_index)
        runs[alone.first] = alone

    @property
    def gone(self) -> Sequence[Run]:
        """Runs that are part of others now."""
        return [run for (series, first), run in self._before.items() if first not in self._now[series]]

    @property
    def changed(self) -> Sequence[Run]:
        """Runs that are new, or longer."""
        return [
            run
            for series, runs in self._now.items()
            for first, run in runs.items()
            if self._before.get((series, first)) != run
        ]


@dataclass(frozen=True, slots=True)
class Found:
    """What is odd in a span of time, by kind, the latest first."""

    kinds: Sequence[tuple[AnomalyKind, Sequence[Anomaly], bool]]
    """Each with whether there is more of it."""
    looked_through: int
    """Entries of the ledger."""


async def look(line: Line, span: Span, kinds: Sequence[AnomalyKind], most: int) -> Found:
    """What is odd of these kinds, so many of each at the most, once what is new was looked through."""
    for _ in range(ROUNDS_BEFORE_LOOKING):
        if await follow(line) < ENTRIES_PER_ROUND:
            break
    return await line.store.read(_found, span, kinds, most)


def _found(connection: Connection, span: Span, kinds: Sequence[AnomalyKind], most: int) -> Found:
    late = [] if _BY_NOW.isdisjoint(kinds) else [*standing(connection, span)]
    found = []
    for kind in kinds:
        if kind is AnomalyKind.NUMBERING_GAP:
            several = [told_gap(one) for one in reading.gaps(connection, span.since, span.until, most + 1)]
        else:
            rows: Sequence[Odd] = reading.remembered(connection, kind, span.since, span.until, most + 1)
            several = [*map(told, rows), *(one for one in late if one.kind is kind)]
            several.sort(key=lambda one: one.at or span.since, reverse=True)
        if several:
            found.append((kind, several[:most], len(several) > most))
    return Found(found, reading.reached(connection).next_index)
