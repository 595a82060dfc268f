"""One canonical line per request in the diagnostic log, and the escaping that keeps peers from writing their own."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from aiohttp import web

from gateway.model.words import shown

LOG = structlog.get_logger("gateway.http")

CHARS_MAX = 200


def printable(text: str) -> str:
    """`text` as it may stand in a log line."""
    return shown(text, CHARS_MAX)


class Facts:
    """What one request turned out to be. Every stage adds what it knows; the line is written when the answer is."""

    __slots__ = ("known", "request_id")

    def __init__(self) -> None:
        self.request_id = secrets.token_hex(8)
        self.known: dict[str, Any] = {}

    def add(self, **facts: object) -> None:
        """Note facts; texts are made printable here, so no caller can forget."""
        for name, fact in facts.items():
            self.known[name] = printable(fact) if isinstance(fact, str) else fact


FACTS = web.RequestKey("facts", Facts)


def facts_of(request: web.BaseRequest) -> Facts:
    """The facts of a request, begun at the first question."""
    facts = request.get(FACTS)
    if facts is None:
        facts = request[FACTS] = Facts()
    return facts
