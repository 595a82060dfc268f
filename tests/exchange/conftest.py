"""A line over each engine, with the town's directory and a clock that goes only when told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gateway import edxml
from gateway.edxml import Received
from gateway.exchange import courier, intake
from gateway.exchange.line import Line
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import Entry, decode
from gateway.model.agency import Peer
from gateway.model.dispatch import Receipt
from gateway.store import PutDirectory, Store, queries
from tests.http.town import Clock, directory, inline, open_line, packet
from tests.pki import NOW


@dataclass
class Story:
    """What the tests of the exchange do again and again."""

    line: Line
    clock: Clock
    sequencer: Sequencer = field(init=False)

    def __post_init__(self) -> None:
        self.sequencer = Sequencer(self.line)

    def peer(self, key: str) -> Peer:
        peer = self.line.directory.peer(key)
        assert peer is not None
        return peer

    def received(self, file: bytes) -> Received:
        """A file as the doors hand it over."""
        cutter = edxml.Cutter(self.line.limits, self.line.blobs.stage)
        cutter.feed(file)
        return cutter.received()

    async def submit(self, file: bytes, peer: str = "bo") -> Receipt:
        return await intake.accept(self.line, self.peer(peer), self.received(file))

    async def inbox(self, peer: str = "tinh") -> list[str]:
        """Ids of the deliveries that wait."""
        return [item.delivery_id for item in await courier.inbox(self.line, self.peer(peer), None, 100, 0)]

    async def seal(self) -> None:
        """Sign checkpoints until every entry is under one."""
        while await self.sequencer.once():
            pass

    async def entries(self) -> list[Entry]:
        return [decode(entry) for entry in await self.line.store.read(queries.entries, 0, 10_000)]


def file_of(document_id: str = "G22.1", **options: object) -> bytes:
    """A good packet's single file."""
    return inline(*packet(document_id, **options))


@pytest.fixture
def story(store: Store, tmp_path: Path) -> Story:
    asyncio.run(store.write(PutDirectory(directory(), NOW)))
    clock = Clock()
    return Story(open_line(store, tmp_path, clock), clock)


@pytest.fixture
def with_rules(story: Story) -> Callable[..., Story]:
    """The story under other delivery rules."""

    def change(**rules: object) -> Story:
        line = replace(story.line, rules=replace(story.line.rules, **rules))
        return Story(line, story.clock)

    return change
