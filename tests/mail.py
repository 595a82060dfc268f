"""A real mail server for tests, in the loop of the test: it takes what it is told to take, slowly if it must."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """What came, and what is answered: `rcpt` and `data` by turns, 250 when they have run out."""

    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    slow_s: float = 0.0
    password: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.slow_s)
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.envelopes.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return answer

    def authenticated(self, _: SMTP, __: Session, ___: Envelope, ____: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == self.password.encode()
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> AsyncIterator[MailServer]:
    """The server on port 0: plain, with STARTTLS required, or encrypted from the first byte."""
    server = MailServer(**options)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            server,
            hostname="localhost",
            loop=loop,
            tls_context=None if implicit else tls,
            require_starttls=tls is not None and not implicit,
            authenticator=server.authenticated if server.password else None,
            auth_required=bool(server.password),
            auth_require_tls=not implicit,
        )

    listening = await loop.create_server(session, "127.0.0.1", 0, ssl=tls if implicit else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
