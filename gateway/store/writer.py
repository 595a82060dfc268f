"""The writer: one thread through which every durable write of the process goes, in groups.

A commit costs one flush of the disk and a dozen statements however much it holds, so whatever arrives while one is
under way is committed together in the next. Who was answered mostly asks again: a group is kept open for a few
milliseconds until it has as many as the last one, and not a moment longer.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.faults import translated
from gateway.store.transacting import transact
from gateway.store.transaction import Operation
from gateway.store.wal import WriteAheadLog

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Grouping:
    """How operations are put together in transactions."""

    operations_max: int = 64
    """Beyond it a group gains little and its first waits longer."""
    wait_s: float = 0.005
    """How long a group is kept open at most, for as many as the last one had."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An operation, and who waits for its result in which event loop."""

    operation: Operation[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an operation ended: with a value, or with an error where `error` is set."""

    value: Any = None
    error: Exception | None = None


class _Mark(Enum):
    """What else stands in the queue."""

    AHEAD = "ahead"
    """Something goes ahead: look for it."""
    END = "end"
    """Nothing comes any more."""


class Writer:
    """Runs operations in group commits.

    `write` and `close` may be called from any event loop; everything below `_run` belongs to the thread.
    """

    def __init__(
        self, engine: Engine, wal: WriteAheadLog | None, fail: Callable[[str], None], grouping: Grouping
    ) -> None:
        self._engine = engine
        self._wal = wal
        self._fail = fail
        self._grouping = grouping
        self._queue: queue.SimpleQueue[_Waiting | _Mark] = queue.SimpleQueue()
        self._ahead: deque[_Waiting] = deque()
        """What does not wait its turn; for each there is, or was, a mark in the queue."""
        self._door = threading.Lock()
        """Held while something enters the queue, so that nothing enters behind the end."""
        self._closed = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Operations that wait for a transaction."""
        return self._queue.qsize()

    async def write(self, operation: Operation[R]) -> R:
        """Do an operation and wait until it is durable. Raises what the operation raised, or Unavailable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        with self._door:
            if self._closed:
                raise Unavailable(Reason.DRAINING, cause="the store is closing")
            waiting = _Waiting(operation, future, loop)
            if operation.ahead:
                self._ahead.append(waiting)
            self._queue.put(_Mark.AHEAD if operation.ahead else waiting)
        return await future

    def close(self) -> None:
        """Commit what waits, and end the thread."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(_Mark.END)
        self._thread.join()

    def _run(self) -> None:
        expected = 1
        while group := self._next_group(expected):
            outcomes = self._commit(group)
            _answer(group, outcomes)
            self._shorten_wal()
            expected = len(group)

    def _next_group(self, expected: int) -> list[_Waiting]:
        """Wait for one, and take what came with it, or comes soon where more are expected; what goes ahead comes first.
        Empty at the end."""
        group: list[_Waiting] = []
        one = self._queue.get()
        until_s = time.monotonic() + self._grouping.wait_s
        while one is not _Mark.END:
            if isinstance(one, _Waiting):
                group.append(one)
            if len(group) == self._grouping.operations_max:
                break
            try:
                wait_s = until_s - time.monotonic() if len(group) < expected else 0.0
                one = self._queue.get(timeout=max(wait_s, 0.0))
            except queue.Empty:
                if group or self._ahead:
                    break
                one = self._queue.get()  # it was a mark, and what it was for went with the group before
        else:
            if group or self._ahead:  # the end came behind the last group: leave it for the next round
                self._queue.put(_Mark.END)
        return [*(self._ahead.popleft() for _ in range(len(self._ahead))), *group]

    def _commit(self, group: list[_Waiting]) -> list[_Outcome]:
        """Do what a group asks for. The group grows by what joins it."""
        try:
            return [_Outcome(value) for value in self._transact(group, partial(self._late, group))]
        except Unavailable as unavailable:  # all are told to send again; one by one they would fare no better
            return [_Outcome(error=unavailable)] * len(group)
        except Exception as error:
            return [_Outcome(error=error)] if len(group) == 1 else [self._alone(one) for one in group]

    def _alone(self, one: _Waiting) -> _Outcome:
        try:
            return _Outcome(self._transact([one], tuple)[0])
        except Exception as error:
            return _Outcome(error=error)

    def _transact(self, group: Sequence[_Waiting], joining: Callable[[], Sequence[Operation[Any]]]) -> list[Any]:
        """All of these in one transaction; their results, in order."""
        if self._failed:
            raise Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=60, cause="the store stopped after a fault")
        with translated(self._fail):
            return transact(self._engine, [one.operation for one in group], joining)

    def _late(self, group: list[_Waiting]) -> list[Operation[Any]]:
        """What came while the group waited for its transaction, as far as there is room in it."""
        late: list[_Waiting] = []
        with suppress(queue.Empty):
            while len(group) + len(late) < self._grouping.operations_max:
                one = self._queue.get_nowait()
                if isinstance(one, _Mark):  # for the next round
                    self._queue.put(one)
                    break
                late.append(one)
        group += late
        return [one.operation for one in late]

    def _shorten_wal(self) -> None:
        if self._wal is not None and not self._failed:
            with suppress(Unavailable), translated(self._fail):
                self._wal.shorten(self._engine)

    def stop(self) -> None:
        """Write nothing any more: every operation from now on is Unavailable."""
        self._failed = True


def _answer(group: Sequence[_Waiting], outcomes: Sequence[_Outcome]) -> None:
    """Wake everybody who waits, each event loop once."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = defaultdict(list)
    for waiting, outcome in zip(group, outcomes, strict=True):
        by_loop[waiting.loop].append((waiting.future, outcome))
    for loop, answers in by_loop.items():
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Sequence[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, outcome in answers:
        if future.done():  # whoever waited was cancelled; the write stands
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)
