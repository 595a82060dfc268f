"""Where others find us, when a proxy that ends TLS stands in front and our own connections say something else.

What a proxy adds to a request (X-Forwarded-*, Forwarded) is never read: anybody can write it. The one address an
operator configured holds for every request, whichever way it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from gateway.exchange.provider import LOOPBACK

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """The origin (RFC 6454) under which browsers and systems know the gateway."""

    scheme: str
    host: str
    """With the port where it is not the scheme's own, as a browser writes it."""

    @classmethod
    def parse(cls, written: str) -> PublicAddress:
        """`https://HOST[:PORT]`; plain http for this very machine alone. ValueError for anything else."""
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
        bracketed = f"[{host}]" if ":" in host else host
        encrypted = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
        more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        if not encrypted or more or not _HOST.fullmatch(bracketed) or set(written) & set("?#"):
            raise ValueError(written)
        shown = "" if port in {None, _PORTS[parts.scheme]} else f":{port}"
        return cls(parts.scheme, bracketed + shown)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"

    def seen(self, request: web.BaseRequest) -> web.BaseRequest:
        """The request as it was sent: to this address, however its last stretch came to us."""
        return request.clone(scheme=self.scheme, host=self.host)


def origin_of(request: web.BaseRequest) -> str:
    """The origin this request was sent to, as a browser writes it."""
    return f"{request.scheme}://{request.host}"
