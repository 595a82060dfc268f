"""The crowd at the doors: fewer places while a queue stands, a share for everybody, and nobody is kept waiting to hear
no."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.crowd import (
    PLACES_FIRST,
    PLACES_MIN,
    RETRY_S_MAX,
    SLOW_S,
    SMALL_BYTES,
    TARGET_S,
    TURN_S,
    Connections,
    Crowd,
    Places,
    Stay,
)
from gateway.http.limits import HttpLimits
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import queries
from tests.http.test_bad_http import HEAD, XML_TYPE
from tests.http.town import TOKENS, Town, awaited, inline, packet, town

MANY = 1_000
FILE = {"Content-Type": "application/xml"}


class Doors:
    """A crowd, its clock, and those inside."""

    def __init__(self, places_max: int = MANY) -> None:
        self.now_s = 0.0
        self.crowd = Crowd(places_max, lambda: self.now_s)

    @property
    def places(self) -> int:
        return self.crowd.places.count

    def come(self, inside: ExitStack, who: str = "a") -> Stay:
        return inside.enter_context(self.crowd.place(who))

    def comes(self, inside: ExitStack, who: str = "a") -> bool:
        """Whether it is let in."""
        try:
            self.come(inside, who)
        except Unavailable as no:
            assert no.reason is Reason.OVERLOADED
            return False
        return True

    def turn(self, took_s: float, *, size_bytes: int = 1, slow_s: float = 0.0) -> None:
        """A turn in which one packet is taken in, its body after `slow_s`, its answer `took_s` later; and the next."""
        with self.crowd.place("quick") as stay:
            self.now_s += slow_s
            stay.arrived(size_bytes)
            self.now_s += took_s
        self.now_s += TURN_S
        with self.crowd.place("quick"):
            pass


def test_while_a_queue_stands_there_are_fewer_places_at_each_turn_down_to_a_few() -> None:
    doors, seen = Doors(), [PLACES_FIRST]
    for _ in range(10):
        doors.turn(4 * TARGET_S)
        seen.append(doors.places)
    assert seen == sorted(seen, reverse=True)
    assert seen[1] == PLACES_FIRST // 2
    assert seen[-1] == PLACES_MIN


def test_one_packet_that_was_quick_says_that_the_queue_was_a_burst() -> None:
    doors = Doors()
    with doors.crowd.place("a") as slow:
        slow.arrived(1)
        doors.now_s += 2 * TARGET_S
    doors.turn(TARGET_S / 2)
    assert doors.places == PLACES_FIRST


def test_places_come_back_when_somebody_is_sent_away_and_nobody_waits() -> None:
    doors = Doors()
    for _ in range(10):
        doors.turn(4 * TARGET_S)
    for _ in range(40):
        with ExitStack() as inside:
            while doors.comes(inside):
                pass
        doors.turn(TARGET_S / 2)
    assert doors.places == MANY
    doors.turn(TARGET_S / 2)
    assert doors.places == MANY, "never more than there may be"


@pytest.mark.parametrize(("size_bytes", "slow_s"), [(SMALL_BYTES + 1, 0.0), (1, 100 * TARGET_S)])
def test_neither_a_large_packet_nor_a_slow_sender_is_taken_for_a_queue(size_bytes: int, slow_s: float) -> None:
    doors = Doors()
    doors.turn(0.0 if slow_s else 100 * TARGET_S, size_bytes=size_bytes, slow_s=slow_s)
    assert doors.places == PLACES_FIRST


def test_a_body_that_drips_soon_holds_no_place_until_it_is_there() -> None:
    doors = Doors(places_max=40)
    with ExitStack() as inside:
        dripping = [doors.come(inside, "drip") for _ in range(20)]
        assert not doors.comes(inside, "drip")
        assert doors.crowd.places.taken == 20
        doors.now_s += SLOW_S
        assert doors.comes(inside, "other")
        assert doors.crowd.places.taken == 1
        assert not doors.comes(inside, "drip"), "how many may drip at all is another bound"
        for one in dripping[:3]:
            one.arrived(1)
        assert doors.crowd.places.taken == 4
    assert (doors.crowd.places.taken, doors.crowd.coming.taken) == (0, 0)


def test_who_asks_for_little_is_let_in_while_those_who_ask_for_much_hold_more_places_than_there_are() -> None:
    doors = Doors()
    with ExitStack() as flood, ExitStack() as modest:
        with ExitStack() as answered:
            for _ in range(17):
                doors.come(answered, "flood").arrived(1)
            for who in ("flood", "another"):
                while doors.comes(flood, who):
                    pass
            doors.now_s += 4 * TARGET_S
        doors.now_s += TURN_S
        assert [doors.comes(modest, "modest") for _ in range(5)] == [*[True] * 4, False]
        assert doors.places == PLACES_FIRST // 2 < doors.crowd.places.taken
        assert not doors.comes(flood, "flood"), "it has had its share"


def test_who_is_sent_away_comes_back_the_later_the_more_are_sent_away() -> None:
    doors, asked = Doors(places_max=1), []
    for refused in (0, 1, 4, 1_000):
        with ExitStack() as inside:
            doors.come(inside)
            for _ in range(refused):
                doors.comes(inside)
            doors.now_s += TURN_S
            with pytest.raises(Unavailable) as no:
                doors.come(inside)
            asked.append(no.value.retry_after_s)
            doors.now_s += TURN_S
    assert asked[0] == 1
    assert asked == sorted(asked)
    assert asked[-1] == RETRY_S_MAX


@given(st.integers(1, 30), st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=100))
def test_nobody_holds_more_than_was_left_and_a_newcomer_finds_what_there_is(
    count: int, steps: list[tuple[str, bool]]
) -> None:
    places, held = Places(count), dict.fromkeys("abcde", 0)
    for who, comes in steps:
        free = count - sum(held.values())
        if comes:
            assert places.has_room(who) == (free > held[who])
            assert places.has_room("new") == (free > 0)
            if places.has_room(who):
                places.take(who)
                held[who] += 1
        elif held[who]:
            places.leave(who)
            held[who] -= 1
        assert places.taken == sum(held.values()) <= count


@awaited
async def test_who_is_sent_away_hears_it_before_its_body_is_read(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(submissions_max=0)) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(HEAD + XML_TYPE + b"Content-Length: 1000000\r\n\r\n")  # and never a byte of it
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in head
        writer.close()
        await writer.wait_closed()
        assert (await here.line.store.read(queries.ledger_head)).size == 0


class Lines:
    """Connections of a test, from whatever address, all closed at its end."""

    def __init__(self, here: Town) -> None:
        self._port, self._writers = here.port, list[asyncio.StreamWriter]()

    async def open(self, said: bytes = b"", address: str = "127.0.0.1") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(address, 0))
        self._writers.append(writer)
        writer.write(said)
        return reader

    async def __aenter__(self) -> Lines:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._writers:
            self._writers[-1].close()
            with suppress(OSError):
                await self._writers.pop().wait_closed()


def dripping(peer: str) -> bytes:
    """The head of a submission whose body does not come."""
    known = f"POST /v1/packets HTTP/1.1\r\nHost: truc\r\nAuthorization: Bearer {TOKENS[peer]}\r\n".encode()
    return known + XML_TYPE + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"


@awaited
async def test_a_peer_that_drips_has_its_share_and_leaves_the_rest(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(submissions_max=4)) as here, Lines(here) as lines:
        said = [await (await lines.open(dripping("bo"))).readline() for _ in range(3)]
        assert [one.split()[1] for one in said] == [b"100", b"100", b"503"]
        answer = await here.ask("POST", "/v1/packets", token="tinh", data=inline(*packet()), headers=FILE)
        assert answer[0] != 503, "it is judged, and does not wait for those who drip"


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: truc\r\nConnection: close\r\n\r\n"


@awaited
async def test_an_address_with_many_connections_leaves_as_many_to_others(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(connections_max=8)) as here:
        async with Lines(here) as lines:
            flood = [await lines.open(address="127.0.0.9") for _ in range(30)]
            told = [await one.read() for one in flood[4:]]
            assert all(one.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in one for one in told)
            problem = json.loads(told[0].partition(b"\r\n\r\n")[2])
            assert (problem["reason"], problem["title"]) == (Reason.OVERLOADED, "Trục đang quá tải")
            assert (await here.ask("GET", "/healthz", token=None))[0] == 200
        async with Lines(here) as lines:  # they are gone, and count no more
            while not (await (await lines.open(HEALTH, "127.0.0.9")).read()).startswith(b"HTTP/1.1 200"):
                await asyncio.sleep(0.01)


@awaited
async def test_the_kernel_is_asked_to_watch_over_connections_that_say_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        _, writer = await asyncio.open_connection("127.0.0.1", here.port)
        connections = Connections(2, silence_s=9.0)
        assert connections.come(writer.transport)
        watched: socket.socket = writer.get_extra_info("socket")
        assert watched.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 3
        assert watched.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 9_000
        connections.go(writer.transport)
        assert connections.places.taken == 0
        writer.close()
        await writer.wait_closed()
