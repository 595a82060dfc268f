"""The lists of agencies: written once for each version of the directory, kept compressed, sent from there.

A country has 125,000 agencies and a list of them 30 MB; hundreds of systems ask for it every morning. Between two
versions of the directory every one of them gets the same bytes, in a gzip member or unfolded as they pass.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from aiohttp import hdrs, web

from gateway.exchange.line import Line
from gateway.http.axis.clock import written_time
from gateway.http.axis.envelope import around_data, written
from gateway.http.endpoints import JSON
from gateway.http.transfer import Transfers
from gateway.model.agency import Agency, Directory, IdScheme, id_scheme
from gateway.store import queries
from gateway.store.queries import ChangedAgency

ROWS_AT_A_TIME = 500
UNPACKED_AT_A_TIME_BYTES = 8_192
GZIP = 31
"""zlib's word for a gzip member with the largest window."""

Row = Mapping[str, object]


@dataclass(slots=True)
class _Page:
    version: int = -1
    day: str = ""
    packed: bytes = b""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class AgencyPages:
    """The lists as last written. Used from the event loop only; writing happens in a thread."""

    def __init__(self, line: Line, transfers: Transfers) -> None:
        self._line = line
        self._transfers = transfers
        self._pages = {"agencies": _Page(), "agencies_qd20": _Page(), "units": _Page()}

    async def agencies(self) -> bytes:
        """getAgenciesList: who can be written to, packed."""
        return await self._page("agencies", self._in_force)

    async def agencies_qd20(self) -> bytes:
        """getAgenciesListQD20: the same with the old identifiers under the name that operation gives them."""
        return await self._page("agencies_qd20", self._in_force)

    async def units(self, after: int) -> bytes:
        """getSynchronizeUnit: what changed after a version of the directory, packed; after 0 all there ever were."""
        if after == 0:
            return await self._page("units", self._units_since_the_beginning)
        return await self._packed(await self._units(after))

    async def _page(self, name: str, rows: Callable[[str], Any]) -> bytes:
        page, at = self._pages[name], self._line.clock()
        day = written_time(at)[:10]  # agencies begin and end on a day, without another version
        async with page.writing:
            version = self._line.directory.version
            if (page.version, page.day) != (version, day):
                page.packed = await self._packed(await rows(name))
                page.version, page.day = version, day
            return page.packed

    async def _in_force(self, name: str) -> Iterable[Row]:
        return agency_rows(self._line.directory, self._line.clock(), old="code102" if name == "agencies_qd20" else "")

    async def _units_since_the_beginning(self, _name: str) -> Iterable[Row]:
        return await self._units(0)

    async def _units(self, after: int) -> Iterable[Row]:
        changed = await self._line.store.read(queries.agencies_changed_since, after)
        return unit_rows(changed, self._line.directory, self._line.clock())

    async def _packed(self, rows: Iterable[Row]) -> bytes:
        return await self._transfers.in_thread(partial(pack, rows))


def pack(rows: Iterable[Row]) -> bytes:
    """The whole answer with these rows as its data, compressed as it is written."""
    packer = zlib.compressobj(wbits=GZIP)
    return b"".join(piece for text in _answer(rows) if (piece := packer.compress(text))) + packer.flush()


def _answer(rows: Iterable[Row]) -> Iterator[bytes]:
    head, tail = around_data()
    yield head + b"["
    rest, comma = iter(rows), b""
    while some := list(islice(rest, ROWS_AT_A_TIME)):
        yield comma + written(some)[1:-1]
        comma = b","
    yield b"]" + tail


def unpack(packed: bytes) -> Iterator[bytes]:
    """The answer again, a piece at a time."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    view = memoryview(packed)
    for at in range(0, len(packed), UNPACKED_AT_A_TIME_BYTES):
        yield unpacker.decompress(view[at : at + UNPACKED_AT_A_TIME_BYTES])


async def send_packed(request: web.Request, packed: bytes, transfers: Transfers) -> web.StreamResponse:
    """Answer with a packed list: as it is where the caller takes gzip, otherwise unfolded on the way."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: JSON, hdrs.VARY: hdrs.ACCEPT_ENCODING})
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower():
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        response.content_length = len(packed)
        pieces: Iterator[bytes] = iter((packed,))
    else:
        pieces = unpack(packed)
    return await transfers.send(request, response, pieces)


def agency_rows(directory: Directory, at: datetime, old: str) -> Iterator[Row]:
    """A row for each agency that exists at this instant; `old` is a second name for its old identifier, or empty."""
    for agency in directory.agencies:
        if agency.period.covers(at):
            row = _agency(agency)
            yield {**row, old: row["oldCode"]} if old else row


def _agency(agency: Agency) -> dict[str, object]:
    """A row of every list. An agency is one row: `code` is the identifier in force, `oldCode` the one before 2022."""
    return {
        "id": agency.key,
        "pid": agency.parent or "",
        "code": _of_scheme(agency, IdScheme.NEW) or agency.key,
        "name": agency.name,
        "mail": "",
        "oldCode": _of_scheme(agency, IdScheme.OLD) or "",
    }


def _of_scheme(agency: Agency, scheme: IdScheme) -> str | None:
    return next((one for one in agency.ids if id_scheme(one) is scheme), None)


def unit_rows(changed: Iterable[ChangedAgency], directory: Directory, at: datetime) -> Iterator[Row]:
    """A row for each agency that changed. `centerCode` is the identifier of its highest superior."""
    for one in changed:
        agency = one.agency
        highest = directory.lineage(agency)[-1]
        yield {
            **_agency(agency),
            "version": one.version,
            "centerCode": _of_scheme(highest, IdScheme.NEW) or highest.key,
            "deleted": one.deleted or not agency.period.covers(at),
            "modifyDate": written_time(one.changed_at),
            "isAgency": True,
        }
