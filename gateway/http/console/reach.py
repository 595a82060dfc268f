"""Whether an endpoint is there: one request that carries nothing and asks for nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Reached:
    """How an endpoint answered."""

    how: str
    """`answered`, `distrusted` (its certificate is not one this machine trusts), `silent`, `away`."""
    seconds: float
    detail: str = ""


async def reach(url: str, timeout_s: float) -> Reached:
    """Ask with OPTIONS, which changes nothing there; any answer at all says that somebody is there."""
    started_s = time.perf_counter()
    how, detail = "away", ""
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.options(url, allow_redirects=False) as answer,
        ):
            how, detail = "answered", f"HTTP {answer.status}"
    except TimeoutError:
        how = "silent"
    except aiohttp.ClientConnectorCertificateError as fault:
        how, detail = "distrusted", str(fault.certificate_error)
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        detail = f"{type(fault).__name__}: {fault}"
    return Reached(how, round(time.perf_counter() - started_s, 3), detail[:200])
