"""An admitted packet: what the register keeps of it, and the receipt its sender holds."""

from __future__ import annotations

import re
import secrets
import time
from base64 import b32hexencode
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

from gateway.model.delivery import Delivery
from gateway.model.packet import Attachment
from gateway.model.refusal import Finding


class Kind(StrEnum):
    """What kind of packet a dispatch carries."""

    DOCUMENT = "document"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A document that another one repeats."""

    dispatch_id: str
    by: str
    """"number": the number, notation and year of one agency; "document_id": the identifier another agency used."""


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
    said: tuple[int, ...] = ()
    """Ledger indexes of what the packet says of others: a status, a change."""
    due_on: date | None = None
    priority: int | None = None
    """Urgency, 0 (none) to 4, as the packet writes it."""
    duplicate: Duplicate | None = None


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
    return _written(number)


def as_uuid(identifier: str) -> str:
    """An identifier of ours as the UUID of the same 128 bits, for readers that expect one."""
    number = 0
    for letter in identifier:
        number = number << 5 | _ALPHABET.index(letter)
    return str(UUID(int=number))


def from_uuid(written: str) -> str | None:
    """The identifier that `as_uuid` wrote so, in either case; None for anything that is no UUID."""
    return _written(UUID(written).int) if _UUID.fullmatch(written) else None


def made_at(identifier: str) -> datetime:
    """The instant in an identifier of ours, to the millisecond."""
    stamp = 0
    for letter in identifier[:10]:
        stamp = stamp << 5 | _ALPHABET.index(letter)
    return datetime.fromtimestamp(stamp / 1000, UTC)


def _written(number: int) -> str:
    # 26 letters of five bits; base32 takes whole groups of eight, so six that say nothing are cut off.
    return b32hexencode((number << 30).to_bytes(20))[:26].translate(_CROCKFORD).decode()


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", _ALPHABET.encode())
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
