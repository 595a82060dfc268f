"""Long polls: a thousand systems wait at their inboxes; what their waiting costs, and how soon each hears."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from benchmarks.crowd import crowd, key_of, name_of, peer_of
from benchmarks.gate import Uncounted, receipted, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import Connection, Load, connected, get, percentile_ms, pour
from benchmarks.outcome import Outcome, Table
from benchmarks.packets import Prepared, digest_of_form, prepared, sealed_packets
from benchmarks.parties import Accepted, submissions

RATE = 25.0
QUIET_S = 3.0
SENDERS = 16


def measure(clients: int, heard: int) -> Outcome:
    """So many waiting clients; so many documents, each to one of them, at a rate any machine bears."""
    with installed(enlarge=crowd(clients, own_systems=True)) as gateway:
        return asyncio.run(_measure(gateway, clients, heard))


async def _measure(gateway: Installed, clients: int, documents: int) -> Outcome:
    before_mb, chance = gateway.served.memory_mb, random.Random(1)
    heard: dict[str, tuple[int, float, str]] = {}
    """By dispatch: which client, when, and the delivery."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(connected(HOST, gateway.port)) for _ in range(clients)]
        waiting = [asyncio.create_task(_wait(gateway, number, line, heard)) for number, line in enumerate(lines)]
        await asyncio.sleep(QUIET_S)
        cpu_s, began_s, waiting_mb = gateway.served.cpu_s, time.perf_counter(), gateway.served.memory_mb
        await asyncio.sleep(QUIET_S)
        idle_share = (gateway.served.cpu_s - cpu_s) / (time.perf_counter() - began_s)
        to = [chance.randrange(clients) for _ in range(documents)]
        packets = _packets(gateway, to)
        receipts: dict[int, float] = {}
        load = await _submitted(gateway, packets, receipts)
        told = receipted(load, packets)
        await _all_heard(heard, told)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    latencies = [max(0.0, heard[one.dispatch_id][1] - receipts[number]) for number, one in enumerate(told)]
    await _pass_gate(gateway, to, told, heard)
    row = (
        f"{clients:,}", waiting_mb - before_mb, 1000 * (waiting_mb - before_mb) / clients, 100 * idle_share,
        percentile_ms(latencies, 0.5), percentile_ms(latencies, 0.99), load.percentile_ms(0.99),
    )  # fmt: skip
    columns = (
        "waiting clients", "memory MB", "KB a client", "server CPU % while all wait",
        "heard after the receipt, p50 ms", "p99 ms", "receipt p99 ms",
    )  # fmt: skip
    caption = (
        f"Every client is a system of its own with one long poll open; {documents:,} documents come at random moments, "
        f"{RATE:g} a second, each to one of them."
    )
    return Outcome((Table(caption, columns, (row,)),))


def _packets(gateway: Installed, to: list[int]) -> list[Prepared]:
    ministry, at, chance = gateway.stage.cast.ministry, datetime.now(UTC), random.Random(2)
    return [
        prepared(sealed_packets(ministry, ((key_of(one), name_of(one)),), 1, at, chance, number)[0])
        for number, one in enumerate(to, start=1)
    ]


async def _submitted(gateway: Installed, packets: list[Prepared], receipts: dict[int, float]) -> Load:
    """The load; `receipts` learns when each receipt was there."""

    def told(number: int) -> None:
        receipts[number] = time.perf_counter()

    requests = submissions(gateway, gateway.stage.cast.ministry.peer, packets)
    return await pour(HOST, gateway.port, requests, RATE, SENDERS, told=told)


async def _wait(gateway: Installed, number: int, line: Connection, heard: dict[str, tuple[int, float, str]]) -> None:
    """One client: asks again as soon as it was answered, past what it has seen."""
    headers, after = gateway.bearer(peer_of(number)), ""
    while True:
        path = "/v1/inbox?wait_s=50" + (f"&after={after}" if after else "")
        answer = await line.ask(get(HOST, gateway.port, path, headers))
        now = time.perf_counter()
        page = json.loads(answer.body)
        for item in page["deliveries"]:
            heard[item["dispatch_id"]] = (number, now, item["delivery_id"])
        after = page["next"] or after


async def _all_heard(heard: dict[str, tuple[int, float, str]], told: list[Accepted]) -> None:
    async with asyncio.timeout(30):
        while any(one.dispatch_id not in heard for one in told):
            await asyncio.sleep(0.01)


async def _pass_gate(
    gateway: Installed, to: list[int], told: list[Accepted], heard: dict[str, tuple[int, float, str]]
) -> None:
    """The right client heard, and gets the very packet."""
    await verify(gateway, gateway.stage.cast.ministry.peer, told)
    async with connected(HOST, gateway.port) as line:
        for number, one in zip(to, told, strict=True):
            client, _, delivery_id = heard[one.dispatch_id]
            form = {**gateway.bearer(peer_of(client)), "Accept": "multipart/form-data"}
            answer = await line.ask(get(HOST, gateway.port, f"/v1/deliveries/{delivery_id}/packet", form))
            if client != number or answer.status != 200 or digest_of_form(answer.body) != one.digest:
                raise Uncounted(f"{one.dispatch_id} was heard of by client {client}, not {number}")
