"""What an auditor should look at: nothing here is proof of a fault, each says what is odd and which entries show it.

The rules stand here once. `exchange/oddities.py` follows the ledger by them and remembers; `anomalies` goes through the
whole ledger and believes nothing that is remembered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from gateway.exchange.entries import read_entries
from gateway.ledger import NONE, Entry, EntryKind
from gateway.model.calendar import VIET_NAM, Calendar, local_day
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.store import queries
from gateway.store.oddities import Odd, Series
from gateway.store.queries import Connection, auditing
from gateway.store.queries import oddities as reading
from gateway.store.queries.auditing import NumberRow, Span
from gateway.store.queries.oddities import AdmittedFacts, Gap, Late, LateRecall, Reached

REFUSALS_AN_HOUR_MAX = 20
CLOCK_BACK_MAX = timedelta(seconds=60)
"""Entries are made before their transaction: under load one may overtake another by seconds, not by minutes."""
INDEXES_SHOWN_MAX = 20
ENTRIES_PER_READ = 5_000
_AGENCIES = {"sender", "addressee", "agency"}
"""Values that are keys of agencies."""
_NUMBER = re.compile(r"0*([0-9]{1,7})[/-]?(.*)", re.DOTALL)
_FINDING = re.compile(rb'<Finding reason="([a-z0-9_.]+)"')
_EXPIRED = {str(Reason.SEAL_CERTIFICATE_VALIDITY), str(Reason.PDF_CERTIFICATE_VALIDITY)}


class AnomalyKind(StrEnum):
    """What is odd; the words are `anomaly.<kind>`."""

    NEVER_DELIVERED = "never_delivered"
    NEVER_ACKNOWLEDGED = "never_acknowledged"
    EXPIRED_CERTIFICATE = "expired_certificate"
    EXPIRED_REFUSED = "expired_refused"
    ODD_HOURS = "odd_hours"
    RECALLED_AFTER_OPENING = "recalled_after_opening"
    NUMBERING_GAP = "numbering_gap"
    CLOCK_BACK = "clock_back"
    MANY_REFUSALS = "many_refusals"
    UNMATCHED_STATUS = "unmatched_status"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something odd, and the ledger indexes that show it (the first of them, where they are many)."""

    kind: AnomalyKind
    indexes: tuple[int, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = field(default=None, compare=False)
    """The instant it is counted at; it does not make it another."""

    def text(self, lang: str, called: Callable[[str], str] = str) -> str:
        """It in words; `called`: what an agency is called."""
        said = {name: called(value) if name in _AGENCIES else value for name, value in self.values.items()}
        if day := said.get("day"):
            said["day"] = f"{date.fromisoformat(day):%d/%m/%Y}"
        if hour := said.get("hour"):
            said["hour"] = f"{datetime.fromisoformat(hour):%H:%M, %d/%m/%Y}"
        if reason := said.get("reason"):
            said["reason"] = text(lang, f"reason.{reason}.title")
        return text(lang, f"anomaly.{self.kind}", **said)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries one after another, and what the register knows of what they speak of."""

    start: int
    entries: tuple[Entry, ...]
    latest_at: datetime
    """The latest instant any entry before them bears."""
    admitted: Mapping[str, AdmittedFacts]
    recalled: tuple[LateRecall, ...]

    @property
    def next_index(self) -> int:
        return self.start + len(self.entries)

    @property
    def latest_at_end(self) -> datetime:
        return max((self.latest_at, *(one.at for one in self.entries)))


def read_stretch(connection: Connection, since: Reached, count: int) -> Stretch:
    """The next entries, at most so many."""
    start = since.next_index
    entries = tuple(read_entries(queries.entries(connection, start, count), start))
    admitted = [one["dispatch"] for one in entries if one.kind is EntryKind.ACCEPT]
    changes = [one["dispatch"] for one in entries if one.kind is EntryKind.CHANGE]
    facts = reading.admitted(connection, admitted) if admitted else {}
    recalled = reading.recalled_late(connection, changes) if changes else ()
    return Stretch(start, entries, since.latest_at, facts, recalled)


def odd_in(stretch: Stretch, calendar: Calendar) -> Iterator[Odd]:
    """What a stretch shows; what only many entries together show is told for each, to be put together by `joined`."""
    latest = stretch.latest_at
    for index, entry in enumerate(stretch.entries, stretch.start):
        back, latest = latest - entry.at, max(latest, entry.at)
        if back > CLOCK_BACK_MAX:
            values = {"seconds": str(round(back.total_seconds()))}
            yield Odd(AnomalyKind.CLOCK_BACK, str(index), entry.at, (index,), values)
        yield from _odd_itself(index, entry)
        if entry.kind is EntryKind.ACCEPT:
            yield from _odd_admission(index, entry, stretch.admitted.get(entry["dispatch"]), calendar)
    asked_at = {one["dispatch"]: one.at for one in stretch.entries if one.kind is EntryKind.CHANGE}
    for late in stretch.recalled:
        yield _late_recall(late, asked_at[late.change])


def _odd_itself(index: int, entry: Entry) -> Iterator[Odd]:
    if entry.kind is EntryKind.STATUS and entry["delivery"] == NONE:
        values = {"agency": entry["agency"], "code": entry["code"], "dispatch": entry["dispatch"]}
        yield Odd(AnomalyKind.UNMATCHED_STATUS, str(index), entry.at, (index,), values)
    elif entry.kind is EntryKind.EXPIRE:
        values = {"dispatch": entry["dispatch"], "addressee": entry["addressee"]}
        yield Odd(AnomalyKind.NEVER_DELIVERED, str(index), entry.at, (index,), values)
    elif entry.kind is EntryKind.REFUSE:
        hour = entry.at.replace(minute=0, second=0, microsecond=0)
        at = hour.astimezone(VIET_NAM).isoformat(sep=" ", timespec="minutes")
        values = {"peer": entry["peer"], "hour": at}
        yield Odd(AnomalyKind.MANY_REFUSALS, f"{entry['peer']} {at}", hour, (index,), values, shown=False)
        if entry["reason"] in _EXPIRED:
            values = {"peer": entry["peer"], "reason": entry["reason"]}
            yield Odd(AnomalyKind.EXPIRED_REFUSED, str(index), entry.at, (index,), values)


def _odd_admission(index: int, entry: Entry, facts: AdmittedFacts | None, calendar: Calendar) -> Iterator[Odd]:
    """Sent when nobody works, or although a certificate had expired when it signed: the receipt's findings say so."""
    if not _worked(entry.at, calendar):
        day = local_day(entry.at)
        values = {"sender": entry["sender"], "day": day.isoformat()}
        at = datetime.combine(day, time(), VIET_NAM).astimezone(entry.at.tzinfo)
        yield Odd(AnomalyKind.ODD_HOURS, f"{entry['sender']} {day}", at, (index,), values)
    found = {one.decode() for one in _FINDING.findall(facts.receipt_xml)} if facts else set()
    for reason in sorted(found & _EXPIRED):
        values = {"dispatch": entry["dispatch"], "sender": entry["sender"], "reason": reason}
        yield Odd(AnomalyKind.EXPIRED_CERTIFICATE, f"{index} {reason}", entry.at, (index,), values)


def _worked(at: datetime, calendar: Calendar) -> bool:
    local = at.astimezone(VIET_NAM)
    return calendar.is_working_day(local.date()) and calendar.hours[0][0] <= local.time() <= calendar.hours[-1][1]


def _late_recall(late: LateRecall, at: datetime) -> Odd:
    values = {"dispatch": late.dispatch_id, "addressee": late.addressee}
    indexes = (late.opened_index, late.change_index)
    key = f"{late.change_index} {late.addressee}"
    return Odd(AnomalyKind.RECALLED_AFTER_OPENING, key, at, indexes, values)


SUMMED = (AnomalyKind.MANY_REFUSALS, AnomalyKind.ODD_HOURS)
"""What several entries show together."""


def joined(before: Odd | None, one: Odd) -> Odd:
    """What was known of a thing, and one more entry that shows it."""
    if before is None:
        return one
    count, indexes = before.count + one.count, (*before.indexes, *one.indexes)[:INDEXES_SHOWN_MAX]
    shown = count > REFUSALS_AN_HOUR_MAX if one.kind == AnomalyKind.MANY_REFUSALS else one.shown
    return replace(before, count=count, indexes=indexes, shown=shown)


def numbered(code: str) -> tuple[int, str] | None:
    """The number and the notation of a document; None where it has no number."""
    parts = _NUMBER.fullmatch(code)
    return None if parts is None else (int(parts[1]), parts[2])


def told(one: Odd) -> Anomaly:
    """What was found, as people read it."""
    count = {"count": str(one.count)} if one.kind in SUMMED else {}
    return Anomaly(AnomalyKind(one.kind), one.indexes, {**one.values, **count}, one.at)


def told_gap(gap: Gap) -> Anomaly:
    """Numbers an agency passed over in a year: their documents went another way, or nowhere."""
    missing = f"{gap.before + 1}" if gap.after - gap.before == 2 else f"{gap.before + 1}–{gap.after - 1}"
    of = gap.series
    values = {"sender": of.sender, "year": str(of.year), "missing": missing, "notation": of.notation}
    return Anomaly(AnomalyKind.NUMBERING_GAP, (gap.before_index, gap.after_index), values, gap.at)


def told_late(kind: AnomalyKind, late: Late) -> Anomaly:
    """A delivery that is late by now."""
    values = {"dispatch": late.dispatch_id, "addressee": late.addressee}
    return Anomaly(kind, (late.ledger_index,), values, late.admitted_at)


def anomalies(connection: Connection, calendar: Calendar, span: Span) -> Iterator[Anomaly]:
    """Everything odd in a span of time, from the ledger's first entry on; nothing is read of what is remembered."""
    yield from standing(connection, span)
    for gap in _gaps(connection):
        if span.holds(gap.at):
            yield told_gap(gap)
    sums: dict[tuple[str, str], Odd] = {}
    reached = Reached()
    while (stretch := read_stretch(connection, reached, ENTRIES_PER_READ)).entries:
        for one in odd_in(stretch, calendar):
            if one.kind in SUMMED and span.holds(one.at):
                sums[one.kind, one.key] = joined(sums.get((one.kind, one.key)), one)
            elif span.holds(one.at):
                yield told(one)
        reached = Reached(stretch.next_index, stretch.latest_at_end)
    yield from (told(one) for one in sums.values() if one.shown)


def standing(connection: Connection, span: Span) -> Iterator[Anomaly]:
    """What is late by now, and was not when its entry was made."""
    of = (connection, span.since, span.until, span.now)
    yield from (told_late(AnomalyKind.NEVER_DELIVERED, one) for one in reading.undelivered(*of))
    yield from (told_late(AnomalyKind.NEVER_ACKNOWLEDGED, one) for one in reading.unacknowledged(*of))


def _gaps(connection: Connection) -> Iterator[Gap]:
    sender, series = "", defaultdict[tuple[str, int], dict[int, NumberRow]](dict)
    for row in auditing.numbers(connection):
        if row.sender != sender:
            yield from _gaps_of(sender, series)
            sender, series = row.sender, defaultdict(dict)
        if known := numbered(row.code):
            series[known[1], row.year].setdefault(known[0], row)
    yield from _gaps_of(sender, series)


def _gaps_of(sender: str, series: Mapping[tuple[str, int], Mapping[int, NumberRow]]) -> Iterator[Gap]:
    for (notation, year), rows in sorted(series.items()):
        for before, after in pairwise(sorted(rows)):
            if after - before > 1:
                one, other = rows[before], rows[after]
                of = Series(sender, notation, year)
                yield Gap(of, before, after, one.ledger_index, other.ledger_index, other.admitted_at)
