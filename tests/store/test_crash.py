"""The crash matrix: {blob, admit, attempt, outcome, checkpoint} x {failed, failed but persisted, killed after}.

After every row: what was answered with success is there; what was not is there wholly or not at all; doing it again
ends in the same register as if nothing had happened, with nothing in it twice; and the database is sound.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.model.delivery import DeliveryStatus, Outcome
from gateway.store import Admitted, Store, Twin, queries
from tests.outside import require
from tests.store.crashing import ENTRIES, GROWN, LARGE, PACKET, STEPS, steps
from tests.store.samples import run, sha256

pytestmark = pytest.mark.crash

FLUSHES = "fsync,fdatasync"
WRITES = "pwrite64"


@dataclass(frozen=True)
class Life:
    """A place to live in, and what was said there."""

    url: str
    blobs: Path
    said: tuple[str, ...] = ()

    def live(self, *strace: str) -> Life:
        """One life of a store under strace, ended by itself or by what strace did to it."""
        return self._run(require("strace"), "-f", "-qq", *strace, *self._command)

    def live_with(self, fault: str, calls: str, number: int, step: str) -> Life:
        """One life in which a system call of a step meets a fault: the `number`th of its kind in its thread."""
        database = Path(self.url.removeprefix("sqlite:///"))
        only = () if step == "blob" else ("-P", f"{database}-wal", "-P", str(database.parent))
        return self.live(
            "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={number}", *only
        )

    def live_until(self, step: str) -> Life:
        """One life that is killed right after this step was answered."""
        return self._run(*self._command, step)

    @property
    def _command(self) -> tuple[str | Path, ...]:
        return (sys.executable, "-m", "tests.store.crashing", self.url, self.blobs)

    def _run(self, *command: str | Path) -> Life:
        ran = subprocess.run(command, stdout=subprocess.PIPE, timeout=120)
        return Life(self.url, self.blobs, tuple(ran.stdout.decode().splitlines()))

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


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Life]:
    yield _fresh(sqlite_template, tmp_path)


def _fresh(template: Path, folder: Path) -> Life:
    shutil.rmtree(folder / "blobs", ignore_errors=True)
    for leftover in folder.glob("gateway.db*"):
        leftover.unlink()
    return Life(f"sqlite:///{shutil.copy(template, folder / 'gateway.db')}", folder / "blobs")


@pytest.fixture(scope="module")
def calls(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[int]]:
    """By kind of system call and step: which ones of its thread they are (strace counts by thread, from 1)."""
    folder = tmp_path_factory.mktemp("count")
    trace = folder / "trace"
    _fresh(sqlite_template, folder).live("-o", str(trace), "-e", f"trace={FLUSHES},{WRITES},write")
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


def test_nothing_happens_to_a_life_without_faults(place: Life) -> None:
    life = place.live("-e", "trace=none")
    assert life.said == (*(f"{word} {step}" for step in STEPS for word in ("begin", "done")), "failed None")
    check(life)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_flush(
    place: Life, calls: dict[tuple[str, str], list[int]], step: str, sqlite_template: Path
) -> None:
    assert calls[FLUSHES, step], f"{step} makes nothing durable"
    for number in calls[FLUSHES, step]:
        life = _fresh(sqlite_template, place.blobs.parent).live_with("signal=KILL", FLUSHES, number, step)
        assert life.last == step
        assert not life.did(step)
        check(life)


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_the_answer(place: Life, step: str) -> None:
    life = place.live_until(step)
    assert life.said[-1] == f"done {step}"
    check(life)


@pytest.mark.parametrize("step", STEPS)
def test_failed_and_not_persisted(place: Life, calls: dict[tuple[str, str], list[int]], step: str) -> None:
    """The first write of the step fails (of a blob, the flush before it gets its name)."""
    kind = FLUSHES if step == "blob" else WRITES
    _check_stopped(place.live_with("error=EIO", kind, calls[kind, step][0], step), step)


@pytest.mark.parametrize("step", STEPS)
def test_failed_but_persisted(place: Life, calls: dict[tuple[str, str], list[int]], step: str) -> None:
    """The last flush of the step fails: what was written is in the page cache, and may come true at the next start."""
    _check_stopped(place.live_with("error=EIO", FLUSHES, calls[FLUSHES, step][-1], step), step)


def _check_stopped(life: Life, step: str) -> None:
    assert life.last == step
    refusals = [line for line in life.said if line.startswith("no ")]
    behind = STEPS[STEPS.index(step) :]
    assert refusals == [f"no {name} unavailable.store" for name in behind], "after a fault nothing is written any more"
    assert life.said[-1] not in {"failed None", ""}
    check(life)
