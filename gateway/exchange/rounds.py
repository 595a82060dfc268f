"""Work done in rounds: at once while there is some, otherwise when a bell rings or the polling interval has passed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.model.refusal import Unavailable


async def rounds(line: Line, rung_by: str, once: Callable[[], Awaitable[bool]], pause_s: float = 0.0) -> None:
    """Do `once` until cancelled; it says whether it found work, and so whether to look again, after `pause_s`.

    What is unavailable (a full disk, a database away) is tried again in the next round: the store keeps what was
    committed, and every round starts from there. Anything else is a bug and ends the gateway.
    """
    while True:
        rung = line.bell.listen(rung_by)
        try:
            found_work = await once()
        except Unavailable:
            found_work = False
        if found_work:
            rung.cancel()
            await asyncio.sleep(pause_s)
        else:
            await bell.wait(rung, line.rules.poll_s)
