"""The way out of notices: one POST each, over HTTPS, no redirect followed, no private network unless configured."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Mapping

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.exchange.webhooks import Reply
from gateway.http.endpoints import JSON
from gateway.model.webhook import unfit_target

DETAIL_CHARS_MAX = 500


class HttpPoster:
    """Posts over a session that its caller owns (`session`)."""

    def __init__(self, session: aiohttp.ClientSession, private_targets: bool) -> None:
        self._session, self._private_targets = session, private_targets

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Reply:
        """One attempt. Whatever the network or the other side does is a reply, never an exception."""
        if unfit := unfit_target(url, self._private_targets):
            return Reply(None, unfit)
        try:
            async with self._session.post(
                url,
                data=body,
                headers={hdrs.CONTENT_TYPE: JSON, hdrs.USER_AGENT: "truc", **headers},
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=False,
            ) as response:
                return Reply(response.status, f"HTTP {response.status}", _retry_after_s(response))
        except TimeoutError:
            return Reply(None, f"no answer within {timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Reply(None, f"{type(error).__name__}: {error}"[:DETAIL_CHARS_MAX])


def session(private_targets: bool, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """Connections to endpoints. Each webhook has its share, so there is no limit over them all."""
    resolver = aiohttp.ThreadedResolver() if private_targets else PublicResolver()
    connector = aiohttp.TCPConnector(ssl=tls, limit=0, resolver=resolver)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only.

    What is checked here is what is connected to, so a name that changes its address between the two is no way around.
    """

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name; OSError where it has none."""
        every = await self._system.resolve(host, port, family)
        public = [one for one in every if ipaddress.ip_address(one["host"].partition("%")[0]).is_global]
        if not public:
            raise OSError(f"{host} is in a private network")
        return public

    async def close(self) -> None:
        """Nothing is held."""
        await self._system.close()


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    written = response.headers.get(hdrs.RETRY_AFTER, "")
    return float(written) if written.isascii() and written.isdigit() and len(written) <= 9 else None
