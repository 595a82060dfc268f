"""The registers of Decree 30/2020: on screen, to print on A4 across, and as CSV."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from gateway.exchange import books, desk
from gateway.exchange.acts import export_act, note
from gateway.exchange.books import ROWS_PER_PAGE, Entry, Period
from gateway.http.console.clerk import CLERK, Names, names
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import day_of, official_day
from gateway.http.console.sheets import download, sheet
from gateway.http.faults import fault
from gateway.model.agency import Agency
from gateway.model.calendar import local_day
from gateway.model.reasons import Reason
from gateway.model.words import text

OUTGOING, INCOMING = "outgoing", "incoming"
COLUMNS = {
    OUTGOING: ("code", "day", "title", "signer", "addressees", "keeper", "copies", "sent", "signed", "remark"),
    INCOMING: ("came", "number", "author", "code", "day", "title", "unit", "handed", "signed", "remark"),
}
"""Ten columns each, in the order of annex IV."""
FIRST_YEAR, LAST_YEAR = 2000, 2200
ROWS_PRINTED_MAX = 20_000


async def book(visit: Visit) -> web.Response:
    """A register of one agency, a page at a time, or whole to be printed."""
    agency, outgoing, period = _asked(visit)
    whole = visit.asked("print") == "1"
    limit = ROWS_PRINTED_MAX if whole else ROWS_PER_PAGE + 1
    after = visit.asked("after")[:32]
    found = await books.entries(visit.line, agency.key, outgoing, period, after, limit)
    shown = found if whole else found[:ROWS_PER_PAGE]
    which = OUTGOING if outgoing else INCOMING
    return visit.show(
        "clerk_book.html",
        which=which,
        agency=agency,
        agencies=visit.person.agencies(visit.line.directory)[:500],
        period=period,
        columns=COLUMNS[which],
        rows=[(one, _cells(visit, one, outgoing)) for one in shown],
        more=shown[-1].mark if len(found) > len(shown) else "",
        whole=whole,
    )


async def book_csv(visit: Visit) -> web.Response:
    """The same as a file; that it was taken is in the ledger."""
    agency, outgoing, period = _asked(visit)
    which = OUTGOING if outgoing else INCOMING
    rows: list[Sequence[str]] = [[text(visit.lang, f"console.clerk.book.{name}") for name in COLUMNS[which]]]
    async for one in books.every_entry(visit.line, agency.key, outgoing, period):
        rows.append(_cells(visit, one, outgoing))
    stem = f"{which}-{period.year}" + (f"-{period.month:02d}" if period.month else "")
    content = sheet(rows)
    await note(visit.line, export_act(visit.actor, f"book.{which}", content, visit.line.clock()))
    return download(content, f"{stem}.csv")


def _asked(visit: Visit) -> tuple[Agency, bool, Period]:
    """Which register: without a choice, the first agency's incoming book of this month."""
    own, today = visit.person.agencies(visit.line.directory), local_day(visit.line.clock())
    key = visit.asked("agency") or (own[0].key if own else "")
    agency = desk.agency(visit.line, visit.person, key)
    try:
        year = int(visit.asked("year") or today.year)
        month = int(visit.asked("month") or (0 if visit.asked("year") else today.month))
    except ValueError:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="month") from None
    if not FIRST_YEAR <= year <= LAST_YEAR or not 0 <= month <= 12:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="month")
    return agency, visit.asked("book") == OUTGOING, Period(year, month or None)


def _cells(visit: Visit, one: Entry, outgoing: bool) -> tuple[str, ...]:
    """The ten columns of a line; what only hands can fill is empty."""
    called, came, day = names(visit), day_of(one.admitted_at), official_day(one.written_on)
    title = " ".join(part for part in (one.type_name, one.subject) if part)
    remark = _remark(visit, one)
    if outgoing:
        return (one.code, day, title, one.signer, _all(called, one.addressees), "", one.copies, came, "", remark)
    return (came, str(one.number), called(one.sender), one.code, day, title, "", "", "", remark)


def _all(called: Names, keys: Sequence[str]) -> str:
    return "; ".join(called(key) for key in keys)


def _remark(visit: Visit, one: Entry) -> str:
    """How urgent it is, what kind of packet it was, and what became of it."""
    said = [f"priority.{one.priority}"] if one.priority else []
    said += [f"business.{one.business_type}"] if one.business_type else []
    said += [f"event.{event}" for event in ("refused", "expired", "withdrawn", "status_02") if event in one.events]
    said += ["outcome.done"] if "status_15" in one.events else []
    said += ["book.erased"] if one.erased else []
    return "; ".join(text(visit.lang, f"console.clerk.{word}") for word in said)


PAGES = (
    Page("GET", "/books", "console_books", book, CLERK),
    Page("GET", "/books.csv", "console_books_csv", book_csv, CLERK),
)
