"""Partners at the town's doors: the ministry and the province, each through both dialects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from gateway.client import GatewayClient
from gateway.conformance.axis import AxisPartner
from gateway.conformance.native import FEW_TRIES, NativePartner
from gateway.conformance.partner import Partner, Seat
from gateway.exchange import lifecycle
from tests.http.axis.places import credential, lenient
from tests.http.axis.sdk import BASE_PATH
from tests.http.town import MINISTRY, PROVINCE, TOKENS, Town

SEATS = {
    "bo": Seat(MINISTRY, "Bộ Kiểm thử"),
    "tinh": Seat(PROVINCE, "Ủy ban nhân dân tỉnh Kiểm thử", "000.00.00.H29"),
}


@asynccontextmanager
async def partners(here: Town) -> AsyncIterator[dict[tuple[str, str], Partner]]:
    """By peer and dialect."""
    lenient(here)
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession())
        found: dict[tuple[str, str], Partner] = {}
        for peer, seat in SEATS.items():
            gateway = GatewayClient(here.url, token=TOKENS[peer], patience=FEW_TRIES)
            await opened.enter_async_context(gateway)
            found[peer, "native"] = NativePartner(seat, here.url, TOKENS[peer], gateway)
            system_id, secret = await credential(here, peer)
            url = here.url + BASE_PATH
            found[peer, "axis"] = AxisPartner(seat, url, system_id, secret, session, here.clock)
        at_work = asyncio.create_task(lifecycle.run(here.line))
        try:
            yield found
        finally:
            at_work.cancel()
            await asyncio.gather(at_work, return_exceptions=True)
