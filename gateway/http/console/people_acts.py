"""Acts of people: who did what to what, and why, in their own words."""

from __future__ import annotations

from aiohttp import web

from gateway.http.console.page import Page, Visit
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries.operations import acts_before

ROWS = 100


async def acts(visit: Visit) -> web.Response:
    """A page of them, the latest first; of one person where one is named."""
    written, by = visit.asked("before"), visit.asked("by")
    if written and not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise Refused(found(Reason.NOT_FOUND))
    rows = await visit.line.store.read(acts_before, int(written) if written else None, by or None, ROWS)
    return visit.show("auditor_acts.html", rows=rows, by=by, older=rows[-1].ledger_index if len(rows) == ROWS else None)


PAGES = (Page("GET", "/acts", "console_acts", acts, (Role.AUDITOR,)),)
