"""A system that collects, and dies: `python -m tests.client.killed URL TOKEN FOLDER`.

The subject of a document says where its first hand-over ends in SIGKILL (`POINTS`). What the function did is in
`calls.txt`, a line for each call and one for each return, durable; it ends when a document says so.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.client import Collector, GatewayClient, Handover, Patience
from gateway.client.journal import Journal

POINTS = (
    "before begin", "after begin", "before fetch", "after fetch", "in the function", "at its end",
    "before answer", "after answer", "before acknowledge", "after acknowledge", "before tell", "after tell",
)  # fmt: skip
LAST = "last"


class Mortal:
    """Dies once at each point it is told of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.subjects: dict[str, str] = {}

    def at(self, delivery_id: str, point: str) -> None:
        if self.subjects.get(delivery_id) == point and not (mark := self.folder / f"died {point}").exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, owner: object, method: str, name: str) -> None:
        inner: Callable[..., object] = getattr(owner, method)

        async def mortal(delivery_id: str, *rest: object) -> object:
            self.at(delivery_id, f"before {name}")
            result = await inner(delivery_id, *rest)  # type: ignore[misc]
            self.at(delivery_id, f"after {name}")
            return result

        setattr(owner, method, mortal)

    def note(self, line: str) -> None:
        with (self.folder / "calls.txt").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


async def collect(url: str, token: str, folder: Path) -> None:
    mortal = Mortal(folder)
    patience = Patience(first_s=0.05, most_s=0.1)
    async with GatewayClient(url, token=token) as gateway:
        with Collector(gateway, folder, patience=patience, chance=random.Random(1)) as collector:
            done = asyncio.Event()

            async def store(handover: Handover) -> None:
                subject = handover.item.subject
                mortal.note(f"call {subject}")
                mortal.at(handover.key, "in the function")
                assert handover.fetched.packet.read_bytes().startswith(b"<?xml")
                mortal.note(f"return {subject}")
                mortal.at(handover.key, "at its end")
                if subject == LAST:
                    done.set()

            _wrap(mortal, collector.journal, gateway)
            mortal.subjects = {one.delivery_id: one.subject for one in await gateway.waiting()}
            running = asyncio.create_task(collector.run(store, at_once=1))
            await done.wait()
            while await gateway.waiting():
                await asyncio.sleep(0.02)
            running.cancel()


def _wrap(mortal: Mortal, journal: Journal, gateway: GatewayClient) -> None:
    for name in ("begin", "answer", "tell"):
        mortal.wrap(journal, name, name)
    for name in ("fetch", "acknowledge"):
        mortal.wrap(gateway, name, name)


if __name__ == "__main__":
    asyncio.run(collect(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
