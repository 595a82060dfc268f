"""Random lives of a store against a plain model of it: whatever is asked in whatever order, the promises hold."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from gateway.ledger import decode
from gateway.ledger.tree import Tree, leaf_hash
from gateway.model.delivery import Backoff, DeliveryEvent, DeliveryStatus, Outcome, advance
from gateway.store import (
    Admit,
    Admitted,
    Advance,
    ClaimDue,
    CloseAttempt,
    Conflict,
    DueAttempt,
    InterruptAttempts,
    PutTree,
    Store,
    Twin,
    queries,
)
from tests.store.samples import NOW, admit, run, write, write_all
from tests.stores import Databases

PACKETS = st.integers(0, 7)
DOCUMENTS = st.integers(0, 4)
BACKOFF = Backoff(first_s=5, most_s=40, jitter=0)
PER_ADDRESSEE = 2


class StoreLife(RuleBasedStateMachine):
    """Admissions with twins and conflicts, pulls, pushes, restarts and checkpoints, in any order."""

    fresh_url: ClassVar[Callable[[Path], str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.url = type(self).fresh_url(self.folder)
        self.store = Store.open(self.url, self.folder / "blobs")
        self.now: datetime = NOW
        self.tries = 0
        self.admitted: dict[str, Admit] = {}
        """By packet digest."""
        self.statuses: dict[str, DeliveryStatus] = {}
        self.entries: list[bytes] = []
        self.open_attempts: dict[str, DueAttempt] = {}
        self.tree = Tree()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(packets=st.lists(st.tuples(PACKETS, DOCUMENTS), min_size=1, max_size=6))
    def submit(self, packets: list[tuple[int, int]]) -> None:
        tries = []
        for packet, document in packets:
            self.tries += 1
            tries.append(
                admit(
                    packet,
                    "G22",
                    "G23",
                    push=True,
                    dispatch_id=f"{self.tries:026}",
                    document_id=f"document-{document}",
                    admitted_at=self.now,
                )
            )
        for one, outcome in zip(tries, write_all(self.store, *tries), strict=True):
            self._expect(one, outcome)

    def _expect(self, one: Admit, outcome: object) -> None:
        before = self.admitted.get(one.packet_digest)
        holder = next((other for other in self.admitted.values() if other.document_id == one.document_id), None)
        if before is not None:
            assert isinstance(outcome, Twin)
            assert outcome.dispatch_id == before.dispatch_id
        elif holder is not None:
            assert outcome == Conflict(holder.dispatch_id)
        else:
            assert outcome == Admitted(len(self.entries))
            self.entries.append(one.entry)
            self.admitted[one.packet_digest] = one
            self.statuses |= {delivery.id: DeliveryStatus.QUEUED for delivery in one.deliveries}

    @precondition(lambda self: self.statuses)
    @rule(which=st.integers(0), event=st.sampled_from(DeliveryEvent))
    def happens(self, which: int, event: DeliveryEvent) -> None:
        delivery = sorted(self.statuses)[which % len(self.statuses)]
        entry = b"%s %d" % (event.encode(), len(self.entries))
        self._advanced(delivery, event, entry, write(self.store, Advance(delivery, event, self.now, entry)))

    def _advanced(self, delivery: str, event: DeliveryEvent, entry: bytes, result: DeliveryStatus | None) -> None:
        before = self.statuses[delivery]
        after = advance(before, event)
        assert result is after
        if after is not None and after is not before:
            self.statuses[delivery] = after
            self.entries.append(entry)

    @rule(limit=st.integers(1, 5))
    def claim(self, limit: int) -> None:
        claimed = write(self.store, ClaimDue(self.now, limit, PER_ADDRESSEE, BACKOFF, 0.0, claim_s=30))
        self._failed({one.delivery_id for one in claimed} & self.open_attempts.keys(), Outcome.INTERRUPTED)
        for due in claimed:
            assert self.statuses[due.delivery_id] is DeliveryStatus.QUEUED
            before = self.open_attempts.get(due.delivery_id)
            assert before is None or before.number < due.number
            assert due.next_attempt_at > self.now
            self.open_attempts[due.delivery_id] = due

    @precondition(lambda self: self.open_attempts)
    @rule(which=st.integers(0), outcome=st.sampled_from(Outcome))
    def ends(self, which: int, outcome: Outcome) -> None:
        due = self.open_attempts.pop(sorted(self.open_attempts)[which % len(self.open_attempts)])
        entry = b"outcome %d" % len(self.entries)
        close = CloseAttempt(due.delivery_id, due.number, self.now, outcome, "", entry)
        self.open_attempts[due.delivery_id] = due
        after = write(self.store, close)
        self._failed({due.delivery_id} if close.event is DeliveryEvent.DEFERRED else set(), outcome)
        del self.open_attempts[due.delivery_id]
        self._advanced(due.delivery_id, close.event, entry, after)

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store.open(self.url, self.folder / "blobs")
        write(self.store, InterruptAttempts(self.now))
        self._failed(self.open_attempts.keys(), Outcome.INTERRUPTED)
        self.open_attempts.clear()

    def _failed(self, deliveries: Collection[str], outcome: Outcome) -> None:
        """Each attempt that ended and left its delivery as it was has an entry, in whichever order."""
        told = [decode(one) for one in run(self.store.read(queries.entries, len(self.entries), len(deliveries)))]
        assert {(one["delivery"], one["number"], one["outcome"]) for one in told} == {
            (one, str(self.open_attempts[one].number), outcome.value) for one in deliveries
        }
        self.entries += [one.encode() for one in told]

    @rule()
    def sign(self) -> None:
        if self.tree.size < len(self.entries):
            grown = self.tree.grow(map(leaf_hash, self.entries[self.tree.size :]))
            size = len(self.entries)
            assert write(self.store, PutTree(self.tree.size, size, grown.tiles, b"note %d" % size, self.now))
            self.tree = grown.tree

    @invariant()
    def the_ledger_is_dense_and_as_expected(self) -> None:
        assert run(self.store.read(queries.entries, 0, 9_999)) == tuple(self.entries)
        assert run(self.store.read(queries.ledger_head)) == queries.LedgerHead(len(self.entries), self.tree.size)

    @invariant()
    def the_tree_is_the_one_that_was_signed(self) -> None:
        assert run(self.store.read(queries.tree)) == self.tree

    @invariant()
    def every_dispatch_is_whole(self) -> None:
        for one in self.admitted.values():
            dispatch = run(self.store.read(queries.dispatch, one.dispatch_id))
            assert dispatch is not None
            assert [delivery.addressee for delivery in dispatch.deliveries] == ["G22", "G23"]
            for delivery in dispatch.deliveries:
                assert delivery.status is self.statuses[delivery.id]
                assert delivery.timeline[-1].event == delivery.status
                assert sum(attempt.outcome is None for attempt in delivery.attempts) <= 1
                assert [attempt.number for attempt in delivery.attempts] == [*range(1, len(delivery.attempts) + 1)]


LIVES = settings(max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck))


def test_any_life_of_a_store_keeps_the_promises(databases: Databases) -> None:
    class Life(StoreLife):
        fresh_url = staticmethod(databases.fresh)

    run_state_machine_as_test(Life, settings=LIVES)
