"""Retention destroys a content while it is being handed out: the packet, or the refusal, whenever it comes."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from gateway.exchange import retention
from gateway.exchange.acts import Actor
from gateway.model.dispatch import as_uuid
from gateway.model.reasons import Reason
from gateway.model.retention import Period
from gateway.store import Store
from gateway.store.retention import HoldVerdict
from tests.http.axis.places import service
from tests.http.problems import assert_problem
from tests.http.town import FILE, Clock, Town, awaited, inline, open_line, packet, town

PERIODS = (Period("*", date(2020, 1, 1), 10, "Danh mục hồ sơ năm 2026"),)
OPERATOR = Actor("@lan", "a" * 64)
LOOKS_MAX = 20
"""No request asks what time it is more often."""


@dataclass
class Interrupted(Clock):
    """The town's clock; while it is looked at for the `left`th time from now, another process destroys what is due."""

    folder: Path = Path()
    left: int = 0

    def __call__(self) -> datetime:
        self.left -= 1
        if self.left == 0:
            with ThreadPoolExecutor(1) as other:
                other.submit(lambda: asyncio.run(destroy(self.folder))).result()
        return super().__call__()


async def destroy(folder: Path) -> None:
    """As `gateway retention destroy` does beside a gateway that serves."""
    store = Store.open(f"sqlite:///{folder / 'truc.db'}", folder / "blobs")
    try:
        line = open_line(store, folder, Clock())
        async for one in retention.due(line, PERIODS, date(2037, 1, 1)):
            assert await retention.erase(line, OPERATOR, one, "Hết thời hạn") is HoldVerdict.DONE
    finally:
        store.close()


async def sent(here: Town, number: int, data: bytes) -> str:
    """The delivery of a document that nobody else's content keeps."""
    body = inline(
        *packet(f"G22.{number}", attachments=(("a.pdf", data + str(number).encode()),), code_number=f"{1000 + number}")
    )
    status, answer, _ = await here.ask("POST", "/v1/packets", data=body, headers=FILE)
    assert status == 201, answer
    *_, waits = json.loads((await here.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
    return str(waits["delivery_id"])


@pytest.mark.parametrize("size", [20, 100_000], ids=["in the database", "in a file"])
@pytest.mark.parametrize("what", ["packet", "attachments/1", "downloadEdoc"])
@awaited
async def test_whenever_content_is_destroyed_its_reader_gets_it_or_the_refusal(
    tmp_path: Path, what: str, size: int
) -> None:
    clock = Interrupted(folder=tmp_path)
    async with town(tmp_path, clock=clock) as here:
        here.sequencing.cancel()  # only the request looks at the clock
        province = await service(here, "tinh")
        answers = []
        for look in range(1, LOOKS_MAX):
            delivery = await sent(here, look, bytes(size))
            clock.left = look
            if what == "downloadEdoc":
                reply = await province.download(as_uuid(delivery))
                answers.append(reply.status)
                assert reply.status == 200 or reply.code == Reason.STATE_CONFLICT, reply
            else:
                answer = await here.ask("GET", f"/v1/deliveries/{delivery}/{what}", "tinh")
                answers.append(answer[0])
                if answer[0] != 200:
                    assert_problem(answer, Reason.STATE_CONFLICT)
            if clock.left > 0:  # it was answered before the other process came
                break
        assert answers[-1] == 200
        assert 409 in answers
