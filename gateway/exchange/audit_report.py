"""An auditor's report on a period: figures counted from ledger entries, what is odd, and how to count them again.

The page is one file without script that loads nothing. A second file states its SHA-256 and is sealed by the gateway,
so that the page stays as a browser reads it and `xmlsec1` verifies the seal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import islice

from jinja2 import Environment, StrictUndefined, Template

from gateway.exchange.anomalies import Anomaly, anomalies
from gateway.ledger import EntryKind
from gateway.ledger.canonical import Element, write
from gateway.ledger.entry import write_instant
from gateway.model.agency import Directory
from gateway.model.calendar import VIET_NAM, Calendar
from gateway.model.words import LANGUAGES, text
from gateway.store.queries import Connection, auditing
from gateway.store.queries.auditing import Span

NAMESPACE = "urn:vn:truc:audit-report:1"
SENDERS_SHOWN_MAX = 50
ODD_SHOWN_MAX = 500

FIGURES: Mapping[str, tuple[EntryKind, ...]] = {
    "accepted": (EntryKind.ACCEPT,),
    "refused": (EntryKind.REFUSE, EntryKind.CONFLICT),
    "delivered": (EntryKind.DELIVER,),
    "acknowledged": (EntryKind.ACKNOWLEDGE,),
    "declined": (EntryKind.DECLINE,),
    "expired": (EntryKind.EXPIRE,),
    "attempts": (EntryKind.ATTEMPT,),
    "statuses": (EntryKind.STATUS,),
    "changes": (EntryKind.CHANGE,),
    "withdrawn": (EntryKind.WITHDRAW,),
    "answers": (EntryKind.ANSWER,),
    "duplicates": (EntryKind.DUPLICATE,),
    "reminders": (EntryKind.REMIND,),
    "settings": (EntryKind.DIRECTORY, EntryKind.PEER, EntryKind.TABLE_PROPOSED, EntryKind.TABLE_APPROVED),
    "keys": (EntryKind.KEY, EntryKind.RULES),
    "people": (EntryKind.LOGIN, EntryKind.OPERATOR, EntryKind.VIEW, EntryKind.EXPORT),
    "retention": (EntryKind.RETENTION,),
}
"""By figure, the kinds of entries that are counted; together they are all there are."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and what was counted."""

    name: str
    count: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """The checkpoint a report rests on."""

    origin: str
    size: int
    root: str
    """Hex."""


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What a report states."""

    origin: str
    size: int
    root: str
    first_day: date
    last_day: date
    made: str
    figures: tuple[Figure, ...]
    senders: tuple[tuple[str, str, int], ...]
    """Key, name and accepted packets of the agencies that sent most."""
    odd: tuple[Anomaly, ...]
    odd_left_out: int
    page_name: str
    seal_name: str


def period_facts(
    connection: Connection,
    calendar: Calendar,
    directory: Directory,
    span: Span,
    days: tuple[date, date],
    signed: Signed,
    page_name: str,
) -> PeriodFacts:
    """What the ledger says of a span of time, as far as it is signed."""
    kinds, senders = Counter[str](), Counter[str]()
    for index, entry in auditing.every_entry(connection):
        if index >= signed.size:
            break
        if span.since <= entry.at < span.until:
            kinds[entry.kind] += 1
            if entry.kind is EntryKind.ACCEPT:
                senders[entry["sender"]] += 1
    found = anomalies(connection, calendar, span)
    odd = tuple(islice(found, ODD_SHOWN_MAX))
    names = {key: agency.name for key in senders if (agency := directory.agency(key))}
    return PeriodFacts(
        origin=signed.origin,
        size=signed.size,
        root=signed.root,
        first_day=days[0],
        last_day=days[1],
        made=span.now.astimezone(VIET_NAM).isoformat(sep=" ", timespec="minutes"),
        figures=tuple(
            Figure(name, sum(kinds[kind] for kind in counted), tuple(kind.value for kind in counted))
            for name, counted in FIGURES.items()
        ),
        senders=tuple((key, names.get(key, ""), count) for key, count in senders.most_common(SENDERS_SHOWN_MAX)),
        odd=odd,
        odd_left_out=sum(1 for _ in found),
        page_name=page_name,
        seal_name=f"{page_name}.seal.xml",
    )


def write_page(facts: PeriodFacts) -> bytes:
    """The page, Vietnamese first."""

    def say(lang: str, key: str, **values: object) -> str:
        return text(lang, f"audit_report.{key}", **{name: str(value) for name, value in values.items()})

    return _template().render(facts=facts, langs=LANGUAGES, say=say).encode()


def write_seal(facts: PeriodFacts, page_sha256: str, at: datetime) -> bytes:
    """What is sealed beside the page, not yet sealed."""
    children = (
        Element("Origin", text=facts.origin),
        Element("Period", {"from": facts.first_day.isoformat(), "until": facts.last_day.isoformat()}),
        Element("Ledger", {"root": facts.root, "size": str(facts.size)}),
        Element("Page", {"name": facts.page_name, "sha256": page_sha256}),
        Element("MadeAt", text=write_instant(at)),
    )
    return write(Element("AuditReport", {"Id": "report", "version": "1"}, children), NAMESPACE)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = files("gateway.exchange").joinpath("audit_report.html")
    return environment.from_string(page.read_text(encoding="utf-8"))
