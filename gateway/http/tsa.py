"""Asking a time-stamping authority over HTTP (RFC 3161 section 3.4)."""

from __future__ import annotations

import aiohttp

from gateway.exchange.timestamps import AwayError
from gateway.trust.timestamp import RESPONSE_BYTES_MAX

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


class HttpAuthority:
    """An authority at a URL, over a session that its caller owns."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def ask(self, question: bytes, timeout_s: float) -> bytes:
        """The answer's bytes; AwayError for anything but a 200 of its own content type and a bounded size, in time."""
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.post(
                self._url, data=question, headers={"Content-Type": QUERY}, timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status != 200 or answer.content_type != REPLY:
                    raise AwayError(f"HTTP {answer.status}, {answer.content_type}")
                body = await answer.content.read(RESPONSE_BYTES_MAX + 1)
                while len(body) <= RESPONSE_BYTES_MAX and (more := await answer.content.read(RESPONSE_BYTES_MAX)):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise AwayError(f"{type(fault).__name__}: {fault}"[:200]) from fault
        if len(body) > RESPONSE_BYTES_MAX:
            raise AwayError(f"more than {RESPONSE_BYTES_MAX} bytes")
        return body
