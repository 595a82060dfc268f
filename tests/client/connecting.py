"""A connector in a process of its own, to be killed: `python -m tests.client.connecting CONFIG`; says when it works."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.client import GatewayClient, Patience
from gateway.client.connector import Connector, load


async def connect(config: Path) -> None:
    settings = load(config)
    patience = Patience(attempts_max=1, first_s=0.05, most_s=0.1)
    async with GatewayClient(settings.url, token=settings.token, patience=patience) as gateway:
        with Connector(gateway, settings, lambda *_, **__: None, patience, 0.05) as one:
            print("working", flush=True)
            await one.run()


if __name__ == "__main__":
    asyncio.run(connect(Path(sys.argv[1])))
