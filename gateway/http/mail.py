"""The way out of mails: one SMTP session each, in a thread, encrypted and with the server's certificate checked.

Text and HTML say the same; what documents say is escaped in the one and harmless in the other. No third server is
asked for anything: a mail holds no picture, no link, no script.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from functools import cache
from pathlib import Path

import jinja2

from gateway.exchange.letters import Letter
from gateway.exchange.mails import Handed
from gateway.exchange.notice_rules import MailRules
from gateway.store.queries import Contact

DETAIL_CHARS_MAX = 500
FOR_GOOD = 500
"""Reply codes from here on are permanent (RFC 5321, section 4.2.1)."""


class SmtpMailer:
    """Hands mails to the configured server."""

    def __init__(self, rules: MailRules, password: str, origin: str) -> None:
        """`origin` is the gateway's name; Message-IDs are made of it."""
        self._rules, self._password = rules, password
        self._domain = origin.partition("/")[0].partition(":")[0]

    async def send(self, letter: Letter, to: tuple[Contact, ...], message_id: str, at: datetime) -> Handed:
        """One try. Whatever the server or the network does is an answer, never an exception."""
        try:
            message = written(letter, to, self._rules.sender, at)
        except ValueError as unfit:  # an address or a name no mail can bear
            return Handed(False, f"{type(unfit).__name__}: {unfit}"[:DETAIL_CHARS_MAX], never=True)
        message["Message-ID"] = f"<{message_id}@{self._domain}>"
        return await asyncio.to_thread(self._hand_over, message)

    def _hand_over(self, message: EmailMessage) -> Handed:
        try:
            with self._session() as server:
                if self._rules.user:
                    server.login(self._rules.user, self._password)
                return _partly(server.send_message(message))
        except smtplib.SMTPRecipientsRefused as refused:
            return Handed(False, _said(refused.recipients), never=_all_for_good(refused.recipients))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as no:
            said = f"{no.smtp_code} {_text(no.smtp_error)}"
            return Handed(False, said[:DETAIL_CHARS_MAX], never=no.smtp_code >= FOR_GOOD)
        except (smtplib.SMTPException, OSError, ValueError) as fault:  # ValueError: a challenge that cannot be read
            return Handed(False, f"{type(fault).__name__}: {fault}"[:DETAIL_CHARS_MAX])

    def _session(self) -> smtplib.SMTP:
        rules = self._rules
        if rules.tls == "tls":
            context = _trusted(rules.ca_file)
            return smtplib.SMTP_SSL(rules.host, rules.port, self._domain, timeout=rules.timeout_s, context=context)
        server = smtplib.SMTP(rules.host, rules.port, self._domain, timeout=rules.timeout_s)
        if rules.tls == "starttls":
            try:
                server.starttls(context=_trusted(rules.ca_file))
            except BaseException:
                server.close()
                raise
        return server


def written(letter: Letter, to: tuple[Contact, ...], sender: str, at: datetime) -> EmailMessage:
    """A letter as a mail, in text and in HTML."""
    message = EmailMessage(POLICY)
    message["From"] = sender
    message["To"] = [Address(display_name=one.name, addr_spec=one.address) for one in to]
    message["Subject"] = letter.title
    message["Date"] = at
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no absence notice answers it
    message.set_content(_templates().get_template("mail.txt").render(letter=letter))
    message.add_alternative(_templates().get_template("mail.html").render(letter=letter), subtype="html")
    return message


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _partly(refused: Mapping[str, tuple[int, bytes]]) -> Handed:
    """Taken for at least one recipient; those refused are named."""
    return Handed(True, f"taken, but not for {_said(refused)}" if refused else "taken")


def _said(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{who}: {code} {_text(why)}" for who, (code, why) in refused.items())[:DETAIL_CHARS_MAX]


def _all_for_good(refused: Mapping[str, tuple[int, bytes]]) -> bool:
    return all(code >= FOR_GOOD for code, _ in refused.values())


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
