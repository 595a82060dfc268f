"""What the peers were told, written down outside the gateway, each line flushed to disk before the peer goes on.

Every line is a promise of the gateway: a receipt, an answer to an acknowledgement, a checkpoint. The register is later
compared with it, never the other way round.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

Fact = TypeVar("Fact", bound=msgspec.Struct)


class Receipted(msgspec.Struct, frozen=True, tag=True):
    """The gateway took a packet in."""

    dispatch_id: str
    ledger_index: int
    packet_digest: str
    peer: str


class Sealed(msgspec.Struct, frozen=True, tag=True):
    """The sealed receipt of a dispatch had this digest (SHA-256)."""

    dispatch_id: str
    sha256: str


class Answered(msgspec.Struct, frozen=True, tag=True):
    """The gateway said that a delivery has this status, by the addressee's own answer."""

    delivery_id: str
    dispatch_id: str
    status: str


class Seen(msgspec.Struct, frozen=True, tag=True):
    """A checkpoint was published."""

    note: str


Line = Receipted | Sealed | Answered | Seen
_WRITE, _READ = msgspec.json.Encoder(), msgspec.json.Decoder(Line)


@dataclass
class Notebook:
    """Lines in the order they were written: in memory for comparing, on disk for whoever comes after."""

    path: Path
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def note(self, line: Line) -> None:
        """Write a line down for good."""
        os.write(self._file, _WRITE.encode(line) + b"\n")
        os.fsync(self._file)
        self.lines.append(line)

    def close(self) -> None:
        os.close(self._file)


def read(path: Path) -> list[Line]:
    """A notebook somebody else wrote."""
    return [_READ.decode(line) for line in path.read_bytes().splitlines()]


def of_kind(lines: list[Line], kind: type[Fact]) -> list[Fact]:
    """The lines of one kind, in order."""
    return [one for one in lines if isinstance(one, kind)]
