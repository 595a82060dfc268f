"""The figures of the overview once more, from the ledger's first entry on, without the sums that are kept.

The same rules, another way: nothing is read of what was counted before. What a report states is found again with the
number of entries and the instant it names, whoever runs it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from gateway.exchange.activity import ENTRIES_PER_ROUND, Stretch, Tally, read_facts
from gateway.exchange.line import Line
from gateway.exchange.overview import Figures, Scope
from gateway.model.activity import MEASURES, Span
from gateway.store.activity import OwedReceipt

Owed = dict[tuple[str, str], OwedReceipt]


async def recount(line: Line, size: int, at: datetime, span: Span, scope: Scope) -> Mapping[str, Figures]:
    """Every agency's figures of a period, from the first `size` entries, as they stood at an instant."""
    owed: Owed = {}
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    months, start = frozenset(span.months), 0

    def add(stretch: Stretch) -> None:
        counted = Tally(line, stretch).counted()
        owed.update({(one.dispatch_id, one.addressee): one for one in (*counted.opened, *counted.changed)})
        for one in counted.settled:
            del owed[one.dispatch_id, one.addressee]
        for (when, agency), counts in counted.added.items():
            if when in months:
                sums[agency] = [one + more for one, more in zip(sums[agency], counts, strict=True)]

    while start < size:
        stretch = await line.store.read(read_facts, start, min(ENTRIES_PER_ROUND, size - start), owed)
        add(stretch)
        start = stretch.next_index
    add(Stretch(0, size, (), {}, {}, {}, tuple(one for one in owed.values() if one.deadline_at < at and not one.late)))
    meant = sums.keys() if scope.everybody else scope.of(sums.keys(), line.directory)
    return {key: Figures(tuple(sums[key])) for key in sorted(meant) if any(sums[key])}
