"""A partner: a system that speaks for an agency, in one dialect or the other; what every scenario may ask of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from gateway.trust import KeySigner

MessageType = Literal["edoc", "status"]
"""What a packet is, in the axis' words."""


@dataclass(frozen=True, slots=True)
class Seat:
    """The agency a partner speaks for. `signer` seals its packets; None: they go unsealed, as most do today."""

    agency: str
    name: str
    old_id: str = ""
    """Its identifier of before the amendment of 2022; empty: it has none."""
    signer: KeySigner | None = None


NO_ANSWER = "no-answer"
"""Code of an answer that is none of the dialect's: a proxy's page, a broken body."""


class NotTaken(Exception):
    """The gateway said no: its code, and its words."""

    def __init__(self, code: str, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(f"{code}: {words}")


class Partner(Protocol):
    """What a system can do. Identifiers are the dialect's own: opaque. NotTaken where the gateway refuses."""

    @property
    def seat(self) -> Seat: ...
    @property
    def dialect(self) -> str: ...
    async def send(self, file: bytes, message_type: MessageType) -> str: ...
    async def send_unproven(self, file: bytes) -> str:
        """The same with a credential that does not hold."""
        ...

    async def send_half(self, file: bytes) -> None:
        """The same, and the line breaks in the middle of the body."""
        ...

    async def waiting(self, message_type: MessageType) -> list[str]: ...
    async def fetch(self, doc_id: str) -> bytes: ...
    async def confirm(self, doc_id: str) -> None: ...
    async def refuse(self, doc_id: str, reason: str) -> None: ...
    async def fates(self, doc_id: str, message_type: MessageType) -> Mapping[str, str]:
        """By addressee, as addressed: initial, processing, done or fail."""
        ...


async def send_and_break(url: str, headers: Mapping[str, str], body: bytes, tls: ssl.SSLContext | None) -> None:
    """Announce a body, send half of it, and break the connection."""
    address = urlsplit(url)
    secure = tls or ssl.create_default_context() if address.scheme == "https" else None
    port = address.port or (443 if secure else 80)
    _, writer = await asyncio.open_connection(address.hostname, port, ssl=secure)
    rows = {"Host": address.netloc, **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    writer.write(f"POST {address.path} HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) // 2])
    await writer.drain()
    writer.transport.abort()
