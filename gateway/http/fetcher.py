"""Fetching revocation lists and answers over HTTP, for the task that keeps the snapshot fresh."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import aiohttp

from gateway.exchange.revocation import FetchError
from gateway.trust.revocation import ANSWER_BYTES_MAX, Source, SourceKind

REDIRECTS_MAX = 3


class HttpFetcher:
    """Asks sources over a session that its caller owns. Authorities publish by plain http: answers carry signatures."""

    def __init__(self, session: aiohttp.ClientSession, answer_bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self._session, self._answer_bytes_max = session, answer_bytes_max

    async def fetch(self, source: Source, timeout_s: float) -> bytes:
        """The body of the answer; FetchError for anything but a 200 of a bounded size in time."""
        try:
            async with self._request(source, aiohttp.ClientTimeout(total=timeout_s)) as response:
                if response.status != 200:
                    raise FetchError(f"HTTP {response.status}")
                return await self._body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise FetchError(f"{type(fault).__name__}: {fault}"[:200]) from fault

    def _request(
        self, source: Source, timeout: aiohttp.ClientTimeout
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if source.kind is SourceKind.OCSP:
            headers = {"Content-Type": "application/ocsp-request"}
            return self._session.post(source.url, data=source.request, headers=headers, timeout=timeout)
        return self._session.get(source.url, timeout=timeout, max_redirects=REDIRECTS_MAX)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > self._answer_bytes_max:
                raise FetchError(f"more than {self._answer_bytes_max} bytes")
        return bytes(body)
