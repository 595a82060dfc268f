"""A small life of a store, for tests that kill it or fail its disk: five durable steps, each announced and answered.

    python -m tests.store.crashing URL BLOB_FOLDER [STEP]

Writes one line before each step (`begin blob`) and one after it: `done blob`, or `no blob` with the reason. What it
said to be done must be there afterwards, whatever happened to it next. With STEP, it kills itself after that answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.ledger.tree import Tree, leaf_hash
from gateway.model.delivery import Backoff, Outcome
from gateway.model.refusal import Unavailable
from gateway.store import ClaimDue, CloseAttempt, NewAttachment, PutTree, Staging, Store
from tests.store.samples import NOW, admit, delivery_id, dispatch_id, sha256

STEPS = ("blob", "admit", "attempt", "outcome", "checkpoint")
LARGE = bytes(range(256)) * 1_000
PACKET = admit(1, push=True, attachments=(NewAttachment("1", "a.pdf", None, sha256(LARGE), len(LARGE), None),))
DELIVERY = delivery_id(dispatch_id(1), 1)
CLAIM = ClaimDue(NOW, limit=1, per_addressee=1, backoff=Backoff(first_s=10, jitter=0), chance=0.0, claim_s=60)
OUTCOME = CloseAttempt(DELIVERY, 1, NOW + timedelta(seconds=1), Outcome.DELIVERED, "200", b"deliver")
ENTRIES = (PACKET.entry, b"deliver")
GROWN = Tree().grow(map(leaf_hash, ENTRIES))
TREE = PutTree(0, len(ENTRIES), GROWN.tiles, b"note", NOW)


@dataclass(frozen=True)
class Part:
    """An attachment as it comes from the door."""

    sink: Staging
    sha256: str = sha256(LARGE)


async def keep(store: Store) -> object:
    """The step `blob`."""
    part = Part(store.blobs.stage())
    part.sink.write(LARGE)
    try:
        return await store.blobs.keep([part], NOW)
    finally:
        store.blobs.release([part])


def steps(store: Store) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each step, to be done or to be done again."""
    return {
        "blob": lambda: keep(store),
        "admit": lambda: store.write(PACKET),
        "attempt": lambda: store.write(CLAIM),
        "outcome": lambda: store.write(OUTCOME),
        "checkpoint": lambda: store.write(TREE),
    }


async def live(store: Store, last: str) -> None:
    """All steps in order, each until it is done or the store has failed; the end right after the answer to `last`."""
    for name, step in steps(store).items():
        say(f"begin {name}")
        try:
            await step()
        except Unavailable as unavailable:
            say(f"no {name} {unavailable.reason}")
            if store.failed:
                continue
            await step()  # as whoever asked does, when the store may be there again
        say(f"done {name}")
        if name == last:
            os.kill(os.getpid(), signal.SIGKILL)


def say(line: str) -> None:
    """Straight to the reader, past every buffer."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    opened = Store.open(sys.argv[1], Path(sys.argv[2]))
    asyncio.run(live(opened, sys.argv[3] if len(sys.argv) > 3 else ""))
    say(f"failed {opened.failed}")
    opened.close()
