"""The sealed overview report as a stranger checks it: with the authorities they trust, and a copy of the ledger.

The seal says whose figures these are and of which page. A copy of the ledger, whose entries must hash to the very root
the report names, says whether they are true: they are counted once more from its entries, by rules that are written
down here a second time and need no register.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.deadlines import received_same_day
from gateway.exchange.overview_report import NAMESPACE
from gateway.ledger import NONE, Entry, EntryKind
from gateway.ledger.canonical import Element, NotCanonicalError, read
from gateway.ledger.entry import read_instant
from gateway.model.activity import MEASURES, Measure, Span, refused_as
from gateway.model.calendar import Calendar, local_day
from gateway.model.lifecycle import PROCESSING, Relation
from gateway.trust import TrustStore, verify_countersigned
from gateway.trust.verify import countersigner

UNCOUNTED = Measure.OVERDUE
"""When a receipt was due depends on the urgency of its document, which the register has and the ledger does not."""
_ENDED = {EntryKind.DECLINE, EntryKind.EXPIRE, EntryKind.WITHDRAW}


class NoReportError(Exception):
    """What was sealed is no overview report, or of another page. `fault` is the key of what to say."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Stated:
    """What a report states under its seal."""

    origin: str
    span: Span
    root: bytes
    size: int
    counted: int
    """Entries its figures are counted from."""
    agency: str
    """Whose figures, with everything below it; empty: everybody's."""
    level: str
    totals: dict[Measure, int]
    page_name: str
    made_at: datetime

    @property
    def everybody(self) -> bool:
        return not (self.agency or self.level)


def open_report(page: bytes, seal: bytes, anchors: Sequence[bytes]) -> Stated:
    """What a report states, once its seal holds, its certificate is (or leads to) one of these, and the page is the
    one it speaks of. Refused(seal.*), NoReportError otherwise."""
    certificate = countersigner(seal)
    octets = verify_countersigned(seal, certificate)
    try:
        root = read(octets, NAMESPACE)
        stated, sha256 = _stated(root), root["Page"].need("sha256")
    except (NotCanonicalError, ValueError) as wrong:
        raise NoReportError("form") from wrong
    if certificate not in anchors:
        TrustStore(anchors).verify(certificate, stated.made_at)
    if hashlib.sha256(page).hexdigest() != sha256:
        raise NoReportError("page")
    return stated


def _stated(root: Element) -> Stated:
    span = Span.read(root["Period"].need("span"))
    if span is None or root.name != "OverviewReport":
        raise NotCanonicalError("Period")
    ledger, scope = root["Ledger"], root["Scope"]
    return Stated(
        origin=root["Origin"].text,
        span=span,
        root=bytes.fromhex(ledger.need("root")),
        size=int(ledger.need("size")),
        counted=int(root["Counted"].need("entries")),
        agency=scope.need("agency"),
        level=scope.need("level"),
        totals={measure: int(root["Totals"].need(measure)) for measure in MEASURES},
        page_name=root["Page"].need("name"),
        made_at=read_instant(root["MadeAt"].text),
    )


def count_again(entries: Callable[[], Iterable[Entry]], span: Span, calendar: Calendar) -> dict[Measure, int]:
    """Everybody's figures of a period but `UNCOUNTED`, from entries that are gone through twice."""
    moved = {one["dispatch"] for one in entries() if one.kind in {EntryKind.STATUS, EntryKind.CHANGE}}
    count = _Count(frozenset(span.months), calendar, moved)
    for one in entries():
        count.entry(one)
    return {measure: count.found[measure] for measure in MEASURES if measure is not UNCOUNTED}


class _Count:
    def __init__(self, months: frozenset[str], calendar: Calendar, moved: set[str]) -> None:
        """`moved`: packets that say something of a document, and are none."""
        self._months, self._calendar, self._moved = months, calendar, moved
        self.found: Counter[Measure] = Counter()
        self._admitted: dict[str, datetime] = {}
        self._open: dict[tuple[str, str], bool] = {}
        """Receipts not told yet, by dispatch and addressee: whether the document was received."""
        self._recalled: set[str] = set()

    def entry(self, one: Entry) -> None:
        match one.kind:
            case EntryKind.ACCEPT if one["dispatch"] not in self._moved:
                self._admitted[one["dispatch"]] = one.at
                self._open |= {(one["dispatch"], addressee): False for addressee in one["addressees"].split()}
                self._add(Measure.SENT, one.at)
                if one["seal_certificate"] != NONE:
                    self._add(Measure.SIGNED, one.at)
            case EntryKind.REFUSE:
                self._add(refused_as(one["reason"]), one.at)
            case EntryKind.CHANGE if one["relation"] == Relation.RECALLS and one["target"] in self._admitted:
                if one["target"] not in self._recalled:
                    self._add(Measure.RECALLED, self._admitted[one["target"]])
                self._recalled.add(one["target"])
            case EntryKind.DELIVER:
                self._received((one["dispatch"], one["addressee"]))
            case EntryKind.ACKNOWLEDGE:
                self._told((one["dispatch"], one["addressee"]), one.at)
            case EntryKind.STATUS if one["delivery"] != NONE and one["code"] in PROCESSING:
                self._told((one["target"], one["agency"]), one.at)
            case kind if kind in _ENDED:
                self._open.pop((one["dispatch"], one["addressee"]), None)

    def _received(self, which: tuple[str, str]) -> None:
        if self._open.get(which) is False:
            self._add(Measure.RECEIVED, self._admitted[which[0]])
            self._open[which] = True

    def _told(self, which: tuple[str, str], at: datetime) -> None:
        if which not in self._open:
            return
        self._received(which)
        admitted_at = self._admitted[which[0]]
        if received_same_day(at, admitted_at, self._calendar):
            self._add(Measure.SAME_DAY, admitted_at)
        del self._open[which]

    def _add(self, measure: Measure, at: datetime) -> None:
        if f"{local_day(at):%Y-%m}" in self._months:
            self.found[measure] += 1
