"""The exchange as a machine: whatever people and crashes do in whatever order keeps the invariants it promises."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gateway.exchange import courier, watch
from gateway.ledger import EntryKind
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Receipt
from gateway.model.refusal import Refused
from gateway.store import PutDirectory, Store, queries
from tests.exchange.conftest import Story, file_of
from tests.exchange.test_sequencer import check_ledger
from tests.http.town import DEPARTMENT, FAR, PROVINCE, Clock, directory, open_line
from tests.pki import NOW
from tests.stores import Databases

ADDRESSEES = ((PROVINCE,), (PROVINCE, FAR), ("000.00.00.H29", PROVINCE, DEPARTMENT))


class StoryMachine(RuleBasedStateMachine):
    """Agencies send, collect, answer; deadlines pass; the process dies and starts again."""

    fresh_url: ClassVar[Callable[[Path], str]]

    files = Bundle("files")
    deliveries = Bundle("deliveries")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp(prefix="story-"))
        self.url = type(self).fresh_url(self.folder)
        self.clock = Clock()
        self.receipts: dict[bytes, Receipt] = {}
        self.final: dict[str, DeliveryStatus] = {}
        self.numbers = self.starts = 0
        self.story = self.open()
        asyncio.run(self.story.line.store.write(PutDirectory(directory(), NOW)))

    def open(self) -> Story:
        store = Store.open(self.url, self.folder / "blobs")
        self.starts += 1
        line = replace(open_line(store, self.folder, self.clock), chance=Random(self.starts))
        return Story(line, self.clock)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            asyncio.run(self.story.seal())
            asyncio.run(check_ledger(self.story.line))
            self.story.line.store.close()
            shutil.rmtree(self.folder)

    @rule(target=files, to=st.sampled_from(ADDRESSEES), new=st.booleans())
    def write_a_packet(self, to: tuple[str, ...], new: bool) -> bytes:
        self.numbers += new or not self.numbers
        return file_of(f"G22.{self.numbers}", to=to)

    @rule(target=deliveries, file=files, times=st.integers(1, 3))
    def submit(self, file: bytes, times: int) -> list[str]:
        async def at_once() -> list[Any]:
            return await asyncio.gather(*(self.story.submit(file) for _ in range(times)), return_exceptions=True)

        outcomes = asyncio.run(at_once())
        for outcome in outcomes:
            if isinstance(outcome, Receipt):
                known = self.receipts.setdefault(file, outcome)
                assert outcome.xml == known.xml, "one packet, two receipts"
            else:
                assert isinstance(outcome, Refused), outcome
                assert file not in self.receipts, "a packet that has a receipt was refused"
        return [one for peer in ("tinh", "xa") for one in asyncio.run(self.story.inbox(peer))]

    @rule(ids=deliveries, what=st.sampled_from(("fetch", "acknowledge", "decline")), place=st.integers(0, 5))
    def answer(self, ids: list[str], what: str, place: int) -> None:
        if not ids:
            return
        extra = ("không đúng nơi nhận",) if what == "decline" else ()
        for peer in ("tinh", "xa"):
            try:
                asyncio.run(
                    getattr(courier, what)(self.story.line, self.story.peer(peer), ids[place % len(ids)], *extra)
                )
            except Refused as no:
                assert str(no.reason) in {"request.not_found", "request.state_conflict"}

    @rule(ids=consumes(deliveries), hours=st.sampled_from((1, 80)))
    def let_time_pass(self, ids: list[str], hours: int) -> None:
        self.clock.pass_(hours=hours)
        asyncio.run(watch.expire(self.story.line))

    @rule()
    def seal_the_ledger(self) -> None:
        asyncio.run(self.story.seal())

    @rule()
    def crash_and_restart(self) -> None:
        self.story.line.store.close()
        self.story = self.open()

    @invariant()
    def every_receipt_is_kept(self) -> None:
        for file, receipt in getattr(self, "receipts", {}).items():
            twin = asyncio.run(self.story.line.store.read(queries.twin, "bo", self.story.received(file).digest))
            assert twin is not None and twin.receipt_xml == receipt.xml

    @invariant()
    def each_addressee_has_one_delivery_and_what_is_final_stays(self) -> None:
        for receipt in getattr(self, "receipts", {}).values():
            dispatch = asyncio.run(self.story.line.store.read(queries.dispatch, receipt.dispatch_id))
            assert dispatch is not None
            assert max(Counter(one.addressee for one in dispatch.deliveries).values()) == 1
            for one in dispatch.deliveries:
                assert self.final.get(one.id, one.status) is one.status, "a final status changed"
                if one.status.final:
                    self.final[one.id] = one.status

    @invariant()
    def every_change_has_its_entry(self) -> None:
        if not hasattr(self, "story"):
            return
        kinds = Counter(entry.kind for entry in asyncio.run(self.story.entries()))
        ended = Counter(self.final.values())
        assert kinds[EntryKind.ACCEPT] == len(self.receipts)
        assert kinds[EntryKind.ACKNOWLEDGE] == ended[DeliveryStatus.ACKNOWLEDGED]
        assert kinds[EntryKind.DECLINE] == ended[DeliveryStatus.REFUSED]
        assert kinds[EntryKind.EXPIRE] == ended[DeliveryStatus.EXPIRED]


def test_stories_keep_every_invariant(databases: Databases) -> None:
    class Stories(StoryMachine):
        fresh_url = staticmethod(databases.fresh)

    examples = 25 if databases.engine == "sqlite" else 5
    run_state_machine_as_test(Stories, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))
