"""The event stream: every change once, in order, resumed behind the last one seen; alive while silent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.http import HttpLimits
from gateway.model.reasons import Reason
from tests.http.problems import assert_problem
from tests.http.test_native import submitted, waiting
from tests.http.town import TOKENS, Town, awaited, town

Event = tuple[int, str, dict[str, Any]]


class Stream:
    """An open event stream."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.comments = 0

    async def next(self) -> Event:
        fields: dict[str, str] = {}
        while True:
            raw = await self.answer.content.readline()
            assert raw, "the stream ended"
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            self.comments += not name and bool(value)
            if name:
                fields[name] = value
            elif "data" in fields:
                return int(fields["id"]), fields["event"], json.loads(fields["data"])


def opened(here: Town, peer: str, after: int | str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKENS[peer]}"} | ({"Last-Event-ID": str(after)} if after is not None else {})
    return here.session.get(f"{here.url}/v1/events", headers=headers)


async def answered(here: Town, delivery: str) -> None:
    path, headers = f"/v1/deliveries/{delivery}/acknowledgement", {"Content-Type": "application/json"}
    assert (await here.ask("POST", path, "tinh", data=b'{"stored": true}', headers=headers))[0] == 200


@awaited
async def test_sender_and_addressee_see_each_change_once_and_a_third_party_none(tmp_path: Path) -> None:
    async with (
        town(tmp_path, HttpLimits(heartbeat_s=0.05)) as here,
        opened(here, "bo") as one,
        opened(here, "tinh") as two,
        opened(here, "xa") as three,
    ):
        assert one.headers["Content-Type"].startswith("text/event-stream")
        accepted = await submitted(here)
        await answered(here, (await waiting(here))[0]["delivery_id"])
        for stream in (Stream(one), Stream(two)):
            seen = [await stream.next(), await stream.next()]
            assert [event for _, event, _ in seen] == ["queued", "acknowledged"]
            assert {data["dispatch_id"] for _, _, data in seen} == {accepted["dispatch_id"]}
            assert seen[0][0] < seen[1][0]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Stream(three).next(), 0.3)


@awaited
async def test_a_stream_taken_up_again_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        seen: list[Event] = []
        for number in range(6):
            await submitted(here, document_id=f"G22.2026.11.23.{number:04}", code_number=f"{number + 10}")
            if number % 2:  # broken off and taken up again, with changes in between
                async with opened(here, "bo", seen[-1][0] if seen else None) as answer:
                    stream = Stream(answer)
                    seen += [await stream.next()]
        async with opened(here, "bo", seen[-1][0]) as answer:
            stream = Stream(answer)
            while len(seen) < 6:
                seen.append(await stream.next())
        ids = [number for number, _, _ in seen]
        assert ids == sorted(set(ids))
        assert len({data["dispatch_id"] for _, _, data in seen}) == 6


@awaited
async def test_a_silent_stream_says_that_it_is_alive(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(heartbeat_s=0.05)) as here, opened(here, "bo") as answer:
        said = b""
        while said.count(b": alive\n\n") < 3:
            said += await answer.content.readany()
        assert said.startswith(b"retry: ")


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "٣", "1" * 19])
@awaited
async def test_an_id_no_event_ever_had_is_malformed(tmp_path: Path, after: str) -> None:
    async with town(tmp_path) as here:
        answer = await here.ask("GET", "/v1/events", headers={"Last-Event-ID": after})
        assert_problem(answer, Reason.REQUEST_MALFORMED)


@awaited
async def test_a_peer_holds_only_so_many_streams_and_gets_its_place_back(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(waiting_per_peer_max=2, heartbeat_s=0.05)) as here:
        async with opened(here, "bo"), opened(here, "bo"):
            assert_problem(await here.ask("GET", "/v1/events"), Reason.RATE_LIMITED)
            assert_problem(await here.ask("GET", "/v1/inbox?wait_s=5"), Reason.RATE_LIMITED)
            assert (await here.ask("GET", "/v1/inbox", "tinh"))[0] == 200
        while (await here.ask("GET", "/v1/inbox"))[0] != 200:  # until the heartbeat notices that the readers left
            await asyncio.sleep(0.05)


@awaited
async def test_shutting_down_ends_streams_and_long_polls_politely(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        poll = asyncio.ensure_future(here.ask("GET", "/v1/inbox?wait_s=30", "tinh"))
        async with opened(here, "bo") as stream:
            await asyncio.sleep(0.1)
            await here.app.shutdown()
            assert_problem(await poll, Reason.DRAINING)
            with pytest.raises((aiohttp.ClientError, AssertionError)):
                await Stream(stream).next()
