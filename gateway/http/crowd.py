"""The crowd at the doors: how many may be inside at once, and how much of the room one of them may take.

**Submissions.** A submission takes a place before its body is read and keeps it until it is answered. How many places
there are follows from how long those inside wait, which is the measure of CoDel (RFC 8289): if even the quickest small
packet of the last `TURN_S` needed longer than `TARGET_S` from its last byte to its answer, the queue is no burst but
stands, and there are fewer places; if not, and somebody was sent away, there are more. Whoever finds no place is
answered 503 at once, with as many seconds in Retry-After as were sent away for each one let in.

A body that comes slowly delays nobody: after `SLOW_S` it holds no place until it is there. How many may be on their way
at all is another bound, which does not move.

**Shares.** Of the places of either kind one peer may hold as many as are still free (dynamic thresholds, Choudhury and
Hahne 1998): one alone takes half, two take a third each, and whoever holds none finds one as long as there is one. The
same rule holds for connections, by the address they come from; one too many is told so and closed.

Who asks for little does not pay for those who ask for much: whoever was let in less than its share of late is let in
beyond the places, which those inside may hold all of, and more than all where they became fewer (`shares`).

**Silence.** A connection whose other end has gone without a word is found by the kernel (`_keep_watch`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.http.identity import network_of
from gateway.http.shares import Shares
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.model.words import text

LOG = logging.getLogger(__name__)

TARGET_S = 0.1
TURN_S = 0.25
PLACES_MIN, PLACES_FIRST = 8, 128
FEWER_MAX, MORE = 0.5, 1.25
"""What becomes of the places in one turn: at the least half of them, at the most a quarter more."""
SLOW_S = 1.0
SMALL_BYTES = 256 * 1024
"""Packets up to this size are timed: how long a larger one takes says little about a queue."""
RETRY_S_MAX = 10
DESCRIPTORS_KEPT = 128
"""For files and databases, whatever the crowd."""
_SAID = {
    "type": f"/v1/reasons/{Reason.OVERLOADED}",
    "title": text("vi", f"reason.{Reason.OVERLOADED}.title"),
    "status": Reason.OVERLOADED.status,
    "reason": Reason.OVERLOADED,
    "hint": text("vi", f"reason.{Reason.OVERLOADED}.hint"),
}
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Language: vi\r\n"
    b"Retry-After: 1\r\nConnection: close\r\n\r\n" + json.dumps(_SAID).encode()
)
"""What a connection is told that nobody can serve: cheaper than reading what it wants."""


class Places:
    """So many places, shared: one may hold as many as are free."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken = 0
        self._held: Counter[str] = Counter()

    def has_room(self, who: str) -> bool:
        """Whether there is a place for this one."""
        free = self.count - self.taken
        return free > 0 and self._held[who] < free

    def take(self, who: str) -> None:
        """Take a place."""
        self._held[who] += 1
        self.taken += 1

    def leave(self, who: str) -> None:
        """Give a place back."""
        self.taken -= 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]


class Stay:
    """One submission inside."""

    def __init__(self, crowd: Crowd, who: str, came_s: float) -> None:
        self._crowd, self.who, self.came_s = crowd, who, came_s
        self.holds = True
        """Whether it holds one of the places that are few under load."""
        self.arrived_s: float | None = None
        """When its body was there with the last byte; None before."""
        self.small = False
        """Whether it is of those that are timed."""

    def arrived(self, size_bytes: int) -> None:
        """The body is there: what comes now is our own time."""
        self._crowd.arrived(self, size_bytes)


class Crowd:
    """Lets submissions in. Used from the event loop only."""

    def __init__(self, places_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = places_max, clock
        self.coming = Places(places_max)
        """All that are let in, however slowly their bodies come."""
        self.places = Places(min(places_max, PLACES_FIRST))
        self._shares = Shares()
        self._slow: dict[Stay, None] = {}
        """Whose bodies are not there yet, the first that came first, until they hold no place any more."""
        self._turn_ends_s = -math.inf
        self._quickest_s = math.inf
        self._let_in = self._sent_away = 0
        self._retry_after_s = 1
        self._shedding = False

    @contextmanager
    def place(self, who: str) -> Iterator[Stay]:
        """A place until the block ends. Unavailable(OVERLOADED) where there is none."""
        now_s = self._clock()
        if now_s >= self._turn_ends_s:
            self._turn(now_s)
        self._pass_over_the_slow(now_s)
        if not (self.coming.has_room(who) and (self.places.has_room(who) or self._shares.owe(who, now_s))):
            self._sent_away += 1
            raise Unavailable(Reason.OVERLOADED, retry_after_s=self._retry_after_s)
        self._let_in += 1
        self.coming.take(who)
        self.places.take(who)
        self._shares.let_in(who, now_s)
        stay = Stay(self, who, now_s)
        self._slow[stay] = None
        try:
            yield stay
        finally:
            self._slow.pop(stay, None)
            self.coming.leave(who)
            if stay.holds:
                self.places.leave(who)
            if stay.arrived_s is not None:
                self._answered(stay.arrived_s, self._clock(), small=stay.small)

    def arrived(self, stay: Stay, size_bytes: int) -> None:
        """A body is there, and holds a place whether there is one or not."""
        self._slow.pop(stay, None)
        if not stay.holds:
            stay.holds = True
            self.places.take(stay.who)
        stay.arrived_s, stay.small = self._clock(), size_bytes <= SMALL_BYTES

    def _answered(self, arrived_s: float, now_s: float, *, small: bool) -> None:
        self._shares.answered(now_s)
        if small:
            self._quickest_s = min(self._quickest_s, now_s - arrived_s)

    def _pass_over_the_slow(self, now_s: float) -> None:
        while self._slow and (first := next(iter(self._slow))).came_s + SLOW_S <= now_s:
            del self._slow[first]
            first.holds = False
            self.places.leave(first.who)

    def _turn(self, now_s: float) -> None:
        """Look back at the last turn, and set the places of the next."""
        self._tell(self._sent_away > 0)
        count = float(self.places.count)
        if TARGET_S < self._quickest_s < math.inf:
            count *= max(FEWER_MAX, TARGET_S / self._quickest_s)
        elif self._sent_away:
            count = math.ceil(count * MORE)
        self.places.count = min(self._most, max(PLACES_MIN, int(count)))
        self._retry_after_s = min(RETRY_S_MAX, 1 + self._sent_away // max(1, self._let_in))
        self._let_in = self._sent_away = 0
        self._quickest_s = math.inf
        self._turn_ends_s = now_s + TURN_S

    def _tell(self, shedding: bool) -> None:
        """Those who were sent away have no line each in the log: it says when that begins and when it is over."""
        if shedding != self._shedding:
            self._shedding = shedding
            LOG.warning(
                "too many submissions: some are told to come back" if shedding else "all submissions are let in"
            )


class Connections:
    """Who is connected: one address may hold as many connections as are free."""

    def __init__(self, count: int, silence_s: float) -> None:
        self.places = Places(count)
        self._silence_s = silence_s
        self._known: dict[asyncio.Transport, str] = {}

    def come(self, transport: asyncio.Transport) -> bool:
        """Take a connection in; one too many is told so and closed."""
        peer: tuple[object, ...] = transport.get_extra_info("peername") or ()
        who = network_of(str(peer[0]) if peer else None)
        if not self.places.has_room(who):
            transport.write(_FULL)
            transport.close()
            return False
        self.places.take(who)
        self._known[transport] = who
        _keep_watch(transport.get_extra_info("socket"), self._silence_s)
        return True

    def go(self, transport: asyncio.Transport) -> None:
        """Forget a connection that was taken in."""
        self.places.leave(self._known.pop(transport))


def connections_that_fit(wanted: int) -> int:
    """How many connections there may be: as wanted, or as this process's limit of open files allows, which is raised as
    far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else max(1, min(wanted, hard - DESCRIPTORS_KEPT))


def _keep_watch(connection: socket.socket, silence_s: float) -> None:
    """Let the kernel ask whether the other end is still there, and end what was not taken by it for so long."""
    if connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    third_s = max(1, int(silence_s / 3))
    for name, value in (
        ("TCP_KEEPIDLE", third_s),
        ("TCP_KEEPINTVL", third_s),
        ("TCP_KEEPCNT", 2),
        ("TCP_USER_TIMEOUT", int(silence_s * 1000)),
    ):
        if (option := getattr(socket, name, None)) is not None:  # each system has its own
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
