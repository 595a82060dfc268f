"""Many workers at one port: the parent that starts them, starts again what dies, and renews them one by one.

All listen on one socket that the parent made and keeps open, and each takes one connection at a time: who is idle is
there first. With a socket for each (SO_REUSEPORT), whoever the kernel had put in the queue of a worker that died would
wait for its successor, or be reset; here the others take them. The parent opens no store and answers nobody.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.app import BACKLOG, DRAIN_S, LEAVING_S, Seat
from gateway.exchange.neighbours import DATAGRAM_BYTES_MAX

LOG = logging.getLogger(__name__)

STOP_S_MAX = DRAIN_S + LEAVING_S + 10.0
"""How long a worker may take to stop before it is killed."""
PAUSE_S, PAUSE_S_MAX = 0.5, 30.0
"""Before a worker that died young is started again: at first, and at most."""
YOUNG_S = 10.0


class NeverReadyError(Exception):
    """A worker ended before it answered. What it said on stderr says why."""


def seat(written: str) -> Seat:
    """The place the parent wrote into the command of a worker."""
    name, *descriptors = written.split(":")
    return Seat(name, *(socket.socket(fileno=int(one)) for one in descriptors))


def listener(host: str, port: int) -> socket.socket:
    """The socket of the doors. OSError where another program has the address."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    made.bind(address)
    made.listen(BACKLOG)
    return made


class _Switchboard:
    """Hands on what a worker says to all the others, so that who waits in one hears of what came in by another."""

    def __init__(self) -> None:
        self._lines: set[socket.socket] = set()

    def connect(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._lines.add(line)
        asyncio.get_running_loop().add_reader(line, self._pass_on, line)

    def cut(self, line: socket.socket) -> None:
        if line not in self._lines:
            return
        asyncio.get_running_loop().remove_reader(line)
        self._lines.remove(line)
        line.close()

    def _pass_on(self, line: socket.socket) -> None:
        with suppress(OSError):  # it is gone, which is noticed elsewhere
            said = line.recv(DATAGRAM_BYTES_MAX)
            for other in self._lines - {line}:
                with suppress(OSError):  # it has no room, and polls
                    other.send(said)


@dataclass(frozen=True)
class _Worker:
    """A process in a seat."""

    process: asyncio.subprocess.Process
    channel: socket.socket
    """Ours to it: closed when it ends, and by our own end."""
    line: socket.socket
    """On the switchboard."""
    switchboard: _Switchboard

    @classmethod
    async def start(cls, command: Sequence[str], name: str, doors: socket.socket, switchboard: _Switchboard) -> _Worker:
        ours, its = socket.socketpair()
        line, its_line = socket.socketpair(type=socket.SOCK_DGRAM)
        ours.setblocking(False)
        with its, its_line:
            descriptors = (doors.fileno(), its_line.fileno(), its.fileno())
            written = ":".join([name, *map(str, descriptors)])
            process = await asyncio.create_subprocess_exec(
                *command, "--worker", written, pass_fds=descriptors, process_group=0
            )
        switchboard.connect(line)
        return cls(process, ours, line, switchboard)

    async def ready(self) -> bool:
        """Wait until it answers at its doors; False where it ends before."""
        with suppress(ConnectionError):
            return bool(await asyncio.get_running_loop().sock_recv(self.channel, 1))
        return False

    async def ended(self) -> int:
        """Wait for its end; the exit status."""
        status = await self.process.wait()
        self.channel.close()
        self.switchboard.cut(self.line)
        return status

    async def stop(self) -> None:
        """Let it finish what is under way; kill it where that takes too long."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S_MAX):
                await self.ended()
                return
        LOG.error("worker %s does not stop and is killed", self.process.pid)
        self.process.kill()
        await self.ended()


class _Place:
    """One of the workers, whichever process it is at the time."""

    def __init__(self, number: int, doors: socket.socket, command: Sequence[str], switchboard: _Switchboard) -> None:
        self._number, self._doors, self._command, self._switchboard = number, doors, command, switchboard
        self._generation = 0
        self._worker: _Worker | None = None
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Start the first one. NeverReadyError."""
        self._worker = await self._start()
        if not await self._worker.ready():
            raise NeverReadyError

    async def keep(self) -> None:
        """Start anew whatever dies, until cancelled."""
        loop, pause_s = asyncio.get_running_loop(), PAUSE_S
        while True:
            worker, began_s = self._worker, loop.time()
            assert worker is not None, "opened before"
            status = await worker.ended()
            async with self._changing:
                if worker is not self._worker:  # another has its place already
                    continue
                LOG.error("worker %s ended with status %s and is started again", self._number, status)
                if loop.time() - began_s < YOUNG_S:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, PAUSE_S_MAX)
                else:
                    pause_s = PAUSE_S
                self._worker = await self._start()

    async def renew(self) -> bool:
        """Put a new process in the place, and let the old one finish. False where the new one never answers."""
        async with self._changing:
            self._generation += 1
            new = await self._start()
            if not await new.ready():
                LOG.error("the new worker %s did not start; the old one stays", self._number)
                await new.ended()
                return False
            old, self._worker = self._worker, new
        if old is not None:
            await old.stop()
        return True

    async def close(self) -> None:
        if self._worker is not None:
            await self._worker.stop()

    async def _start(self) -> _Worker:
        return await _Worker.start(self._command, f"{self._number}.{self._generation}", self._doors, self._switchboard)


async def run(doors: socket.socket, count: int, arguments: Sequence[str], ready: Callable[[], None]) -> None:
    """Keep so many workers at the doors until SIGTERM or SIGINT; SIGHUP renews them one by one. NeverReadyError.

    `arguments` are those of `gateway` that make one worker.
    """
    command = [sys.executable, "-m", "gateway", *arguments]
    switchboard = _Switchboard()
    places = [_Place(number, doors, command, switchboard) for number in range(1, count + 1)]
    loop, stop, renew = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, renew.set)
    keeping: list[asyncio.Task[None]] = []
    try:
        await asyncio.gather(*(place.open() for place in places))
        ready()
        keeping = [asyncio.create_task(place.keep()) for place in places]
        keeping.append(asyncio.create_task(_renew(places, renew)))
        ended = [*keeping, asyncio.create_task(stop.wait())]
        done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        doors.close()
        await asyncio.gather(*(place.close() for place in places))


async def _renew(places: Sequence[_Place], asked: asyncio.Event) -> None:
    """Renew all, whenever it is asked: at any moment as many answer as before. The first that fails ends the round."""
    while True:
        await asked.wait()
        asked.clear()
        LOG.warning("the workers are renewed, one by one")
        for place in places:
            if not await place.renew():
                break
