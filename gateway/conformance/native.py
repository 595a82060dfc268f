"""A partner that speaks the native API."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.client import GatewayClient, Patience, Problem
from gateway.conformance.partner import NO_ANSWER, MessageType, NotTaken, Seat, send_and_break

FEW_TRIES = Patience(attempts_max=3)
"""Enough for a gateway that asks to be asked later; what is broken is to be seen soon."""
WRONG_TOKEN = "conformance-wrong-token"  # noqa: S105  (that it holds nowhere is the point)
PACKET_TYPE = "application/edxml+xml"

_FATES = {"queued": "initial", "held": "initial", "delivered": "processing", "acknowledged": "done"}
_KINDS = {"edoc": "document", "status": "status"}


@dataclass(frozen=True, slots=True)
class NativePartner:
    """One system with a token. `gateway` is open."""

    seat: Seat
    url: str
    token: str
    gateway: GatewayClient
    tls: ssl.SSLContext | None = None
    dialect: str = "native"

    async def send(self, file: bytes, message_type: MessageType) -> str:
        del message_type  # the packet says it
        return await _sent(self.gateway, file)

    async def send_unproven(self, file: bytes) -> str:
        async with GatewayClient(self.url, token=WRONG_TOKEN, tls=self.tls, patience=FEW_TRIES) as stranger:
            return await _sent(stranger, file)

    async def send_half(self, file: bytes) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": PACKET_TYPE}
        await send_and_break(f"{self.url}/v1/packets", headers, file, self.tls)

    async def waiting(self, message_type: MessageType) -> list[str]:
        return [one.delivery_id for one in await self.gateway.waiting() if one.kind == _KINDS[message_type]]

    async def fetch(self, doc_id: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "packet.edxml"
            try:
                return (await self.gateway.fetch_file(doc_id, path)).packet.read_bytes()
            except Problem as no:
                raise NotTaken(no.reason, str(no)) from no

    async def confirm(self, doc_id: str) -> None:
        await self.gateway.acknowledge(doc_id)

    async def refuse(self, doc_id: str, reason: str) -> None:
        await self.gateway.decline(doc_id, reason)

    async def fates(self, doc_id: str, message_type: MessageType) -> Mapping[str, str]:
        del message_type
        seen = await self.gateway.status(doc_id)
        return {one.addressed_as: _FATES.get(one.status, "fail") for one in seen.deliveries}


async def _sent(gateway: GatewayClient, file: bytes) -> str:
    try:
        return (await gateway.submit(file)).dispatch_id
    except Problem as no:
        raise NotTaken(no.reason or NO_ANSWER, str(no)) from no
