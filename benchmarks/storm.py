"""Overload: a storm at five times what the door can take (`benchmarks/overload.py`), as a table beside the calm."""

from __future__ import annotations

import asyncio

from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.overload import NEIGHBOUR_PER_S, overload

TIMES = 5.0
ACCEPTED_MS, NORMAL_S, SHARE = 1_000.0, 5.0, 0.95


def measure(storm_s: float) -> Outcome:
    """A calm, a storm of so many seconds, a calm."""
    found = asyncio.run(overload(storm_s, TIMES, calm_s=min(4.0, storm_s)))
    calm = f"the calm before it: {found.capacity:,.0f} documents/s"
    rows = (
        ("the storm: accepted", found.accepted, found.accepted_p50_ms, found.accepted_p99_ms),
        ("the storm: sent away with 503", found.sent_away, found.sent_away_p50_ms, found.sent_away_p99_ms),
        ("the storm: given up before they were sent", found.never_sent, None, None),
        ("the neighbour: accepted", NEIGHBOUR_PER_S * found.neighbour_accepted_share, None, found.neighbour_p99_ms),
    )
    caption = (
        f"{storm_s:g} s of {found.offered:,.0f} requests/s, {TIMES:g} times the capacity; beside it a system with "
        f"{NEIGHBOUR_PER_S:g}/s, bodies that drip, connections that say nothing. {found.receipts:,} receipts in all."
    )
    return Outcome(
        (Table(caption, ("", "/s", "p50 ms", "p99 ms"), rows),),
        (
            Goal("receipts lost in an overload", found.lost, 0, at_least=False, reference=f"{found.receipts:,} given"),
            Goal("accepted in an overload, p99", found.accepted_p99_ms, ACCEPTED_MS, "ms", False, calm),
            Goal("normal after an overload", found.normal_after_s, NORMAL_S, "s", False, calm),
            Goal("a modest neighbour is served", found.neighbour_accepted_share, SHARE, "of its documents", True, calm),
        ),
    )
