"""The crash matrix: {blob, admit, attempt, outcome, checkpoint} x {failed, failed but persisted, killed after}.

After every row: what was answered with success is there; what was not is there wholly or not at all; doing it again
ends in the same register as if nothing had happened, with nothing in it twice; and the database is sound.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from gateway.model.delivery import DeliveryStatus, Outcome
from gateway.store import Admitted, Store, Twin, queries
from tests.outside import require
from tests.postgres import PostgresServer
from tests.store.crashing import ENTRIES, GROWN, LARGE, PACKET, STEPS, steps
from tests.store.proxy import Proxy
from tests.store.samples import run, sha256
from tests.stores import Databases

pytestmark = pytest.mark.crash

FLUSHES = "fsync,fdatasync"
WRITES = "pwrite64"
Calls = dict[tuple[str, str], list[int]]
"""By kind of system call and step: which ones of its thread they are (strace counts by thread, from 1)."""


@dataclass
class Life:
    """A store in an embedded database, to live in once; what it said is kept beside its blobs."""

    url: str
    blobs: Path
    calls: Calls = field(default_factory=dict)

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(self._spoken.read_text().splitlines())

    @property
    def _spoken(self) -> Path:
        return self.blobs.parent / "said"

    def live(self, *strace: str) -> None:
        """Live under strace, until the end or what strace did."""
        self._run(require("strace"), "-f", "-qq", *strace, *self._command(self.url))

    def live_until(self, step: str) -> None:
        """Live, and be killed right after this step was answered."""
        self._run(*self._command(self.url), step)

    def deaths(self, step: str) -> Sequence[Callable[[], None]]:
        """Every way to die where something of this step becomes durable, and before its answer."""
        return [partial(self._meet, "signal=KILL", FLUSHES, number, step) for number in self.calls[FLUSHES, step]]

    def fail(self, step: str) -> None:
        """Nothing of the step becomes durable: its first write fails (of a blob, the flush before it gets its name)."""
        kind = FLUSHES if step == "blob" else WRITES
        self._meet("error=EIO", kind, self.calls[kind, step][0], step)

    def fail_late(self, step: str) -> None:
        """The last flush of the step fails: what was written is in the page cache, and may come true at a restart."""
        self._meet("error=EIO", FLUSHES, self.calls[FLUSHES, step][-1], step)

    def refused(self, step: str) -> Sequence[str]:
        """What is refused when this one fails: after a fault of the disk nothing is written any more."""
        return STEPS[STEPS.index(step) :]

    def survives(self, step: str) -> bool:
        """Whether the store goes on after this step failed."""
        return False

    def _meet(self, fault: str, calls: str, number: int, step: str) -> None:
        """A system call of a step meets a fault: the `number`th of its kind in its thread."""
        database = Path(self.url.removeprefix("sqlite:///"))
        only = () if step == "blob" else ("-P", f"{database}-wal", "-P", str(database.parent))
        self.live("-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={number}", *only)

    def _command(self, url: str) -> tuple[str | Path, ...]:
        return (sys.executable, "-m", "tests.store.crashing", url, self.blobs)

    def _run(self, *command: str | Path) -> None:
        with self._spoken.open("wb") as spoken:
            subprocess.run(command, stdout=spoken, timeout=300)

    def did(self, step: str) -> bool:
        return f"done {step}" in self.said

    @property
    def last(self) -> str:
        """The step that was under way when it all ended, or failed first."""
        for line in self.said:
            if line.startswith("no "):
                return line.split()[1]
        begun = [line.split()[1] for line in self.said if line.startswith("begin ")]
        return begun[-1] if begun else ""


@dataclass
class ServedLife(Life):
    """A store on a server. What makes a step durable is a commit there: it dies, or is cut off, before the commit
    arrives, or after the server did it and before that was heard."""

    server: Path = Path()

    def deaths(self, step: str) -> Sequence[Callable[[], None]]:
        if step == "blob":
            return super().deaths(step)
        return [partial(self._cut, step, how, kill=True) for how in ("before", "after")]

    def fail(self, step: str) -> None:
        if step == "blob":
            super().fail(step)
        else:
            self._cut(step, "before", kill=False)

    def fail_late(self, step: str) -> None:
        if step == "blob":
            super().fail_late(step)
        else:
            self._cut(step, "after", kill=False)

    def refused(self, step: str) -> Sequence[str]:
        """A lost connection is no fault of the disk. What left an entry in the ledger is looked for there, and done
        again without a word; of the rest whoever asked is told that it may not have happened."""
        if step == "blob":
            return super().refused(step)
        return () if step in {"admit", "outcome"} else (step,)

    def survives(self, step: str) -> bool:
        return step != "blob"

    def _cut(self, step: str, how: str, *, kill: bool) -> None:
        with tempfile.TemporaryDirectory() as folder, self._spoken.open("wb") as spoken:
            proxy = AtStep(Path(folder), self.server, how, step=step, spoken=self._spoken)
            proxy.open()
            living = subprocess.Popen(self._command(proxy.url(self.url)), stdout=spoken)
            if kill:
                proxy.killed = living
            living.wait(300)
            proxy.close()
            assert proxy.cuts == 1


@dataclass
class AtStep(Proxy):
    """Cuts the commit of what is written in a step, once."""

    step: str = ""
    spoken: Path = Path()
    killed: subprocess.Popen[bytes] | None = None
    written: bool = False

    def fate(self, client: socket.socket, data: bytes) -> str:
        if self.spoken.read_text().splitlines()[-1:] != [f"begin {self.step}"]:
            return ""
        self.written |= b"INSERT" in data or b"UPDATE" in data
        return super().fate(client, data) if self.written else ""

    def before_the_cut(self) -> None:
        if self.killed is not None:
            self.killed.kill()
            self.killed.wait()


Places = Callable[[], Life]
"""A new place to live in, at each call."""


@pytest.fixture
def places(databases: Databases, counted: dict[str, Calls], tmp_path: Path, request: pytest.FixtureRequest) -> Places:
    numbers = itertools.count()

    def fresh() -> Life:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        url, calls = databases.fresh(folder), counted.get(databases.engine, {})
        if databases.engine == "sqlite":
            return Life(url, folder / "blobs", calls)
        server: PostgresServer = request.getfixturevalue("postgres")
        return ServedLife(url, folder / "blobs", calls, server.folder)

    if databases.engine not in counted:
        counted[databases.engine] = _count(fresh())
    return fresh


@pytest.fixture(scope="module")
def counted() -> dict[str, Calls]:
    """By engine."""
    return {}


def _count(life: Life) -> Calls:
    trace = life.blobs.parent / "trace"
    life.live("-o", str(trace), "-e", f"trace={FLUSHES},{WRITES},write")
    made = defaultdict(list)
    counts: Counter[tuple[str, str]] = Counter()
    step = ""
    for line in trace.read_text().splitlines():
        if said := re.search(r'write\(1, "(begin|done) (\w+)', line):
            step = said[2] if said[1] == "begin" else ""
        elif call := re.match(r"(\d+) +(fsync|fdatasync|pwrite64)\((.*)", line):
            kind = WRITES if call[2] == WRITES else FLUSHES
            counts[call[1], kind] += 1
            if step:
                made[kind, step].append(counts[call[1], kind])
    return made


def check(life: Life) -> None:
    """The register after the crash, and after everything was asked for once more."""
    if life.url.startswith("sqlite"):
        with sqlite3.connect(life.url.removeprefix("sqlite:///")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    store = Store.open(life.url, life.blobs)
    try:
        _check_what_was_promised(store, life)
        asyncio.run(_again(store, life))
        _check_the_whole(store)
    finally:
        store.close()


def _check_what_was_promised(store: Store, life: Life) -> None:
    place = store.blobs.files.path(sha256(LARGE))
    assert not place.exists() or place.read_bytes() == LARGE, "a blob under its name is whole"
    assert list((life.blobs / "incoming").iterdir()) == []
    assert place.exists() or not life.did("blob")
    dispatch = run(store.read(queries.dispatch, PACKET.dispatch_id))
    head = run(store.read(queries.ledger_head))
    assert run(store.read(queries.entries, 0, 9)) == ENTRIES[: head.size]
    if dispatch is None:
        assert head.size == 0
        assert not life.did("admit")
        return
    (delivery,) = dispatch.deliveries
    assert delivery.attempts or not life.did("attempt")
    delivered = delivery.status is DeliveryStatus.DELIVERED
    assert delivered == (head.size == 2) == any(one.outcome for one in delivery.attempts)
    assert delivered or not life.did("outcome")
    assert head.tree_size == 2 or not life.did("checkpoint")


async def _again(store: Store, life: Life) -> None:
    """What a client and the courier do when they heard nothing, or no."""
    did = {name: await step() for name, step in steps(store).items()}
    assert isinstance(did["admit"], Twin if life.did("admit") else Admitted | Twin)


def _check_the_whole(store: Store) -> None:
    dispatch = run(store.read(queries.dispatch, PACKET.dispatch_id))
    assert dispatch is not None
    (delivery,) = dispatch.deliveries
    assert delivery.status is DeliveryStatus.DELIVERED
    assert [one.outcome for one in delivery.attempts] == [Outcome.DELIVERED]
    assert [step.event for step in delivery.timeline] == ["queued", "delivered"]
    assert run(store.read(queries.entries, 0, 9)) == ENTRIES
    assert run(store.read(queries.tree)) == GROWN.tree
    assert b"".join(store.blobs.reader(dispatch.attachments[0])()) == LARGE


def test_nothing_happens_to_a_life_without_faults(places: Places) -> None:
    life = places()
    life.live("-e", "trace=none")
    assert life.said == (*(f"{word} {step}" for step in STEPS for word in ("begin", "done")), "failed None")
    check(life)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_flush(places: Places, step: str) -> None:
    ways = len(places().deaths(step))
    assert ways, f"{step} makes nothing durable"
    for way in range(ways):
        life = places()
        life.deaths(step)[way]()
        assert life.last == step
        assert not life.did(step)
        check(life)


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_the_answer(places: Places, step: str) -> None:
    life = places()
    life.live_until(step)
    assert life.said[-1] == f"done {step}"
    check(life)


@pytest.mark.parametrize("step", STEPS)
def test_failed_and_not_persisted(places: Places, step: str) -> None:
    life = places()
    life.fail(step)
    _check_failed(life, step)


@pytest.mark.parametrize("step", STEPS)
def test_failed_but_persisted(places: Places, step: str) -> None:
    life = places()
    life.fail_late(step)
    _check_failed(life, step)


def _check_failed(life: Life, step: str) -> None:
    refusals = [line for line in life.said if line.startswith("no ")]
    assert refusals == [f"no {name} unavailable.store" for name in life.refused(step)]
    assert (life.said[-1] == "failed None") == life.survives(step)
    check(life)
