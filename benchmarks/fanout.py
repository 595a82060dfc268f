"""Fan-out: one packet to 1, 10 and 1,000 addressees; what a packet and what a delivery of it cost."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime

from benchmarks.crowd import HUB, crowd, key_of, name_of
from benchmarks.gate import Uncounted, receipted, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import connected, fire, get
from benchmarks.outcome import Cell, Outcome, Table
from benchmarks.packets import digest_of_form, prepared, sealed_packets
from benchmarks.parties import Accepted, submissions

WIDTHS = (1, 10, 1_000)
CONNECTIONS = 8
PAGE = 500


def measure(deliveries: int) -> Outcome:
    """About so many deliveries for each width, at least two packets."""
    rows = []
    with installed(enlarge=crowd(max(WIDTHS), own_systems=False)) as gateway:
        _one_width(gateway, 1, 20, 900_000)  # warm
        for number, width in enumerate(WIDTHS):
            packets = min(max(deliveries // width, 2), deliveries // 4)
            rows.append(_one_width(gateway, width, packets, 1 + number * 100_000))
    caption = f"Sealed packets of 5 KB + 20 KB over {CONNECTIONS} connections; every delivery was seen in the inbox."
    columns = ("addressees", "packets", "packets/s", "deliveries/s", "server CPU ms/packet", "µs/delivery", "p99 ms")
    return Outcome((Table(caption, columns, tuple(rows)),))


def _one_width(gateway: Installed, width: int, count: int, first_number: int) -> tuple[Cell, ...]:
    ministry, at = gateway.stage.cast.ministry, datetime.now(UTC)
    to = tuple((key_of(one), name_of(one)) for one in range(width))
    packets = [prepared(one) for one in sealed_packets(ministry, to, count, at, random.Random(1), first_number)]
    before_s = gateway.served.cpu_s
    load = asyncio.run(fire(HOST, gateway.port, submissions(gateway, ministry.peer, packets), CONNECTIONS))
    cpu_s = gateway.served.cpu_s - before_s
    told = receipted(load, packets)
    asyncio.run(_pass_gate(gateway, ministry.peer, told, width))
    each_ms = 1000 * cpu_s / count
    return (
        f"{width:,}",
        count,
        load.rate,
        load.rate * width,
        each_ms,
        1000 * each_ms / width,
        load.percentile_ms(0.99),
    )


async def _pass_gate(gateway: Installed, sender: str, told: list[Accepted], width: int) -> None:
    """Every delivery waits in the inbox once; one of each packet is fetched and compared."""
    await verify(gateway, sender, told)
    waiting, some = Counter[str](), dict[str, str]()
    headers, after = gateway.bearer(HUB), ""
    async with connected(HOST, gateway.port) as line:
        while True:
            path = f"/v1/inbox?limit={PAGE}" + (f"&after={after}" if after else "")
            page = json.loads((await line.ask(get(HOST, gateway.port, path, headers))).body)
            for item in page["deliveries"]:
                waiting[item["dispatch_id"]] += 1
                some[item["dispatch_id"]] = item["delivery_id"]
            if page["next"] is None:
                break
            after = page["next"]
        for one in told:
            if waiting[one.dispatch_id] != width:
                raise Uncounted(f"{waiting[one.dispatch_id]} deliveries of {one.dispatch_id}, not {width}")
            path = f"/v1/deliveries/{some[one.dispatch_id]}/packet"
            form = {**headers, "Accept": "multipart/form-data"}
            if digest_of_form((await line.ask(get(HOST, gateway.port, path, form))).body) != one.digest:
                raise Uncounted(f"{one.dispatch_id} came out as another packet")
