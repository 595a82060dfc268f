"""The relay: what rings here is heard in every process that shares the store, and what rings there is heard here.

Behind it everybody polls, so a wire that is cut makes things late by a polling interval and loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Protocol

from gateway.exchange.line import Line
from gateway.model.refusal import Unavailable

LOG = logging.getLogger(__name__)

GATHERED_S = 0.005
"""How long rings are gathered, to be told together."""


class Wire(Protocol):
    """The way to the other processes. Any method may raise Unavailable: try again later."""

    def hear(self) -> AsyncGenerator[list[str], None]: ...

    async def tell(self, names: Iterable[str]) -> None: ...

    async def close(self) -> None: ...


async def run(line: Line, wire: Wire) -> None:
    """Tell and hear until cancelled."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_tell(line, wire), name="relay out")
            tasks.create_task(_hear(line, wire), name="relay in")
    finally:
        await wire.close()


async def _tell(line: Line, wire: Wire) -> None:
    rung: set[str] = set()
    anything = asyncio.Event()

    def gather(names: frozenset[str]) -> None:
        rung.update(names)
        anything.set()

    line.bell.abroad = gather
    while True:
        await anything.wait()
        await asyncio.sleep(GATHERED_S)
        anything.clear()
        names = sorted(rung)
        rung.clear()
        try:
            await wire.tell(names)
        except Unavailable:  # they poll
            await asyncio.sleep(line.rules.poll_s)


async def _hear(line: Line, wire: Wire) -> None:
    cut = False
    while True:
        try:
            async with aclosing(wire.hear()) as heard:
                async for names in heard:
                    if cut:
                        LOG.warning("the other processes are heard again")
                    cut = False
                    line.bell.ring_here(names)
        except Unavailable as no:
            if not cut:
                LOG.warning("the other processes are not heard; they are polled for: %s", no)
            cut = True
        await asyncio.sleep(line.rules.poll_s)
