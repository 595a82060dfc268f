"""The queue of notices under any order of events, posts, failures, crashes and pauses: nothing lost, order kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar, Self

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.model.delivery import Backoff
from gateway.store import Operation, Store, queries
from gateway.store.instants import micros
from gateway.store.timeline import EVENT
from gateway.store.transaction import Transaction
from gateway.store.webhooks import AddWebhook, ClaimNotices, DueNotice, FeedNotices, ReplayNotices, SettleNotice
from tests.store.samples import NOW, admit, run, write
from tests.stores import Databases

BACKOFF = Backoff(first_s=10.0, most_s=60.0, jitter=0.0)
CLAIM_S = 30.0
DEAD_AFTER = timedelta(hours=1)
WEBHOOKS = ("0" * 25 + "A", "0" * 25 + "B")
DISPATCHES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Happen(Operation[None]):
    """Something happens to a delivery."""

    delivery_id: str

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        EVENT.run(tx.connection, [(one.delivery_id, "status_05", micros(NOW), "", None) for one in operations])
        return [None] * len(operations)


class Notices(RuleBasedStateMachine):
    """Two webhooks of one peer, three dispatches. `claimed` holds posts under way, as a process would."""

    fresh_url: ClassVar[Callable[[Path], str]]

    @initialize()
    def found(self) -> None:
        self.folder = Path(mkdtemp(prefix="notices-"))
        self.url = type(self).fresh_url(self.folder)
        self.store = Store.open(self.url, self.folder / "blobs")
        self.now = NOW
        self.claimed: list[DueNotice] = []
        self.deliveries: dict[int, str] = {}
        for number in DISPATCHES:
            one = admit(number, "H29")
            write(self.store, one)
            self.deliveries[number] = one.deliveries[0].id
        write(self.store, FeedNotices(self.now, 100))
        for webhook in WEBHOOKS:
            write(self.store, AddWebhook(webhook, "peer-H29", "https://so.example.vn/", self.now))

    @rule(number=st.sampled_from(DISPATCHES))
    def happens(self, number: int) -> None:
        write(self.store, Happen(self.deliveries[number]))

    @rule(limit=st.integers(1, 3))
    def feeds(self, limit: int) -> None:
        write(self.store, FeedNotices(self.now, limit))

    @rule()
    def claims(self) -> None:
        rows = {(row.webhook_id, row.change.id): row for row in self.rows()}
        for due in write(self.store, ClaimNotices(self.now, 2, BACKOFF, 0.0, CLAIM_S)):
            own = rows[due.webhook_id, due.event_id]
            earlier = [
                row
                for (webhook, event), row in rows.items()
                if webhook == due.webhook_id
                and event < due.event_id
                and row.change.dispatch_id == own.change.dispatch_id
            ]
            assert all(row.state != "waiting" for row in earlier), "a notice overtook one of its own dispatch"
            self.claimed.append(due)

    @precondition(lambda self: self.claimed)
    @rule(place=st.integers(0, 9), delivered=st.booleans(), endpoint=st.booleans())
    def settles(self, place: int, delivered: bool, endpoint: bool) -> None:
        due = self.claimed.pop(place % len(self.claimed))
        pause = None if delivered or not endpoint else self.now + timedelta(seconds=20)
        write(
            self.store,
            SettleNotice(
                due,
                self.now,
                "",
                delivered=delivered,
                dead_before=None if delivered else self.now - DEAD_AFTER,
                next_attempt_at=pause,
                failures=due.failures + 1 if pause else 0,
                paused_until=pause,
            ),
        )

    @rule()
    def dies(self) -> None:
        """The process forgets its posts and starts again."""
        self.claimed.clear()
        self.store.close()
        self.store = Store.open(self.url, self.folder / "blobs")

    @rule(seconds=st.sampled_from([1, 15, 31, 61, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(webhook=st.sampled_from(WEBHOOKS))
    def replays(self, webhook: str) -> None:
        write(self.store, ReplayNotices(webhook, None, self.now))

    @invariant()
    def every_event_is_a_notice_for_each_webhook_once_it_was_fed(self) -> None:
        if not hasattr(self, "store"):
            return
        behind = run(self.store.read(queries.backlog)).behind
        by_webhook = [[row.change.id for row in self.rows() if row.webhook_id == webhook] for webhook in WEBHOOKS]
        assert by_webhook[0] == by_webhook[1]
        last = max(by_webhook[0], default=len(DISPATCHES))
        assert by_webhook[0] == list(range(len(DISPATCHES) + 1, last + 1))
        assert behind >= 0

    def rows(self) -> list[queries.NoticeRow]:
        return [
            row for webhook in WEBHOOKS for row in run(self.store.read(queries.notices_of_webhook, webhook, 0, 10_000))
        ]

    def teardown(self) -> None:
        """Once the endpoints work again, everything is told, whatever went before."""
        if not hasattr(self, "store"):
            return
        for webhook in WEBHOOKS:
            write(self.store, ReplayNotices(webhook, None, self.now))
        while write(self.store, FeedNotices(self.now, 100)):
            pass
        while any(row.state != "delivered" for row in self.rows()):
            self.now += timedelta(seconds=120)
            for due in write(self.store, ClaimNotices(self.now, 100, BACKOFF, 0.0, CLAIM_S)):
                write(self.store, SettleNotice(due, self.now, "", delivered=True))
        self.store.close()
        shutil.rmtree(self.folder)


def test_notices_keep_every_invariant(databases: Databases) -> None:
    class OnEngine(Notices):
        fresh_url = staticmethod(databases.fresh)

    examples = 8 if databases.engine == "sqlite" else 3
    run_state_machine_as_test(OnEngine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None))
