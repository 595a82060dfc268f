"""What agencies did, counted while the ledger grows: a task that follows it and keeps sums for those who steer.

The ledger says what happened; the register says which dispatches are documents and how urgent. Every stretch is counted
in one transaction with the place it ends at, so a figure is neither lost nor counted twice. An overdue receipt is
counted when its deadline is seen to pass, and taken out again where an entry made in time was committed only after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.deadlines import receipt_deadline, received_same_day
from gateway.exchange.entries import read_entries
from gateway.exchange.line import Line
from gateway.exchange.rounds import UNHURRIED_S, rounds
from gateway.ledger import NONE, Entry, EntryKind
from gateway.model.activity import MEASURES, Measure, refused_as, rows_of
from gateway.model.agency import Directory
from gateway.model.calendar import local_day
from gateway.model.lifecycle import PROCESSING, Relation
from gateway.store import queries
from gateway.store.activity import CountActivity, OwedReceipt
from gateway.store.queries import activity
from gateway.store.queries.activity import NewDocument

ENTRIES_PER_ROUND = 5_000
NOBODY = ""
"""Whose figures the refusals of a peer are that speaks for no agency."""

_ENDED = {EntryKind.DECLINE, EntryKind.EXPIRE, EntryKind.WITHDRAW}
_OF_DELIVERY = _ENDED | {EntryKind.DELIVER, EntryKind.ACKNOWLEDGE}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries that are not counted yet, and what is known of the dispatches they speak of."""

    after_round: int
    next_index: int
    entries: tuple[Entry, ...]
    documents: Mapping[str, NewDocument]
    first_recalls: Mapping[str, str]
    owed: Mapping[tuple[str, str], OwedReceipt]
    late: tuple[OwedReceipt, ...] = ()
    """Receipts whose deadline has passed; looked for only where there was nothing else to count."""


async def run(line: Line) -> None:
    """Count until cancelled."""

    async def once() -> bool:
        return await count(line)

    await rounds(line, bell.LEDGER, once, UNHURRIED_S)


async def count(line: Line) -> bool:
    """Count one stretch. False where there was nothing to count."""
    stretch = await line.store.read(read_stretch, line.clock())
    if not (stretch.entries or stretch.late):
        return False
    return await line.store.write(Tally(line, stretch).counted())


def read_stretch(connection: queries.Connection, now: datetime) -> Stretch:
    """The next entries to count, with what is known of them."""
    since = activity.counted(connection)
    read = read_facts(connection, since.next_index, ENTRIES_PER_ROUND, {})
    owed = activity.receipts_owed(connection, {one for entry in read.entries for one in _spoken_of(entry)})
    late = () if read.entries else activity.receipts_late(connection, now, ENTRIES_PER_ROUND)
    return replace(read, after_round=since.round, owed=owed, late=late)


def read_facts(
    connection: queries.Connection, start: int, count: int, owed: Mapping[tuple[str, str], OwedReceipt]
) -> Stretch:
    """Entries from index `start` on, at most so many, with what the register knows of what they speak of; `owed`: the
    receipts owed before them."""
    entries = tuple(read_entries(queries.entries(connection, start, count), start))
    ids = {spoken_of for entry in entries for spoken_of in _spoken_of(entry)}
    targets = {entry["target"] for entry in entries if entry.kind is EntryKind.CHANGE}
    documents = activity.new_documents(connection, ids)
    return Stretch(0, start + len(entries), entries, documents, activity.first_recalls(connection, targets), owed)


def _spoken_of(entry: Entry) -> Iterable[str]:
    if entry.kind in _OF_DELIVERY or entry.kind is EntryKind.ACCEPT:
        yield entry["dispatch"]
    elif entry.kind in {EntryKind.STATUS, EntryKind.CHANGE} and entry["target"] != NONE:
        yield entry["target"]


@dataclass
class Tally:
    """The count of one stretch."""

    line: Line
    stretch: Stretch
    added: defaultdict[tuple[str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES))
    )
    owed: dict[tuple[str, str], OwedReceipt] = field(default_factory=dict)
    """As it stands after the entries counted so far."""
    settled: set[tuple[str, str]] = field(default_factory=set)

    def counted(self) -> CountActivity:
        """Count, and give what is to be written."""
        before = {**self.stretch.owed, **{(one.dispatch_id, one.addressee): one for one in self.stretch.late}}
        self.owed |= before
        for entry in self.stretch.entries:
            self._entry(entry)
        for one in self.stretch.late:
            self._put(replace(one, late=True))
            self._add(Measure.OVERDUE, one.addressee, one.admitted_at)
        return CountActivity(
            self.stretch.after_round,
            self.stretch.next_index,
            {where: tuple(counts) for where, counts in self.added.items()},
            opened=[one for key, one in self.owed.items() if key not in before],
            changed=[one for key, one in self.owed.items() if key in before and one != before[key]],
            settled=[before[key] for key in self.settled if key in before],
        )

    def _entry(self, entry: Entry) -> None:
        match entry.kind:
            case EntryKind.ACCEPT:
                self._accepted(entry)
            case EntryKind.REFUSE:
                self._add(refused_as(entry["reason"]), _agency_of(self.line.directory, entry["peer"]), entry.at)
            case EntryKind.CHANGE if entry["relation"] == Relation.RECALLS:
                document = self.stretch.documents.get(entry["target"])
                if document and self.stretch.first_recalls.get(entry["target"]) == entry["dispatch"]:
                    self._add(Measure.RECALLED, document.sender, document.admitted_at)
            case EntryKind.DELIVER | EntryKind.ACKNOWLEDGE:
                self._has_it(entry["dispatch"], entry["addressee"], entry.at, told=entry.kind is EntryKind.ACKNOWLEDGE)
            case EntryKind.STATUS if entry["delivery"] != NONE and entry["code"] in PROCESSING:
                self._has_it(entry["target"], entry["agency"], entry.at, told=True)
            case kind if kind in _ENDED:
                if owed := self.owed.get((entry["dispatch"], entry["addressee"])):
                    self._settle(owed, entry.at)

    def _accepted(self, entry: Entry) -> None:
        document = self.stretch.documents.get(entry["dispatch"])
        if document is None:
            return
        line, at = self.line, document.admitted_at
        self._add(Measure.SENT, document.sender, at)
        if entry["seal_certificate"] != NONE:
            self._add(Measure.SIGNED, document.sender, at)
        deadline = receipt_deadline(line.calendar, line.deadlines, at, document.priority)
        for addressee in dict.fromkeys(entry["addressees"].split()):
            self._put(OwedReceipt(entry["dispatch"], addressee, at, deadline))

    def _has_it(self, dispatch_id: str, addressee: str, at: datetime, *, told: bool) -> None:
        """The addressee's system has the document, and perhaps told its receipt. What was settled before is known."""
        owed = self.owed.get((dispatch_id, addressee))
        if owed is None:
            return
        if not owed.received:
            self._add(Measure.RECEIVED, addressee, owed.admitted_at)
            owed = self._put(replace(owed, received=True))
        if told:
            if received_same_day(at, owed.admitted_at, self.line.calendar):
                self._add(Measure.SAME_DAY, addressee, owed.admitted_at)
            self._settle(owed, at)

    def _settle(self, owed: OwedReceipt, at: datetime) -> None:
        """Nothing more is owed since `at`."""
        late = at > owed.deadline_at
        if late != owed.late:
            self._add(Measure.OVERDUE, owed.addressee, owed.admitted_at, 1 if late else -1)
        key = (owed.dispatch_id, owed.addressee)
        del self.owed[key]
        self.settled.add(key)

    def _put(self, owed: OwedReceipt) -> OwedReceipt:
        self.owed[owed.dispatch_id, owed.addressee] = owed
        return owed

    def _add(self, measure: Measure, agency: str, at: datetime, count: int = 1) -> None:
        for span in rows_of(local_day(at)):
            self.added[span, agency][MEASURES.index(measure)] += count


def _agency_of(directory: Directory, peer: str) -> str:
    """The agency a peer's refusals are counted for: the first it speaks for."""
    known = directory.peer(peer)
    return known.grants[0].agency if known and known.grants else NOBODY
