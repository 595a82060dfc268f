"""The line between a client system and the sandbox. It loses one answer on purpose: the first to a document.

That is the commonest accident of all: the document was recorded, and its sender does not know. It must send the very
same again; the gateway then says what it would have said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

PIECE_BYTES = 65_536
SENDINGS = (
    re.compile(rb"POST /v1/packets HTTP/1"),
    re.compile(rb"POST \S+/sendEdoc HTTP/1.*\r\nXroadVnpt-messagetype: *edoc\r\n", re.DOTALL | re.IGNORECASE),
)
"""How a request begins that sends a document, in either dialect. (Every client met writes its head in one piece.)"""
GO_ON = b"HTTP/1.1 100"


class LossyLine:
    """Carries bytes to the gateway at `port` of this machine and back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.lost = asyncio.Event()
        """The answer has been lost."""
        self.again = asyncio.Event()
        """Since then, a document has been sent."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        sending = False

        def goes_up(data: bytes) -> bool:
            nonlocal sending
            if any(one.search(data) for one in SENDINGS):
                sending = True
                if self.lost.is_set():
                    self.again.set()
            return True

        def comes_down(data: bytes) -> bool:
            if sending and not self.lost.is_set() and not data.startswith(GO_ON):
                self.lost.set()
                return False
            return True

        up = asyncio.create_task(_pipe(reader, far_writer, goes_up))
        try:
            await _pipe(far_reader, writer, comes_down)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            for one in (writer, far_writer):
                one.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]) -> None:
    """Bytes from one side to the other while `passes` says so."""
    with suppress(ConnectionError):
        while (data := await reader.read(PIECE_BYTES)) and passes(data):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def lossy_line(host: str, port: int, gateway_port: int) -> AsyncIterator[tuple[LossyLine, int]]:
    """The line, open at `host:port` (0: any) until the block ends; and its port."""
    line = LossyLine(gateway_port)
    server = await asyncio.start_server(line.carry, host, port)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        server.close()
