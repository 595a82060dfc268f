"""What a vector is, and the one way all of steps 1 to 3 are tried: as the line does it, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway import edxml
from gateway.edxml import Cutter, Limits, PartWriter
from gateway.model.packet import Claim
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused
from gateway.rules.form import check_form

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Vector:
    """A packet with one named fault. `reason` is the refusal it must get; None: it must be admitted."""

    name: str
    reason: Reason | None
    make: Callable[[], bytes]
    limits: Limits = field(default_factory=Limits)
    """Smaller than the defaults where the fault is size: a limit is tried at its edge, not by gigabytes."""
    parts: tuple[tuple[str, bytes], ...] | None = None
    """The attachments as parts of a form (content id, bytes); None: they are inline."""

    def __str__(self) -> str:
        return f"{self.reason or 'admitted'}: {self.name}"


class Memory:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = False

    def write(self, data: bytes, /) -> None:
        assert not self.closed
        self.data += data

    def close(self) -> None:
        self.closed = True


def claim_of(
    packet: bytes,
    limits: Limits | None = None,
    parts: tuple[tuple[str, bytes], ...] | None = None,
    piece_bytes: int = 0,
) -> Claim:
    """Steps 1 to 3 over a packet. Raises Refused with every finding of the step that refuses."""
    limits = limits or Limits()
    cutter = Cutter(limits, Memory, inline=parts is None)
    for start in range(0, len(packet), piece_bytes or max(len(packet), 1)):
        cutter.feed(packet[start : start + (piece_bytes or len(packet))])
    skeleton, cut = cutter.finish()
    if parts is not None:
        cut = tuple(_part(limits, content_id, data) for content_id, data in parts)
    received = edxml.received(skeleton, cut)
    parsed = edxml.parse(skeleton, limits)
    _refuse(edxml.validate(parsed))
    claim = edxml.read(parsed, received)
    _refuse(check_form(claim, limits.addressees_max, NOW))
    return claim


def refusal_of(vector: Vector, piece_bytes: int = 0) -> Refused | None:
    """How a vector is refused; None where it is admitted. Any other exception is a bug and is let through."""
    try:
        claim_of(vector.make(), vector.limits, vector.parts, piece_bytes)
    except Refused as refused:
        return refused
    return None


def _part(limits: Limits, content_id: str, data: bytes) -> edxml.Part:
    writer = PartWriter(limits, Memory())
    writer.write(data)
    return writer.finish(content_id)


def _refuse(findings: tuple[Finding, ...]) -> None:
    if findings:
        raise Refused(*findings)
