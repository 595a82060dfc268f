"""How the gateway says no, as an exception."""

from __future__ import annotations

import msgspec

from gateway.client.results import Finding
from gateway.model.reasons import Reason

TRANSIENT_STATUSES = frozenset({one.status for one in Reason if one.transient} | {502, 504})
"""Statuses after which the same request may succeed; 502 and 504 are said by what stands in between."""


class _Body(msgspec.Struct):
    title: str = ""
    detail: str = ""
    reason: str = ""
    hint: str = ""
    incident: str = ""
    findings: tuple[Finding, ...] = ()


class Problem(Exception):
    """The gateway refused, or could not now (`transient`). `str()` is one line for a person; `hint` says what to do."""

    def __init__(self, status: int, body: _Body, retry_after_s: float | None = None) -> None:
        self.status = status
        self.reason = body.reason
        """Stable code (`seal.digest`); empty where something in between answered instead of the gateway."""
        self.title = body.title
        self.detail = body.detail
        self.hint = body.hint
        self.incident = body.incident
        """What the gateway's operator asks for."""
        self.findings = body.findings
        self.retry_after_s = retry_after_s
        super().__init__(f"{body.title or status}: {body.detail}" if body.detail != body.title else body.title)

    @property
    def transient(self) -> bool:
        """True where the same request, unchanged, may succeed later."""
        return self.status in TRANSIENT_STATUSES

    @classmethod
    def read(cls, status: int, body: bytes, retry_after: str | None) -> Problem:
        """From an answer; whatever is not a problem document still becomes a Problem of its status."""
        try:
            parsed = msgspec.json.decode(body, type=_Body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            parsed = _Body(title=f"HTTP {status}", detail=body[:200].decode("utf-8", "replace"))
        wait_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
        return cls(status, parsed, wait_s)


class Unreachable(Exception):
    """The gateway could not be reached, or the connection broke, however often we tried. Nothing is lost: try again."""


class TransferDamaged(Exception):
    """What arrived is not what the gateway sent: the digests differ. The file was not kept."""
