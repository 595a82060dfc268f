"""The overview: the figures of every agency for those who steer, as a page, as CSV, and on paper."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zipfile import ZIP_DEFLATED, ZipFile

from aiohttp import web

from gateway.exchange.acts import export_act, note
from gateway.exchange.charts import bars
from gateway.exchange.overview import Figures, Overview, Scope, by_level, overview
from gateway.exchange.overview_report import report
from gateway.http.console.page import Page, Visit
from gateway.http.console.sheets import download, sheet
from gateway.model.activity import MEASURES, Length, Level, Measure, Span
from gateway.model.calendar import local_day
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.words import text

AGENCIES_SHOWN = 50
OFFERED = {Length.MONTH: 12, Length.QUARTER: 8, Length.YEAR: 4}
"""How many periods back one may choose from a list; links lead further."""
BEHIND = 1_000
"""Entries not counted yet that are worth saying so: fewer are the work of a second."""
BAD = {Measure.REFUSED_FORM, Measure.REFUSED_AUTHORITY, Measure.REFUSED_OTHER, Measure.OVERDUE}
"""Figures somebody has to do something about where they are not 0."""
SHARES = {
    Measure.SIGNED: Measure.SENT,
    Measure.RECALLED: Measure.SENT,
    Measure.SAME_DAY: Measure.RECEIVED,
}
"""Figures that say most as a share of another."""
ENTRIES = {
    Measure.SENT: "accept",
    Measure.SIGNED: "accept",
    Measure.RECEIVED: "deliver, acknowledge, status",
    Measure.SAME_DAY: "acknowledge, status",
    Measure.REFUSED_FORM: "refuse",
    Measure.REFUSED_AUTHORITY: "refuse",
    Measure.REFUSED_OTHER: "refuse",
    Measure.RECALLED: "change",
    Measure.OVERDUE: "accept, acknowledge, status, decline, expire, withdraw",
}
"""The kinds of ledger entries a figure is counted from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see."""

    span: Span
    scope: Scope
    order: Measure | None
    """What agencies are ranked by; None: documents sent and received together."""

    def query(self, span: Span | None = None, order: Measure | None = None) -> str:
        """The same with another period or order, as a query."""
        ranked, agency, level = order or self.order, self.scope.agency, self.scope.level
        parts = [f"period={(span or self.span).written}"]
        parts += [f"agency={agency.key}"] if agency else []
        parts += [f"level={level}"] if level else []
        parts += [f"order={ranked}"] if ranked else []
        return "&".join(parts)


async def page(visit: Visit) -> web.Response:
    """Figures, trend, levels and ranking of one period."""
    asked = _asked(visit)
    seen = await overview(visit.line, asked.span, asked.scope)
    today = local_day(visit.line.clock())
    middle = max(asked.span.first_day, min(asked.span.last_day, today))
    return visit.show(
        "overview.html",
        asked=asked,
        seen=seen,
        now=visit.line.clock(),
        measures=MEASURES,
        bad=BAD,
        shares=SHARES,
        entries=ENTRIES,
        levels=Level,
        by_level=by_level(seen, visit.line.directory),
        ranked=_ranked(seen, asked.order)[:AGENCIES_SHOWN],
        chart=bars([(figures["sent"], figures["received"]) for _, figures in seen.trend]),
        offered={length: _offered(length, today) for length in Length},
        named={length: Span.around(length, middle) for length in Length},
        over=asked.span.last_day < today,
        behind=seen.ledger_size - seen.counted_to > BEHIND,
        name=lambda key: _name(visit, key),
    )


async def printed(visit: Visit) -> web.Response:
    """The report on paper and its seal, in one archive; the ledger knows who took it, and which page."""
    asked = _asked(visit)
    name = f"tinh-hinh-{asked.span.written}"
    one = await report(visit.line, asked.span, asked.scope, f"{name}.html", visit.person.name, visit.lang)
    await note(visit.line, export_act(visit.actor, "overview_report", one.page, visit.line.clock()))
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr(one.page_name, one.page)
        archive.writestr(one.seal_name, one.seal)
        archive.writestr("seal.pem", ssl.DER_cert_to_PEM_cert(visit.line.signer.certificate_der))
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return web.Response(body=packed.getvalue(), content_type="application/zip", headers=headers)


async def export(visit: Visit) -> web.Response:
    """Every agency's figures of the period as CSV; the ledger knows who took it."""
    asked = _asked(visit)
    seen = await overview(visit.line, asked.span, asked.scope)
    content = sheet(_rows(visit, seen, asked))
    await note(visit.line, export_act(visit.actor, "overview", content, visit.line.clock()))
    return download(content, f"tinh-hinh-{asked.span.written}.csv")


def _asked(visit: Visit) -> Asked:
    """Refused(request.not_found) for a period, an agency, a level or an order that there is not."""
    written = {name: visit.form.get(name, visit.asked(name)).strip() for name in ("period", "agency", "level", "order")}
    today = local_day(visit.line.clock())
    span = Span.read(written["period"]) if written["period"] else Span.around(Length.MONTH, today)
    agency = visit.line.directory.agency(written["agency"]) if written["agency"] else None
    try:
        level = Level(written["level"]) if written["level"] else None
        order = Measure(written["order"]) if written["order"] else None
    except ValueError as wrong:
        raise Refused(found(Reason.NOT_FOUND)) from wrong
    if span is None or (written["agency"] and agency is None):
        raise Refused(found(Reason.NOT_FOUND))
    return Asked(span, Scope(agency, level), order)


def _ranked(seen: Overview, order: Measure | None) -> tuple[tuple[str, Figures], ...]:
    """The most active first, or whoever has most of one figure."""
    if order is None:
        return seen.agencies
    return tuple(sorted(seen.agencies, key=lambda one: -one[1][order]))


def _rows(visit: Visit, seen: Overview, asked: Asked) -> Iterator[list[str | int]]:
    words = [text(visit.lang, f"console.overview.measure.{one}") for one in MEASURES]
    yield [text(visit.lang, "console.overview.column.key"), text(visit.lang, "console.overview.column.agency"), *words]
    for key, figures in _ranked(seen, asked.order):
        yield [key, _name(visit, key), *figures.counts]
    yield ["", text(visit.lang, "console.overview.total"), *seen.total.counts]


def _name(visit: Visit, key: str) -> str:
    agency = visit.line.directory.agency(key)
    return agency.name if agency else key or text(visit.lang, "console.overview.nobody")


def _offered(length: Length, today: date) -> tuple[Span, ...]:
    latest = Span.around(length, today)
    return tuple(latest.beside(-step) for step in range(OFFERED[length]))


PAGES = (
    Page("GET", "/overview", "console_overview", page, (Role.STEERING,)),
    Page("POST", "/overview/export", "console_overview_export", export, (Role.STEERING,)),
    Page("POST", "/overview/report", "console_overview_report", printed, (Role.STEERING,)),
)
WAYS = (("/overview", "overview"), ("/flow", "flow"))
