"""The operations on the directory: read it, and ask for changes."""

from __future__ import annotations

from unicodedata import normalize

import msgspec
from aiohttp import web

from gateway.exchange.registration import check_deletion, check_registration
from gateway.http.axis.agency_pages import send_packed
from gateway.http.axis.call import Call
from gateway.http.axis.envelope import succeed
from gateway.http.faults import fault
from gateway.http.logline import printable
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found

SINCE = "sinceVersion"
"""A parameter of ours to getSynchronizeUnit: the SDK signs and sends whatever its caller puts into the headers."""


class Registration(msgspec.Struct, frozen=True):
    """The body of registerAgency. What a client writes beside these is not read."""

    code: str
    name: str
    pcode: str


async def agencies(call: Call) -> web.StreamResponse:
    """Who can be written to. `level` is documented nowhere and may be left from another call: all are given."""
    await call.read_body()
    return await send_packed(call.request, await call.dialect.pages.agencies(), call.doors.transfers)


async def agencies_qd20(call: Call) -> web.StreamResponse:
    """The same, with both identifiers of each agency."""
    await call.read_body()
    return await send_packed(call.request, await call.dialect.pages.agencies_qd20(), call.doors.transfers)


async def synchronize(call: Call) -> web.StreamResponse:
    """What changed after a version of the directory; without one, everything, also what is deleted."""
    written = call.signed.get(SINCE) or "0"
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise Refused(found(Reason.AXIS_HEADERS, fault="value", name=SINCE, written=printable(written)))
    await call.read_body()
    return await send_packed(call.request, await call.dialect.pages.units(int(written)), call.doors.transfers)


async def register_agency(call: Call) -> web.StreamResponse:
    """Ask for an agency in the directory."""
    try:
        wish = msgspec.json.decode(await call.read_body(), type=Registration)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error
    code, name, superior = (printable(normalize("NFC", one)) for one in (wish.code, wish.name, wish.pcode))
    call.facts.add(asked_code=code, asked_name=name, asked_superior=superior)
    check_registration(call.line.directory, call.peer, code, name, superior, call.line.clock())
    return succeed()


async def delete_agency(call: Call) -> web.StreamResponse:
    """Ask for an agency to leave the directory."""
    code = printable(call.signed.need("AgencyCode"))
    await call.read_body()
    call.facts.add(asked_code=code)
    check_deletion(call.line.directory, call.peer, code, call.line.clock())
    return succeed()
