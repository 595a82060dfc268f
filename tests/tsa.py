"""A time-stamping authority: certomancer's, behind a real server on port 0, that can be told to lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from certomancer.services import TimeStamper
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.pki import DAY, NOW, Identity, certificate, p256


@dataclass
class Tsa:
    """The authority, its root, and what it does wrong: `lies` may change a question before it is answered."""

    root: Identity
    own: Identity
    now: Callable[[], datetime]
    asked: int = 0
    url: str = ""
    away: bool = False
    delay_s: float = 0.0
    ahead: timedelta = timedelta()
    lies: Callable[[tsp.TimeStampReq], None] = lambda _: None
    answers: bytes | None = None
    seen: list[bytes] = field(default_factory=list)

    def respond(self, request: bytes) -> bytes:
        """The answer to a question, as certomancer writes it."""
        asked = tsp.TimeStampReq.load(request)
        self.lies(asked)
        stamper = TimeStamper(_asn1(self.own), _key(self.own), fixed_dt=self.now() + self.ahead)
        return stamper.request_tsa_response(asked).dump()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        self.seen.append(await request.read())
        await asyncio.sleep(self.delay_s)
        if self.away:
            return web.Response(status=503)
        body = self.answers if self.answers is not None else self.respond(self.seen[-1])
        return web.Response(body=body, content_type="application/timestamp-reply")


def authority(now: Callable[[], datetime] = lambda: NOW, **options: object) -> Tsa:
    """An authority with a root of its own; `options` are its certificate's (`tests.pki.certificate`)."""
    root_key, own_key = p256("tsa-root"), p256("tsa")
    root = Identity(certificate("TSA Root", root_key, authority=True, starts_at=NOW - 400 * DAY), root_key)
    wanted = {"extended": (ExtendedKeyUsageOID.TIME_STAMPING,), "extended_critical": True, **options}
    return Tsa(root, Identity(certificate("Đồng hồ Kiểm thử", own_key, root, **wanted), own_key), now)


@asynccontextmanager
async def serving(tsa: Tsa) -> AsyncIterator[Tsa]:
    """The authority behind a port, until the block ends."""
    runner = web.ServerRunner(web.Server(tsa.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    tsa.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield tsa
    finally:
        await runner.cleanup()


def _asn1(one: Identity) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(one.der)


def _key(one: Identity) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(one.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
