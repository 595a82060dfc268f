"""What lies in the outbox: which of it is finished, and what there is to send.

A file is finished when nobody writes to it any more. Nothing tells a reader that for certain, so three signs must
agree: its name is none that writers use for half-written files (a leading `.` or `~`, an ending we do not know: write
under `x.edxml.tmp` and rename, and you need no other rule); its size and time stood still for `settled_s`; and it is
whole: an .edxml ends with the closing tag of its root, a .zip has its directory at its end. And if it changed while it
was being sent, whatever came of that is forgotten and it is taken again.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gateway.client.packets import Parts, Source
from gateway.edxml import Cutter, Limits, Received, parse, read, received

PACKET, BUNDLE, STATUS = ".edxml", ".zip", ".status"
UNFINISHED_S = 600.0
"""How long something incomplete may stand still before its sender is told that it is incomplete."""
TAIL_BYTES = 256

_END = re.compile(rb"</(?:[\w.-]+:)?edXML\s*>(?:\s|<!--.*?-->)*\Z", re.DOTALL)

Look = tuple[tuple[str, int, int, int], ...]
"""What a look saw: name, inode, size and time of everything an entry consists of."""


class StatusFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a .status file says, in JSON: which delivery (its id, from delivery.json), and what was done with it."""

    delivery: str
    code: str
    description: str = ""


class Unsendable(Exception):
    """This entry can never be sent. `fault` is a key below `connector.fault`."""

    def __init__(self, fault: str, name: str = "") -> None:
        self.fault, self.name = fault, name
        super().__init__(f"{fault}: {name}")


def seen(entry: Path) -> Look:
    """What is there now, without following a link. Unsendable for a link or anything that is no file or folder."""
    facts = entry.lstat()
    kind = stat.S_IFMT(facts.st_mode)
    if kind == stat.S_IFDIR:
        rows = [row for path in sorted(entry.iterdir()) for row in _file(path, path.lstat())]
        return ((entry.name, facts.st_ino, 0, 0), *rows)
    return _file(entry, facts)


def _file(path: Path, facts: os.stat_result) -> Look:
    if not stat.S_ISREG(facts.st_mode):
        raise Unsendable("link" if stat.S_ISLNK(facts.st_mode) else "no_file", path.name)
    return ((path.name, facts.st_ino, facts.st_size, facts.st_mtime_ns),)


@dataclass(slots=True)
class _Standing:
    look: Look
    since_s: float


@dataclass(slots=True)
class Outbox:
    """The folder, looked at again and again; what stood still long enough is given out."""

    folder: Path
    settled_s: float
    _standing: dict[str, _Standing] = field(default_factory=dict)

    def settled(self, now_s: float) -> list[tuple[Path, float]]:
        """What has not changed for `settled_s` by a clock that only goes forward, and for how long; oldest first."""
        with os.scandir(self.folder) as entries:
            names = [one.name for one in entries if _is_ours(one)]
        found = {}
        for name in names:
            try:
                look: Look = seen(self.folder / name)
            except Unsendable:
                look = ((name, 0, 0, 0),)
            except OSError:  # gone, or not to be read yet
                continue
            before = self._standing.get(name)
            found[name] = before if before is not None and before.look == look else _Standing(look, now_s)
        self._standing = found
        quiet = {name: now_s - one.since_s for name, one in found.items() if now_s - one.since_s >= self.settled_s}
        return [(self.folder / name, quiet[name]) for name in sorted(quiet, key=lambda one: (-quiet[one], one))]


def _is_ours(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    if name.startswith((".", "~")) or name.endswith((".tmp", ".part")):
        return False
    return name.endswith((PACKET, BUNDLE, STATUS)) or entry.is_dir(follow_symlinks=False)


def is_finished(entry: Path, still_s: float) -> bool:
    """Whether an entry that stood still for so long may be sent. Unsendable: it is incomplete, and stays so."""
    if _is_whole(entry):
        return True
    if still_s >= UNFINISHED_S:
        raise Unsendable("unfinished", entry.name)
    return False


def _is_whole(entry: Path) -> bool:
    """Whether an entry is all there, as far as its own form says."""
    if entry.is_dir():
        packets = [one for one in entry.iterdir() if one.suffix.lower() == PACKET]
        return len(packets) == 1 and _is_whole(packets[0])
    if entry.suffix.lower() == BUNDLE:
        return zipfile.is_zipfile(entry)
    if entry.suffix.lower() == PACKET:
        with entry.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return _END.search(file.read()) is not None
    return True


def source_of(entry: Path, unpacked: Path, limits: Limits) -> Source:
    """What to submit for an entry; `unpacked` is an empty folder for what comes out of a .zip. Unsendable."""
    if entry.suffix.lower() == BUNDLE:
        _unpack(entry, unpacked, limits)
        return _folder(unpacked, limits)
    return _folder(entry, limits) if entry.is_dir() else entry


def status_of(entry: Path) -> StatusFile:
    """What a .status file says. Unsendable where it is none."""
    try:
        return msgspec.json.decode(entry.read_bytes(), type=StatusFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Unsendable("status", entry.name) from fault


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def _folder(folder: Path, limits: Limits) -> Source:
    """A packet whose attachments lie beside it, named as in the manifest or by their content id."""
    beside = {one.name: one for one in folder.iterdir()}
    packets = [name for name in beside if name.lower().endswith(PACKET)]
    if len(packets) != 1:
        raise Unsendable("one_packet", folder.name)
    packet = beside.pop(packets[0])
    if not beside:
        return packet
    if packet.stat().st_size > limits.envelope_bytes_max:
        raise Unsendable("both", packet.name)
    skeleton = packet.read_bytes()
    cutter = Cutter(limits, _Nowhere)
    cutter.feed(skeleton)
    cut: Received = received(*cutter.finish())
    if any(part.size_bytes for part in cut.parts):
        raise Unsendable("both", packet.name)
    rows: list[tuple[str, Path | bytes]] = []
    for one in read(parse(cut.skeleton, limits), cut).attachments:
        name = next((name for name in (one.name, one.content_id) if name in beside), None)
        if name is None:
            raise Unsendable("absent", one.name or one.content_id)
        rows.append((one.content_id, beside.pop(name)))
    for name in beside:
        raise Unsendable("stranger", name)
    return Parts(skeleton, tuple(rows))


def _unpack(bundle: Path, folder: Path, limits: Limits) -> None:
    """The files of a .zip, all in one folder, none bigger than it says or than may be sent."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            for row in _members(archive, limits):
                with archive.open(row) as packed, (folder / row.filename).open("xb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
    except (zipfile.BadZipFile, RuntimeError, FileExistsError, EOFError) as fault:  # RuntimeError: encrypted
        raise Unsendable("zip", bundle.name) from fault


def _members(archive: zipfile.ZipFile, limits: Limits) -> Iterator[zipfile.ZipInfo]:
    rows = archive.infolist()
    if len(rows) > limits.attachments_max + 1 or sum(one.file_size for one in rows) > limits.body_bytes_max:
        raise Unsendable("zip_limit", "")
    for row in rows:
        if row.is_dir() or row.filename in {"", ".", ".."} or set(row.filename) & set("/\\:\0"):
            raise Unsendable("zip_path", row.filename)
        if stat.S_ISLNK(row.external_attr >> 16):
            raise Unsendable("link", row.filename)
        yield row
