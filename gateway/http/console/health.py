"""Health at a glance: what needs the operator's hand, what waits for whom, how far the ledger is, what runs out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from aiohttp import web
from cryptography import x509

from gateway.exchange.line import Line
from gateway.exchange.overview import Figures
from gateway.http.console.page import Page, Visit
from gateway.http.console.threshold import AGAIN
from gateway.http.health import ADVISORY, dependencies
from gateway.model.calendar import local_day
from gateway.model.dispatch import made_at
from gateway.model.person import Role
from gateway.model.words import text
from gateway.store import queries
from gateway.store.queries.activity import figures_by_span
from gateway.store.queries.operations import Queue, queues

EVERY_S = 60
"""Without scripts, who asks for it has the page loaded again so often."""
QUEUES_SHOWN = 25
REASONS_SHOWN = 8
SOON = timedelta(days=45)
"""A certificate that ends within it needs a successor now: issuing one takes weeks."""
RATES_DAYS = (1, 7)
LATE = timedelta(hours=1)
"""Who has not fetched for so long is shown as late."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate and when it ends."""

    what: str
    """`gateway`, `authority`, or the key of an agency."""
    subject: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk the store writes to."""

    folder: str
    free_bytes: int
    total_bytes: int


async def health(visit: Visit) -> web.Response:
    """The page an operator leaves open."""
    line, now = visit.line, visit.line.clock()
    waiting = await line.store.read(queues)
    head = await line.store.read(queries.ledger_head)
    states = await dependencies(line)
    figures = visit.doors.metrics.figures()
    return visit.show(
        "operator_health.html",
        now=now,
        by_itself=AGAIN in visit.request.query,
        again=AGAIN,
        every_s=EVERY_S,
        states=states,
        advisory=ADVISORY,
        broken=sorted(name for name, good in states.items() if not good),
        queues=[(one, _waited(one, now)) for one in waiting[:QUEUES_SHOWN]],
        queues_more=max(0, len(waiting) - QUEUES_SHOWN),
        sums={name: sum(getattr(one, name) for one in waiting) for name in ("queued", "unanswered", "held")},
        oldest=max((_waited(one, now) for one in waiting), default=timedelta(0)),
        late=LATE,
        head=head,
        lag=timedelta(0) if line.state.unsealed_since is None else now - line.state.unsealed_since,
        figures=figures,
        rates=await line.store.read(_rates, local_day(now)),
        reasons=[
            (text(visit.lang, f"reason.{reason}.title"), reason, count)
            for reason, count in figures.refused[:REASONS_SHOWN]
        ],
        endings=endings(line, now),
        disks=disks(line),
        disk_floor_bytes=line.disk_free_bytes_min,
        witnesses=line.keeping.standing,
        stamps=line.state.stamps,
        concerns=line.state.concerns,
    )


@dataclass(frozen=True, slots=True)
class Rate:
    """What came in over some days, and how much of it was refused or not received in time."""

    days: int
    sent: int
    refused: int
    overdue: int

    @property
    def share(self) -> float:
        """Of all that came, the part that was refused: 0 to 1."""
        return self.refused / (self.sent + self.refused) if self.sent + self.refused else 0.0


def _rates(connection: queries.Connection, today: date) -> tuple[Rate, ...]:
    """Of today, and of the last seven days."""
    days = [(today - timedelta(days=back)).isoformat() for back in range(max(RATES_DAYS))]
    by_day = figures_by_span(connection, days, None)
    sums = [
        (count, sum((Figures(by_day[day]) for day in days[:count] if day in by_day), Figures())) for count in RATES_DAYS
    ]
    return tuple(
        Rate(count, one["sent"], one["refused_form"] + one["refused_authority"] + one["refused_other"], one["overdue"])
        for count, one in sums
    )


def _waited(one: Queue, now: datetime) -> timedelta:
    return timedelta(0) if one.oldest is None else max(timedelta(0), now - made_at(one.oldest))


def endings(line: Line, now: datetime) -> tuple[Ending, ...]:
    """Certificates that end soon, or ended already, the first first: the gateway's own, those of the authorities it
    trusts, and those agencies seal with."""
    held = [("gateway", line.signer.certificate_der), *(("authority", der) for der in line.trust.authorities)]
    held += [(one.key, der) for one in line.directory.agencies for der in one.certificates]
    found = (Ending(what, *_ends(der)) for what, der in held)
    return tuple(sorted((one for one in found if one.ends_at - now <= SOON), key=lambda one: one.ends_at))


@lru_cache(maxsize=65_536)
def _ends(der: bytes) -> tuple[str, datetime]:
    """Whose certificate it is and when it ends: read once, a country has tens of thousands."""
    certificate = x509.load_der_x509_certificate(der)
    return certificate.subject.rfc4514_string(), certificate.not_valid_after_utc


def disks(line: Line) -> tuple[Disk, ...]:
    """The disks of this machine the store writes to."""
    return tuple(
        Disk(str(folder), usage.free, usage.total)
        for folder in line.store.folders
        for usage in (shutil.disk_usage(folder),)
    )


PAGES = (Page("GET", "/health", "console_health", health, (Role.OPERATOR,)),)
