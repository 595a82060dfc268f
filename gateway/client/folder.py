"""Packets on their way in: the field's file and its attachments, written under names that are safe there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gateway.client.problem import TransferDamaged
from gateway.client.results import Fetched, FetchedAttachment
from gateway.edxml import Cutter, Limits, Received, parse, read, received
from gateway.model.refusal import Refused

NAME_BYTES_MAX = 200
"""File systems allow 255; what is left is for ` (2)` and the temporary suffix."""

_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_UNSAFE = frozenset('/\\:*?"<>|')


def safe_name(written: str | None, number: int) -> str:
    """A file name from what a sender wrote: no path, nothing unseen, nothing a system reserves; never empty."""
    last = (written or "").replace("\\", "/").rpartition("/")[2]
    clean = "".join("_" if char in _UNSAFE or not char.isprintable() else char for char in last)
    clean = clean.strip(". ") or f"attachment-{number}"
    if clean.partition(".")[0].strip().lower() in _RESERVED:
        clean = f"_{clean}"
    stem, dot, suffix = clean.rpartition(".")
    room = NAME_BYTES_MAX - len((dot + suffix).encode())
    if dot and room > 0:
        return _cut(stem, room) + dot + suffix
    return _cut(clean, NAME_BYTES_MAX)


def _cut(text: str, bytes_max: int) -> str:
    return text.encode()[:bytes_max].decode("utf-8", "ignore")


def distinct(names: Sequence[str]) -> list[str]:
    """The names, those that a case-blind file system would take for one numbered apart."""
    taken: set[str] = set()
    kept: list[str] = []
    for name in names:
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = f"{stem} ({number}){dot}{suffix}", number + 1
        taken.add(candidate.casefold())
        kept.append(candidate)
    return kept


class _File:
    """A file being written under a temporary name, durable before it gets its own."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self._temporary = Path(name)

    def write(self, data: bytes, /) -> None:
        self._file.write(data)

    def close(self) -> None:
        """Make the bytes durable."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def place(self, path: Path) -> Path:
        """Give the file its name."""
        self.close()
        self._temporary.rename(path)
        return path

    def drop(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


class Landing:
    """Takes a packet's file as it arrives, cuts its attachments out beside it, and keeps all or nothing of it."""

    def __init__(self, packet: Path, attachments_in: Path | None, limits: Limits) -> None:
        """`packet`: where the file goes. `attachments_in`: where its attachments go, None: nowhere."""
        self._packet = packet
        self._attachments_in = attachments_in
        self._limits = limits
        packet.parent.mkdir(parents=True, exist_ok=True)
        self._whole = _File(packet.parent)
        self._cuts: list[_File] = []
        self._cutter = Cutter(limits, self._open_sink)

    def _open_sink(self) -> _File | _Nowhere:
        if self._attachments_in is None:
            return _Nowhere()
        self._attachments_in.mkdir(parents=True, exist_ok=True)
        self._cuts.append(_File(self._attachments_in))
        return self._cuts[-1]

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        self._whole.write(data)
        try:
            self._cutter.feed(data)
        except Refused as error:
            raise TransferDamaged(str(error)) from error

    def keep(self, delivery_id: str, dispatch_id: str, digest: str) -> Fetched:
        """Name every file. TransferDamaged where the packet is not the one with this digest."""
        try:
            arrived = received(*self._cutter.finish())
            if arrived.digest != digest:
                raise TransferDamaged(f"the packet's digest is {arrived.digest}, announced was {digest}")
            claim = read(parse(arrived.skeleton, self._limits), arrived)
        except Refused as error:
            raise TransferDamaged(str(error)) from error
        names = [(one.content_id, one.name) for one in claim.attachments]
        attachments = self._place(arrived, names) if self._attachments_in else ()
        return Fetched(delivery_id, dispatch_id, digest, self._whole.place(self._packet), attachments)

    def _place(self, arrived: Received, names: Sequence[tuple[str, str | None]]) -> tuple[FetchedAttachment, ...]:
        assert self._attachments_in is not None
        shown = [safe_name(name, number) for number, (_, name) in enumerate(names, start=1)]
        rows = zip(names, distinct(shown), self._cuts, arrived.parts, strict=True)
        return tuple(
            FetchedAttachment(content_id, name, cut.place(self._attachments_in / safe), part.sha256, part.size_bytes)
            for (content_id, name), safe, cut, part in rows
        )

    def drop(self) -> None:
        """Leave nothing behind of a packet that did not arrive whole."""
        for file in (self._whole, *self._cuts):
            file.drop()
        if self._attachments_in is not None:
            with suppress(OSError):  # goes where it is empty
                self._attachments_in.rmdir()
