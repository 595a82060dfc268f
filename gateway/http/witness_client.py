"""Reaching witnesses over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import aiohttp

from gateway.exchange import witnessing
from gateway.exchange.line import Line
from gateway.exchange.witnessing import WitnessError

ANSWER_BYTES_MAX = 16_384


class HttpWitnesses:
    """Asks over a session that its caller owns."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def add_checkpoint(self, url: str, body: bytes, timeout_s: float) -> tuple[int, bytes]:
        """Status and body of the answer, bounded in size and time. WitnessError where there is none."""
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.post(
                f"{url}/add-checkpoint", data=body, timeout=timeout, allow_redirects=False
            ) as answer:
                said = b""
                async for piece in answer.content.iter_any():
                    said += piece
                    if len(said) > ANSWER_BYTES_MAX:
                        raise WitnessError(f"more than {ANSWER_BYTES_MAX} bytes")
                return answer.status, said
        except TimeoutError as fault:
            raise WitnessError(f"no answer within {timeout_s:g} s") from fault
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise WitnessError(f"{type(fault).__name__}: {fault}"[:200]) from fault


async def run(line: Line) -> None:
    """Ask the line's witnesses until cancelled, over connections that nothing else waits for."""
    async with aiohttp.ClientSession() as session:
        await witnessing.run(line, HttpWitnesses(session))
