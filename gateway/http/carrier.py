"""The way out: a delivery is posted to its addressee's endpoint, as the same form a submission may be.

The addressee answers 2xx once it has the packet, with `{"stored": true}` if it has stored it for good (then nothing
more is expected of it), or 422 with `{"refused": "why"}` if it will never take it. Everything else, and silence,
means later.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import aiohttp
import msgspec
from aiohttp import hdrs
from msgspec import Meta

from gateway.exchange.push import Answer, Consignment
from gateway.http.endpoints import FORM
from gateway.http.parcels import Parcel
from gateway.http.shapes import WORDED
from gateway.http.transfer import next_batch
from gateway.model.delivery import Outcome
from gateway.store import Blobs

ANSWER_BYTES_MAX = 65_536
BATCH_BYTES = 1_048_576
REASON_CHARS_MAX = 2_000


class PushAnswer(msgspec.Struct, frozen=True):
    """What an addressee's endpoint may say."""

    stored: bool = False
    refused: Annotated[str, Meta(pattern=WORDED)] | None = None
    """A reason as the native door takes it; what is none is no answer, and the push is made again."""


class HttpCarrier:
    """Pushes over HTTPS (plain HTTP only where the URL says so: loopback and tests)."""

    def __init__(self, session: aiohttp.ClientSession, blobs: Blobs) -> None:
        """`session` belongs to whoever made it, and carries the TLS context (`tls`)."""
        self._session = session
        self._blobs = blobs

    async def push(self, consignment: Consignment, timeout_s: float) -> Answer:
        """One attempt. Whatever the network or the other side does is an answer, never an exception."""
        packet = consignment.packet
        parcel = Parcel(packet.envelope, packet.attachments, tuple(map(self._blobs.reader, packet.attachments)))
        boundary = secrets.token_hex(16)
        pieces, length = parcel.form(boundary)
        headers = {
            hdrs.CONTENT_TYPE: f"{FORM}; boundary={boundary}",
            hdrs.CONTENT_LENGTH: str(length),
            "Truc-Delivery": consignment.delivery_id,
            "Truc-Dispatch": consignment.dispatch_id,
            "Truc-Addressee": consignment.addressee,
            "Truc-Attempt": str(consignment.attempt),
            # The delivery is the idempotency key: at least once on the wire, once in the addressee's register.
            "Idempotency-Key": consignment.delivery_id,
        }
        try:
            async with self._session.post(
                consignment.url,
                data=_batches(pieces),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=False,
            ) as response:
                return _answer(response.status, await response.content.read(ANSWER_BYTES_MAX))
        except TimeoutError:
            return Answer(Outcome.DEFERRED, f"no answer within {timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: a name that cannot be looked up
            return Answer(Outcome.DEFERRED, f"{type(error).__name__}: {error}"[:REASON_CHARS_MAX])


def tls(ca_pem: str | None, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """Whom pushes trust (the system's authorities and `ca_pem`), and the certificate they show."""
    context = ssl.create_default_context(cadata=ca_pem)
    if certificate and key:
        context.load_cert_chain(certificate, key)
    return context


def _answer(status: int, body: bytes) -> Answer:
    try:
        said = msgspec.json.decode(body, type=PushAnswer) if body else PushAnswer()
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = PushAnswer()
    if 200 <= status < 300:
        return Answer(Outcome.DELIVERED, f"HTTP {status}", acknowledged=said.stored)
    if status == 422 and said.refused:
        return Answer(Outcome.REFUSED, said.refused[:REASON_CHARS_MAX])
    return Answer(Outcome.DEFERRED, f"HTTP {status}")


async def _batches(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The form in large pieces, read from disk beside the event loop."""
    while batch := await asyncio.to_thread(next_batch, pieces, BATCH_BYTES):
        yield batch
