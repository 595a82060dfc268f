"""A dispatch for an auditor: everything about its events and evidence; what it says only for a recorded reason."""

from __future__ import annotations

from aiohttp import web

from gateway.exchange import evidence, lifecycle
from gateway.exchange.acts import first_look, note, view_act
from gateway.exchange.courier import check_kept
from gateway.exchange.line import SALT_BYTES
from gateway.exchange.operating import REASON_CHARS_MAX, reason_given
from gateway.exchange.proving import prove_seen
from gateway.exchange.register import indexes_of
from gateway.http.console.findings import ReportTold
from gateway.http.console.page import Page, Visit
from gateway.http.parcels import send_attachment
from gateway.ledger import MEDIA_TYPE, read_report
from gateway.ledger.page import bare
from gateway.model.dispatch import Dispatch
from gateway.model.packet import Document
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.queries.operations import acts_on


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
    report = ReportTold.of(read_report(bare(packet.report_xml)), visit.lang)
    return await _show(visit, seen, said if isinstance(said, Document) else None, report)


async def case(visit: Visit) -> web.Response:
    """The case file, which holds the packet: a look like any other."""
    seen = await _seen(visit)
    await _record_view(visit, seen, "case")
    headers = {"Content-Disposition": f'attachment; filename="{seen.id}.asice"'}
    return web.Response(body=await prove_seen(visit.line, seen), content_type=MEDIA_TYPE, headers=headers)


async def attachment(visit: Visit) -> web.StreamResponse:
    """One attachment, as it was sent: a look like any other."""
    seen, number = await _seen(visit), int(visit.part("number"))
    packet = await visit.line.store.read(queries.packet, seen.id)
    if not 1 <= number <= len(packet.attachments):
        raise Refused(found(Reason.NOT_FOUND))
    check_kept(packet)
    one = packet.attachments[number - 1]
    await visit.line.check_attachments((one,))
    await _record_view(visit, seen, f"attachment.{number}")
    return await send_attachment(visit.request, one, visit.line.blobs.reader(one), visit.doors.transfers)


async def evidence_document(visit: Visit) -> web.Response:
    """One sealed evidence: of an event, with no content in it. That somebody took some of this dispatch is recorded."""
    seen, index, event = await _seen(visit), int(visit.part("index")), visit.part("event")
    body = await evidence.of_event(visit.line, seen, index, event)
    await first_look(visit.line, visit.actor, seen.id, "evidence")
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


async def _show(
    visit: Visit, seen: Dispatch, content: Document | None = None, report: ReportTold | None = None
) -> web.Response:
    """`report`: what was found in it, where whoever looks has opened it."""
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
        report=report,
    )


_AUDITOR = (Role.AUDITOR,)
PAGES = (
    Page("GET", "/dispatches/{id}", "console_dispatch", dispatch, _AUDITOR),
    Page("POST", "/dispatches/{id}/content", "console_dispatch_content", content, _AUDITOR),
    Page("POST", "/dispatches/{id}/case", "console_dispatch_case", case, _AUDITOR),
    Page(
        "POST",
        "/dispatches/{id}/attachments/{number:[1-9][0-9]{0,2}}",
        "console_dispatch_attachment",
        attachment,
        _AUDITOR,
    ),
    Page(
        "GET",
        "/dispatches/{id}/evidence/{index:[0-9]{1,18}}/{event:[A-Za-z]{1,64}}",
        "console_evidence",
        evidence_document,
        _AUDITOR,
    ),
)
