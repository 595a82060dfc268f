"""The wire between processes that share a PostgreSQL server: NOTIFY tells them to look; what there is, the tables say.

A notice is sent after the commit it speaks of, on a connection of its own, many at once. It is not put into the
writer's transaction: there PostgreSQL holds one lock of the whole cluster from before the flush until after it, and
group commits of all nodes would wait for one another. A notice that is lost costs a polling interval.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import Any

from sqlalchemy import create_engine

from gateway.store.engine import CONNECT_TIMEOUT_S, SILENCE, parse_url
from gateway.store.faults import translated

CHANNEL = "gateway_bell"
PAYLOAD_BYTES_MAX = 7_900
"""PostgreSQL takes 8,000."""


class Wire:
    """One process's end of the wire. Any method may raise Unavailable: try again later."""

    def __init__(self, url: str, name: str) -> None:
        """`name`: of this process; what it sent itself it does not hear."""
        from psycopg import AsyncConnection  # the driver's 9 MB: only who has a server needs it

        self._name = name
        engine = create_engine(parse_url(url))
        _, where = engine.dialect.create_connect_args(engine.url)
        self._connect = partial(
            AsyncConnection.connect,
            **{
                **where,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "autocommit": True,
                "application_name": "gateway",
                **SILENCE,
            },
        )
        self._sending: AsyncConnection[Any] | None = None

    async def hear(self) -> AsyncGenerator[list[str], None]:
        """What the others say; first nothing, as soon as it would be heard."""
        with translated(_nothing_to_stop):
            connection = await self._connect()
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield []
                async for notice in connection.notifies():
                    sender, *names = notice.payload.split("\n")
                    if sender != self._name:
                        yield names

    async def tell(self, names: Iterable[str]) -> None:
        """Say these to all others."""
        with translated(_nothing_to_stop):
            if self._sending is None or self._sending.closed:
                self._sending = await self._connect()
                await self._sending.execute("SET synchronous_commit = off")
            for payload in payloads(self._name, names):
                await self._sending.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))

    async def close(self) -> None:
        if self._sending is not None:
            await self._sending.close()


def _nothing_to_stop(_cause: str) -> None:
    """What happens on the wire is no reason to stop the store."""


def payloads(sender: str, names: Iterable[str]) -> list[str]:
    """As few texts as hold all the names, a line each below the one that says who speaks."""
    payloads = [sender]
    for name in names:
        if len(f"{payloads[-1]}\n{name}".encode()) > PAYLOAD_BYTES_MAX:
            payloads.append(sender)
        payloads[-1] += f"\n{name}"
    return payloads
