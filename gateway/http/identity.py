"""Who is asking: a peer, by the certificate of its TLS connection or by a bearer token.

The store keeps SHA-256 digests of tokens and certificates, never the tokens. No credential is compared with another:
its digest is looked up, here and in the store. How long that takes depends on the digest alone, and nobody can steer a
digest byte by byte, so the time tells nothing about any token.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import hdrs, web

from gateway.http.allowance import Allowance
from gateway.http.limits import HttpLimits
from gateway.model.agency import Directory, Peer
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found

TOKEN_CHARS_MAX = 512
CREDENTIALS_KEPT_MAX = 10_000

FindCredential = Callable[[str], Awaitable[str | None]]
"""From the SHA-256 (lower-case hex) of a token or a certificate to the key of its peer."""


@dataclass(frozen=True, slots=True)
class _Known:
    peer_key: str
    fresh_until_s: float


class Identity:
    """Authenticates requests. Owns its cache and allowances; used from the event loop only."""

    def __init__(self, find: FindCredential, limits: HttpLimits) -> None:
        self._find = find
        self._limits = limits
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._strangers = Allowance(limits.unknown_requests_per_s, limits.unknown_burst)
        self._peers = Allowance(limits.peer_requests_per_s, limits.peer_burst)

    async def peer(self, request: web.BaseRequest, directory: Directory, at: datetime, now_s: float) -> Peer:
        """The authenticated peer of a request, within its rate.

        Raises Refused(UNAUTHENTICATED), or Unavailable(RATE_LIMITED) with the seconds to wait. `at` decides revocation,
        `now_s` (monotonic) the rates.
        """
        return await self.holder(presented(request), request, directory, at, now_s)

    async def holder(
        self, credentials: tuple[str, ...], request: web.BaseRequest, directory: Directory, at: datetime, now_s: float
    ) -> Peer:
        """The peer that all of these credentials prove, as `peer` does. Without any, a stranger has knocked."""
        address = network_of(request.remote)
        if not credentials or not all(one in self._known for one in credentials):
            _pause(self._strangers.wait_s(address, now_s))
        keys = {await self._peer_key(one, now_s) for one in credentials}
        key = keys.pop() if len(keys) == 1 else None  # two credentials must name one peer
        peer = directory.peer(key) if key else None
        if peer is None or (peer.revoked_at is not None and peer.revoked_at <= at):
            _pause(self._strangers.take(address, now_s))
            raise Refused(found(Reason.UNAUTHENTICATED, where=request.path))
        _pause(self._peers.take(peer.key, now_s))
        return peer

    async def _peer_key(self, digest: str, now_s: float) -> str | None:
        known = self._known.get(digest)
        if known is None or known.fresh_until_s <= now_s:
            key = await self._find(digest)
            if key is None:
                self._known.pop(digest, None)
                return None
            known = self._known[digest] = _Known(key, now_s + self._limits.credential_cache_s)
            if len(self._known) > CREDENTIALS_KEPT_MAX:
                self._known.popitem(last=False)
        return known.peer_key


def presented(request: web.BaseRequest) -> tuple[str, ...]:
    """SHA-256 digests of every credential a request carries: its connection's certificate, its token."""
    digests = []
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    if isinstance(tls, ssl.SSLObject) and (certificate := tls.getpeercert(binary_form=True)):
        digests.append(hashlib.sha256(certificate).hexdigest())
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_CHARS_MAX:
        digests.append(hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest())
    return tuple(digests)


def network_of(address: str | None) -> str:
    """The key under which strangers share an allowance: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "local"  # a Unix socket has no address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _pause(wait_s: float) -> None:
    if wait_s > 0:
        raise Unavailable(Reason.RATE_LIMITED, retry_after_s=math.ceil(wait_s))
