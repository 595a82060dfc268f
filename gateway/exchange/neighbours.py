"""The wire between workers of one machine: what one says, their parent hands on to the others (`cli.workers`).

Nobody waits for anybody. What finds no room is dropped, and costs a polling interval.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress

from gateway.store.wire import payloads

DATAGRAM_BYTES_MAX = 65_536


class Neighbours:
    """A worker's end of the wire: one of a pair of datagram sockets, the other is the parent's."""

    def __init__(self, own: socket.socket) -> None:
        own.setblocking(False)
        self._own = own

    async def hear(self) -> AsyncGenerator[list[str], None]:
        """What the others say; first nothing, as soon as it would be heard."""
        yield []
        loop = asyncio.get_running_loop()
        while said := await loop.sock_recv(self._own, DATAGRAM_BYTES_MAX):
            yield said.decode().split("\n")[1:]

    async def tell(self, names: Iterable[str]) -> None:
        """Say these to all others."""
        with suppress(OSError):  # no room, or no parent: they poll
            for payload in payloads("", names):
                self._own.send(payload.encode())

    async def close(self) -> None:
        self._own.close()
