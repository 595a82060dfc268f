"""Large attachments ahead of their packet: over a line that breaks again and again; to a gateway without uploads."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.client import GatewayClient, Parts, Problem, Unreachable
from gateway.client.uploads import UPLOAD_BYTES_MIN
from tests.client.test_gateway import QUICK, client
from tests.http.town import TOKENS, awaited, packet, town

LARGE = b"%PDF-1.7 " + os.urandom(UPLOAD_BYTES_MIN)


@dataclass
class BreakingLine:
    """A line to a gateway that breaks after so many bytes, each time anew, as often as there are numbers."""

    port: int
    breaks: list[int]
    offsets: list[int] = field(default_factory=list)
    """Where the client wrote on from, each time."""
    address: str = field(init=False)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_gateway, from_gateway = await asyncio.open_connection("127.0.0.1", self.port)
        back = asyncio.create_task(self._back(to_gateway, writer))
        with suppress(ConnectionError):
            await self._there(reader, from_gateway)
        back.cancel()
        writer.transport.abort()
        from_gateway.close()  # what was carried arrives; nothing more does

    async def _there(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        carried = 0
        while data := await source.read(65_536):
            carried += len(data)
            self.offsets += map(int, re.findall(rb"Upload-Offset: ([0-9]+)", data))
            if self.breaks and carried > self.breaks[0]:
                self.breaks.pop(0)
                return
            sink.write(data)
            await sink.drain()

    async def _back(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def breaking(port: int, *breaks: int) -> AsyncIterator[BreakingLine]:
    line = BreakingLine(port, list(breaks))
    async with await asyncio.start_server(line.connected, "127.0.0.1", 0) as server:
        line.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield line


def parts(document_id: str = "G22.1") -> Parts:
    return Parts(*packet(document_id, attachments=(("bản đồ.pdf", LARGE), ("nhỏ.pdf", b"%PDF-1.7"))))


@awaited
async def test_a_line_that_breaks_again_and_again_costs_what_came_behind_the_last_byte_kept(tmp_path: Path) -> None:
    async with town(tmp_path) as here, breaking(here.port, *[4_000_000] * 3) as line:
        async with GatewayClient(line.address, token=TOKENS["bo"], patience=QUICK) as ministry:
            accepted = await ministry.submit(parts())
        assert not line.breaks
        assert line.offsets == sorted(line.offsets)
        assert line.offsets[-1] > 4_000_000, "what came before the breaks was kept"
        assert not list((tmp_path / "blobs" / "uploads").iterdir()), "tidied up"
        async with client(here, "tinh") as province:
            (waits,) = (await province.inbox()).deliveries
            fetched = await province.fetch(waits.delivery_id, tmp_path / "inbox")
            assert fetched.attachments[0].path.read_bytes() == LARGE
            assert fetched.packet_digest == accepted.packet_digest


@awaited
async def test_a_line_that_never_carries_anything_ends_in_unreachable(tmp_path: Path) -> None:
    async with (
        town(tmp_path) as here,
        breaking(here.port, *[1_000] * 50) as line,
        GatewayClient(line.address, token=TOKENS["bo"], patience=QUICK) as ministry,
    ):
        with pytest.raises(Unreachable):
            await ministry.submit(parts())


@awaited
async def test_a_refused_packet_leaves_no_upload(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry:
        skeleton, rows = packet("G22.1", attachments=(("bản đồ.pdf", LARGE),))
        with pytest.raises(Problem) as no:
            await ministry.submit(Parts(skeleton, [(rows[0][0], LARGE[::-1])]))
        assert no.value.reason == "seal.attachment_digest"
        assert not list((tmp_path / "blobs" / "uploads").iterdir())


@awaited
async def test_to_a_gateway_that_knows_no_uploads_the_packet_goes_whole() -> None:
    bodies: list[int] = []

    async def old(request: web.Request) -> web.Response:
        if request.path != "/v1/packets":
            return web.Response(status=404)
        bodies.append(len(await request.read()))
        return web.json_response({"title": "no"}, status=422)

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", old)
    async with TestServer(app) as server, GatewayClient(str(server.make_url("")), patience=QUICK) as ministry:
        with pytest.raises(Problem):
            await ministry.submit(parts())
    assert bodies[0] > len(LARGE)
