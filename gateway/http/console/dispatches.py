"""Dispatches for an auditor: everything about their events and evidence; what they say only for a recorded reason."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from aiohttp import web

from gateway.exchange import evidence, lifecycle
from gateway.exchange.acts import note, view_act
from gateway.exchange.line import SALT_BYTES
from gateway.exchange.operating import REASON_CHARS_MAX, reason_given
from gateway.exchange.proving import prove_seen
from gateway.exchange.register import indexes_of
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.ledger import MEDIA_TYPE
from gateway.model.dispatch import Dispatch, new_id
from gateway.model.packet import Document
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.queries.operations import acts_on
from gateway.store.queries.traces import traces_named, traces_of

ROWS_MAX = 100


async def dispatches(visit: Visit) -> web.Response:
    """Search by an identifier, or an agency and a period."""
    line, named, written = visit.line, visit.asked("id"), visit.asked("agency")
    agency = line.directory.agency(written) if written else None
    today = line.clock().astimezone(VIET_NAM).date().isoformat()
    since, until = visit.asked("since") or today, visit.asked("until") or today
    if named:
        rows = await line.store.read(traces_named, named, ROWS_MAX)
    elif written and agency is None:
        rows = ()
    else:
        period = _first(since, 0), _first(until, 1)
        rows = await line.store.read(traces_of, agency.key if agency else "", *period, ROWS_MAX)
    return visit.show(
        "auditor_dispatches.html", rows=rows, named=named, agency=written, since=since, until=until, most=ROWS_MAX
    )


def _first(written: str, days_later: int) -> str:
    """The smallest identifier of a day in Viet Nam. Refused(request.malformed) for what is no day."""
    try:
        day = datetime.combine(datetime.fromisoformat(written).date() + timedelta(days=days_later), time(), VIET_NAM)
        return new_id(int(day.timestamp() * 1000), bytes(10))
    except (ValueError, OverflowError) as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_day")) from wrong


async def dispatch(visit: Visit) -> web.Response:
    """Its events and its evidence; nothing it says."""
    return await _show(visit, await _seen(visit))


async def content(visit: Visit) -> web.Response:
    """What it says, for a reason that is in the ledger before anything is shown. Loading the page again is another
    look, and asks again."""
    seen = await _seen(visit)
    await _record_view(visit, seen, "content")
    packet = await visit.line.store.read(queries.packet, seen.id)
    said = lifecycle.read(visit.line, packet.envelope) if packet.envelope else None
    return await _show(visit, seen, said if isinstance(said, Document) else None, opened=True)


async def case(visit: Visit) -> web.Response:
    """The case file, which holds the packet: a look like any other."""
    seen = await _seen(visit)
    await _record_view(visit, seen, "case")
    headers = {"Content-Disposition": f'attachment; filename="{seen.id}.asice"'}
    return web.Response(body=await prove_seen(visit.line, seen), content_type=MEDIA_TYPE, headers=headers)


async def evidence_document(visit: Visit) -> web.Response:
    """One sealed evidence: of an event, with no content in it."""
    seen, index, event = await _seen(visit), int(visit.part("index")), visit.part("event")
    body = await evidence.of_event(visit.line, seen, index, event)
    headers = {"Content-Disposition": f'attachment; filename="{seen.id}-{index}-{event}.xml"'}
    return web.Response(body=body, content_type="application/xml", headers=headers)


async def _seen(visit: Visit) -> Dispatch:
    seen = await visit.line.store.read(queries.dispatch, visit.part("id"))
    if seen is None:
        raise Refused(found(Reason.NOT_FOUND))
    return seen


async def _record_view(visit: Visit, seen: Dispatch, what: str) -> None:
    reason, line = reason_given(visit.form.get("reason", "")), visit.line
    salt = line.chance.randbytes(SALT_BYTES)
    await note(line, view_act(visit.actor, seen.id, what, reason, salt, line.clock()))


async def _show(visit: Visit, seen: Dispatch, content: Document | None = None, *, opened: bool = False) -> web.Response:
    subjects = [seen.id]
    for one in seen.deliveries:
        subjects += [one.id, f"{seen.id}/{one.addressee}"]
    return visit.show(
        "auditor_dispatch.html",
        one=seen,
        evidence=await evidence.facts_of(visit.line, seen, indexes_of(seen)),
        acts=await visit.line.store.read(acts_on, subjects),
        reason_chars_max=REASON_CHARS_MAX,
        content=content,
        opened=opened,
    )


_AUDITOR = (Role.AUDITOR,)
PAGES = (
    Page("GET", "/dispatches", "console_dispatches", dispatches, _AUDITOR),
    Page("GET", "/dispatches/{id}", "console_dispatch", dispatch, _AUDITOR),
    Page("POST", "/dispatches/{id}/content", "console_dispatch_content", content, _AUDITOR),
    Page("POST", "/dispatches/{id}/case", "console_dispatch_case", case, _AUDITOR),
    Page(
        "GET",
        "/dispatches/{id}/evidence/{index:[0-9]{1,18}}/{event:[A-Za-z]{1,64}}",
        "console_evidence",
        evidence_document,
        _AUDITOR,
    ),
)
