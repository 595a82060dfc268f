"""The overview as a report on paper: one page that loads nothing, and beside it a seal that states its digest.

It rests on entries of the ledger that stand under a signed checkpoint, all of them counted, and names the command that
counts them again.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from gateway.exchange.activity import count
from gateway.exchange.charts import bars
from gateway.exchange.line import Line
from gateway.exchange.overview import Figures, Overview, Scope, by_level, overview
from gateway.ledger import Checkpoint, open_checkpoint
from gateway.ledger.canonical import Element, write
from gateway.ledger.entry import write_instant
from gateway.model.activity import MEASURES, Level, Measure, Span
from gateway.model.calendar import VIET_NAM
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.model.words import text
from gateway.store import queries
from gateway.trust import countersign

NAMESPACE = "urn:vn:truc:overview-report:1"
AGENCIES_SHOWN_MAX = 500
ROUNDS_MAX = 40
"""Stretches of entries that are counted while somebody waits for the report."""
SIGNED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class OverviewReport:
    """A report: a page for people, and what seals it."""

    page: bytes
    page_name: str
    seal: bytes
    seal_name: str

    @property
    def sha256(self) -> str:
        """Of the page, lower-case hex."""
        return hashlib.sha256(self.page).hexdigest()


@dataclass(frozen=True, slots=True)
class _Facts:
    seen: Overview
    scope: Scope
    signed: Checkpoint
    made_at: datetime
    levels: tuple[tuple[Level, int, Figures], ...]
    names: dict[str, str]
    page_name: str
    person: str

    @property
    def recount(self) -> str:
        """The command that finds the same figures."""
        span, agency, level = self.seen.span, self.scope.agency, self.scope.level
        parts = ["gateway overview recount", f"--period {span.written}"]
        parts += [f"--agency {agency.key}"] if agency else []
        parts += [f"--level {level}"] if level else []
        return " ".join([*parts, f"--entries {self.seen.counted_to}", f"--at {write_instant(self.made_at)}"])


async def report(line: Line, span: Span, scope: Scope, page_name: str, person: str, lang: str) -> OverviewReport:
    """Make and seal a report. Unavailable while what it rests on is not counted or not signed."""
    await _count_all(line)
    seen, at = await overview(line, span, scope), line.clock()
    known = ((key, line.directory.agency(key)) for key, _ in seen.agencies)
    facts = _Facts(
        seen=seen,
        scope=scope,
        signed=await _signed(line, seen.counted_to),
        made_at=at,
        levels=by_level(seen, line.directory),
        names={key: agency.name for key, agency in known if agency},
        page_name=page_name,
        person=person,
    )
    page = _page(facts, lang)
    unsealed = _unsealed(facts, hashlib.sha256(page).hexdigest())
    return OverviewReport(page, page_name, countersign(unsealed, line.signer, at), f"{page_name}.seal.xml")


async def _count_all(line: Line) -> None:
    for _ in range(ROUNDS_MAX):
        if not await count(line):
            return
    raise Unavailable(Reason.OVERLOADED, retry_after_s=60, cause="the ledger is not counted yet")


async def _signed(line: Line, size: int) -> Checkpoint:
    """A checkpoint over so many entries at the least."""
    try:
        async with asyncio.timeout(SIGNED_WITHIN_S):
            while True:
                latest = await line.store.read(queries.checkpoint)
                if latest is not None and latest.size >= size:
                    return open_checkpoint(bytes(latest.note), line.notary.key)
                await asyncio.sleep(line.rules.poll_s)
    except TimeoutError:
        raise Unavailable(Reason.LEDGER_UNAVAILABLE, retry_after_s=60, cause=f"{size} entries unsigned") from None


def _page(facts: _Facts, lang: str) -> bytes:
    def say(key: str, **values: object) -> str:
        return text(lang, f"overview_report.{key}", **{name: str(value) for name, value in values.items()})

    def word(key: str, **values: object) -> str:
        return text(lang, f"console.overview.{key}", **{name: str(value) for name, value in values.items()})

    def number(value: int) -> str:
        return f"{value:,}".replace(",", "." if lang == "vi" else ",")

    def share(figures: Figures, part: str, whole: str) -> str:
        found = figures.share(part, whole)
        point = "," if lang == "vi" else "."
        return "–" if found is None else f"{found * 100:.1f}%".replace(".", point)

    made = facts.made_at.astimezone(VIET_NAM)
    chart = bars([(figures["sent"], figures["received"]) for _, figures in facts.seen.trend])
    return (
        _template()
        .render(
            facts=facts,
            seen=facts.seen,
            span=facts.seen.span,
            lang=lang,
            say=say,
            word=word,
            number=number,
            share=share,
            chart=chart,
            made=text(lang, "console.moment", day=f"{made:%d/%m/%Y}", time=f"{made:%H:%M}"),
            measures=MEASURES,
            shares={Measure.SIGNED: Measure.SENT, Measure.SAME_DAY: Measure.RECEIVED, Measure.RECALLED: Measure.SENT},
            ranked=facts.seen.agencies[:AGENCIES_SHOWN_MAX],
        )
        .encode()
    )


def _unsealed(facts: _Facts, page_sha256: str) -> bytes:
    """What is sealed beside the page: what it rests on, its totals, its digest."""
    seen = facts.seen
    totals = {measure.value: str(seen.total[measure]) for measure in MEASURES}
    totals |= {"active": str(seen.active), "connected": str(seen.connected)}
    children = (
        Element("Origin", text=facts.signed.origin),
        Element("Period", {"span": seen.span.written}),
        Element("Ledger", {"root": facts.signed.root.hex(), "size": str(facts.signed.size)}),
        Element("Counted", {"entries": str(seen.counted_to)}),
        Element(
            "Scope",
            {"agency": facts.scope.agency.key if facts.scope.agency else "", "level": facts.scope.level or ""},
        ),
        Element("Totals", totals),
        Element("Page", {"name": facts.page_name, "sha256": page_sha256}),
        Element("MadeAt", text=write_instant(facts.made_at)),
    )
    return write(Element("OverviewReport", {"Id": "report", "version": "1"}, children), NAMESPACE)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = files("gateway.exchange").joinpath("overview_report.html")
    return environment.from_string(page.read_text(encoding="utf-8"))
