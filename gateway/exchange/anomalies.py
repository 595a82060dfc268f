"""What an auditor should look at: nothing here is proof of a fault, each says what is odd and which entries show it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from gateway.ledger import NONE, Entry, EntryKind
from gateway.model.calendar import VIET_NAM, Calendar, local_day
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.store.queries import Connection
from gateway.store.queries import auditing as reading
from gateway.store.queries.auditing import NumberRow, Span

REFUSALS_AN_HOUR_MAX = 20
CLOCK_BACK_MAX = timedelta(seconds=60)
"""Entries are made before their transaction: under load one may overtake another by seconds, not by minutes."""
INDEXES_SHOWN_MAX = 20
_AGENCIES = {"sender", "addressee", "agency"}
"""Values that are keys of agencies."""
_NUMBER = re.compile(r"0*([0-9]{1,7})[/-]?(.*)", re.DOTALL)
_FINDING = re.compile(rb'<Finding reason="([a-z0-9_.]+)"')


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
    values: dict[str, str] = field(default_factory=dict)

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


def anomalies(connection: Connection, calendar: Calendar, span: Span) -> Iterator[Anomaly]:
    """Everything odd in a span of time, kind after kind."""
    for kind, rows in (
        (AnomalyKind.NEVER_DELIVERED, reading.never_delivered),
        (AnomalyKind.NEVER_ACKNOWLEDGED, reading.never_acknowledged),
        (AnomalyKind.RECALLED_AFTER_OPENING, reading.recalled_after_opening),
    ):
        for row in rows(connection, span):
            yield Anomaly(kind, row.indexes, {"dispatch": row.dispatch_id, "addressee": row.addressee})
    yield from _expired(connection, span)
    yield from _gaps(connection, span)
    watch = _Watch(calendar, span)
    for index, entry in reading.every_entry(connection):
        yield from watch.see(index, entry)
    yield from watch.summed_up()


def _expired(connection: Connection, span: Span) -> Iterator[Anomaly]:
    """Admitted although a certificate had expired when it signed: the receipt's findings say so."""
    for row in reading.receipts(connection, span):
        found = {one.decode() for one in _FINDING.findall(row.receipt_xml)}
        for reason in sorted(found & _EXPIRED):
            values = {"dispatch": row.dispatch_id, "sender": row.sender, "reason": reason}
            yield Anomaly(AnomalyKind.EXPIRED_CERTIFICATE, (row.ledger_index,), values)


_EXPIRED = {str(Reason.SEAL_CERTIFICATE_VALIDITY), str(Reason.PDF_CERTIFICATE_VALIDITY)}


def _gaps(connection: Connection, span: Span) -> Iterator[Anomaly]:
    """Numbers an agency passed over in a year, by notation: their documents went another way, or nowhere."""
    sender, series = "", defaultdict[tuple[str, int], dict[int, int]](dict)
    for row in reading.numbers(connection, span):
        if row.sender != sender:
            yield from _gaps_of(sender, series)
            sender, series = row.sender, defaultdict(dict)
        _note_number(series, row)
    yield from _gaps_of(sender, series)


def _note_number(series: defaultdict[tuple[str, int], dict[int, int]], row: NumberRow) -> None:
    parts = _NUMBER.fullmatch(row.code)
    if parts is not None:
        series[parts[2], row.year].setdefault(int(parts[1]), row.ledger_index)


def _gaps_of(sender: str, series: dict[tuple[str, int], dict[int, int]]) -> Iterator[Anomaly]:
    for (notation, year), numbers in sorted(series.items()):
        known = sorted(numbers)
        for before, after in pairwise(known):
            if after - before > 1:
                missing = f"{before + 1}" if after - before == 2 else f"{before + 1}–{after - 1}"
                values = {"sender": sender, "year": str(year), "missing": missing, "notation": notation}
                yield Anomaly(AnomalyKind.NUMBERING_GAP, (numbers[before], numbers[after]), values)


class _Watch:
    """Looks at the ledger entry by entry."""

    def __init__(self, calendar: Calendar, span: Span) -> None:
        self._calendar, self._span = calendar, span
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._refusals: defaultdict[tuple[str, datetime], list[int]] = defaultdict(list)
        self._odd: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    def see(self, index: int, entry: Entry) -> Iterator[Anomaly]:
        """What an entry shows by itself, or beside those before it."""
        back, self._latest = self._latest - entry.at, max(self._latest, entry.at)
        if not self._span.since <= entry.at < self._span.until:
            return
        if back > CLOCK_BACK_MAX:
            values = {"seconds": str(round(back.total_seconds()))}
            yield Anomaly(AnomalyKind.CLOCK_BACK, (index,), values)
        if entry.kind is EntryKind.STATUS and entry["delivery"] == NONE:
            values = {"agency": entry["agency"], "code": entry["code"], "dispatch": entry["dispatch"]}
            yield Anomaly(AnomalyKind.UNMATCHED_STATUS, (index,), values)
        if entry.kind is EntryKind.REFUSE:
            hour = entry.at.replace(minute=0, second=0, microsecond=0)
            self._refusals[entry["peer"], hour].append(index)
            if entry["reason"] in _EXPIRED:
                values = {"peer": entry["peer"], "reason": entry["reason"]}
                yield Anomaly(AnomalyKind.EXPIRED_REFUSED, (index,), values)
        if entry.kind is EntryKind.ACCEPT and not self._worked(entry.at):
            self._odd[entry["sender"], local_day(entry.at).isoformat()].append(index)

    def summed_up(self) -> Iterator[Anomaly]:
        """What only many entries together show."""
        for (peer, hour), indexes in self._refusals.items():
            if len(indexes) > REFUSALS_AN_HOUR_MAX:
                at = hour.astimezone(VIET_NAM).isoformat(sep=" ", timespec="minutes")
                values = {"peer": peer, "count": str(len(indexes)), "hour": at}
                yield Anomaly(AnomalyKind.MANY_REFUSALS, tuple(indexes[:INDEXES_SHOWN_MAX]), values)
        for (sender, day), indexes in self._odd.items():
            values = {"sender": sender, "day": day, "count": str(len(indexes))}
            yield Anomaly(AnomalyKind.ODD_HOURS, tuple(indexes[:INDEXES_SHOWN_MAX]), values)

    def _worked(self, at: datetime) -> bool:
        local = at.astimezone(VIET_NAM)
        if not self._calendar.is_working_day(local.date()):
            return False
        return self._calendar.hours[0][0] <= local.time() <= self._calendar.hours[-1][1]
