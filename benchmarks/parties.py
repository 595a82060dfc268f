"""The two ends of the line, as systems of agencies are: one submits, the other pulls, stores, acknowledges, reports."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from benchmarks.installed import HOST, Installed
from benchmarks.load import Answer, Connection, connected, get, post
from benchmarks.packets import Prepared, digest_of_form

PAGE = 200
WORKERS = 4
PATIENCE_S = 60.0
JSON = {"Content-Type": "application/json"}
STORED = b'{"stored":true}'


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a sender was told."""

    dispatch_id: str
    ledger_index: int
    digest: str


def submissions(gateway: Installed, peer: str, packets: Sequence[Prepared]) -> list[bytes]:
    """Whole requests that submit these."""
    return [
        post(HOST, gateway.port, "/v1/packets", {**gateway.bearer(peer), "Content-Type": one.content_type}, one.body)
        for one in packets
    ]


def accepted(bodies: Sequence[bytes]) -> list[Accepted]:
    """What the answers to submissions say."""
    said = [json.loads(body) for body in bodies]
    return [Accepted(one["dispatch_id"], one["ledger_index"], one["packet_digest"]) for one in said]


@dataclass
class Shelf:
    """An agency's store: packets in one file, found by their dispatch."""

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    def put(self, dispatch_id: str, body: bytes) -> None:
        """Keep a packet, the first time it comes."""
        if dispatch_id in self.places:
            self.twice.append(dispatch_id)
            return
        self.places[dispatch_id] = (self.file.seek(0, 2), len(body))
        self.file.write(body)

    def digest(self, dispatch_id: str) -> str | None:
        """Of the packet that lies there, reckoned from its bytes; None where there is none."""
        place = self.places.get(dispatch_id)
        if place is None:
            return None
        self.file.seek(place[0])
        return digest_of_form(self.file.read(place[1]))


class Puller:
    """A system that pulls what waits for it. Each delivery is fetched, stored, acknowledged and, where `reports` is a
    status code, reported on."""

    def __init__(self, gateway: Installed, peer: str, reports: str | None = None) -> None:
        self.shelf, self.statuses = Shelf(), list[str]()
        """Dispatches of the reports it made."""
        self.done_at_s: list[float] = []
        """When each delivery was done with, by `time.perf_counter`."""
        self._gateway, self._headers, self._reports = gateway, gateway.bearer(peer), reports
        self._items: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()

    async def pull(self, count: int) -> None:
        """Until so many deliveries are done with. RuntimeError where the line falls silent before."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look(count))
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def _look(self, count: int) -> None:
        seen, after, heard_s = set[str](), "", time.perf_counter()
        async with connected(HOST, self._gateway.port) as line:
            while len(seen) < count:
                path = f"/v1/inbox?wait_s=5&limit={PAGE}" + (f"&after={after}" if after else "")
                page = json.loads(_expect(await line.ask(get(HOST, self._gateway.port, path, self._headers)), 200))
                for item in page["deliveries"]:
                    if item["delivery_id"] not in seen:
                        seen.add(item["delivery_id"])
                        self._items.put_nowait((item["delivery_id"], item["dispatch_id"]))
                        heard_s = time.perf_counter()
                after = page["next"] or after
                if time.perf_counter() - heard_s > PATIENCE_S:
                    raise RuntimeError(f"{len(seen)} of {count} deliveries came, then nothing more")
        for _ in range(WORKERS):
            self._items.put_nowait(None)

    async def _work(self) -> None:
        async with connected(HOST, self._gateway.port) as line:
            while (one := await self._items.get()) is not None:
                await self._take(line, *one)
                self.done_at_s.append(time.perf_counter())

    async def _take(self, line: Connection, delivery_id: str, dispatch_id: str) -> None:
        port, path = self._gateway.port, f"/v1/deliveries/{delivery_id}"
        form = {**self._headers, "Accept": "multipart/form-data"}
        self.shelf.put(dispatch_id, _expect(await line.ask(get(HOST, port, f"{path}/packet", form)), 200))
        answer = post(HOST, port, f"{path}/acknowledgement", {**self._headers, **JSON}, STORED)
        _expect(await line.ask(answer), 200)
        if self._reports is not None:
            body = json.dumps({"code": self._reports, "description": "Đã hoàn thành"}).encode()
            told = await line.ask(post(HOST, port, f"{path}/status", {**self._headers, **JSON}, body))
            self.statuses.append(json.loads(_expect(told, 200, 201))["dispatch_id"])


def _expect(answer: Answer, *statuses: int) -> bytes:
    if answer.status not in statuses:
        raise RuntimeError(f"answered {answer.status}, not {statuses}: {answer.body[:500]!r}")
    return answer.body
