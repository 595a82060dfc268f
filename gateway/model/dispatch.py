"""An admitted packet: what the register keeps of it, and the receipt its sender holds."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.delivery import Delivery
from gateway.model.packet import Attachment
from gateway.model.refusal import Finding


class Kind(StrEnum):
    """What kind of packet a dispatch carries."""

    DOCUMENT = "document"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An admitted packet, as the register shows it."""

    id: str
    kind: Kind
    peer: str
    sender: str
    """Key of the sending agency."""
    document_id: str | None
    code: str
    subject: str
    business_type: int
    packet_digest: str
    admitted_at: datetime
    ledger_index: int
    attachments: tuple[Attachment, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Our signed statement to the sender: the bytes of the sealed XML, the same at every repeat."""

    dispatch_id: str
    ledger_index: int
    packet_digest: str
    admitted_at: datetime
    xml: bytes
    repeated: bool = False
    """True where this submission was seen before and nothing new was recorded."""
    warnings: tuple[Finding, ...] = ()


def new_id(now_ms: int | None = None, chance: bytes | None = None) -> str:
    """A time-ordered identifier of 26 characters (48 bits of milliseconds, 80 of chance; base32 of Crockford).

    Ordered by time so that indexes of a growing register stay dense. Time and chance are parameters for tests.
    """
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    number = (stamp << 80) | int.from_bytes(secrets.token_bytes(10) if chance is None else chance)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
