"""One request of the dialect, understood: who calls, what was signed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.exchange.line import Line
from gateway.http.axis.agency_pages import AgencyPages
from gateway.http.axis.rules import AxisRules
from gateway.http.axis.signed import Signed, check_headers, check_timestamp, presented
from gateway.http.endpoints import Doors
from gateway.http.faults import fault
from gateway.http.identity import Identity
from gateway.http.logline import Facts, facts_of
from gateway.model.agency import Peer
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the operations share beside the doors."""

    doors: Doors
    identity: Identity
    rules: AxisRules
    pages: AgencyPages

    async def understand(self, request: web.Request) -> Call:
        """Who calls, and with which parameters. Refused(UNAUTHENTICATED) for an absent or a wrong signature, and
        once the caller is known, AXIS_HEADERS or AXIS_TIMESTAMP for what is wrong with the headers."""
        facts, line = facts_of(request), self.doors.line
        claim, at = presented(request), line.clock()
        credential = claim.credential(line.secrets)
        credentials = () if credential is None else (credential,)
        try:
            peer = await self.identity.holder(credentials, request, line.directory, at, time.monotonic())
        except Refused as stranger:
            raise fault(Reason.UNAUTHENTICATED, "axis_signature") from stranger
        facts.add(peer=peer.key)
        check_headers(request, claim.signed)
        check_timestamp(claim.signed, at, self.rules)
        return Call(request, self, peer, claim.signed, facts)


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose caller is known."""

    request: web.Request
    dialect: Dialect
    peer: Peer
    signed: Signed
    facts: Facts

    @property
    def doors(self) -> Doors:
        return self.dialect.doors

    @property
    def line(self) -> Line:
        return self.dialect.doors.line

    async def read_body(self) -> bytes:
        """The small JSON body. It is asked for (`Expect: 100-continue`) also where it says nothing: the SDK waits."""
        return await self.doors.transfers.read_small(self.request, self.doors.limits.json_bytes_max)


Answering = Callable[[Call], Awaitable[web.StreamResponse]]
