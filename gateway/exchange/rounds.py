"""Work done in rounds: at once while there is some, otherwise when a bell rings or the polling interval has passed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.model.refusal import Unavailable

LOG = logging.getLogger(__name__)


UNHURRIED_S = 0.2
"""Between two rounds of what nobody waits for: under load one round takes in what came meanwhile, at little more than
the cost of one for a single document."""


async def rounds(line: Line, rung_by: str, once: Callable[[], Awaitable[bool]], pause_s: float = 0.0) -> None:
    """Do `once` until cancelled; it says whether it found work, and so whether to look again at once.

    Rounds begin `pause_s` after one another at the least.

    What is unavailable (a full disk, a database away) is tried again in the next round: the store keeps what was
    committed, and every round starts from there. The log says when it begins and when it is over. Anything else is a
    bug and ends the gateway.
    """
    away = False
    while True:
        rung, began_s = line.bell.listen(rung_by), time.monotonic()
        try:
            found_work = await once()
        except Unavailable as cannot:
            if not away:
                LOG.warning("rounds of %s are put off: %s", rung_by, cannot)
            found_work, away = False, True
        else:
            if away:
                LOG.warning("rounds of %s go on", rung_by)
            away = False
        if found_work:
            rung.cancel()
        else:
            await bell.wait(rung, line.rules.poll_s)
        await asyncio.sleep(max(0.0, began_s + pause_s - time.monotonic()))
