"""The ledger as static files: a folder any web server serves and `cp -r` mirrors.

A tile is put in its place whole and durable, and only then the checkpoint that speaks of it. What is there is never
written again: a file that would have to be another is a ledger that is another, and that is told. What is being
written lies in `.incoming`, never under `tile`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from gateway.ledger.tiles import Resource
from gateway.store.durable import disk_faults, flush_folder, put_file, replace_file


class OtherBytesError(Exception):
    """A published file is there with other bytes than it must have."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} is published with other bytes")


class Publication:
    """A folder the ledger is written to, by this process alone. Any method may raise Unavailable: the disk failed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / ".incoming"

    def open(self) -> bytes | None:
        """Make the folder where it is not there; the checkpoint it shows, None before the first."""
        with disk_faults():
            self._incoming.mkdir(parents=True, exist_ok=True)
            shown = self._folder / "checkpoint"
            return shown.read_bytes() if shown.exists() else None

    def put(self, files: Iterable[tuple[Resource, bytes]]) -> None:
        """Put tiles and bundles in their places, durable when this returns. OtherBytesError: another one is there."""
        touched: dict[Path, None] = {}
        with disk_faults():
            for resource, data in files:
                place = self._folder / resource.path
                if not place.parent.is_dir():
                    place.parent.mkdir(parents=True)
                if place.exists():
                    if place.read_bytes() != data:
                        raise OtherBytesError(str(place))
                else:
                    put_file(place, data, self._incoming / "resource")
                # Also of files that were there: whoever put them may not have come so far.
                for folder in (place.parent, *place.parent.parents):
                    touched[folder] = None
                    if folder == self._folder:
                        break
            for folder in touched:
                flush_folder(folder)

    def show(self, note: bytes) -> None:
        """Show this checkpoint from now on. Everything it speaks of was put before."""
        with disk_faults():
            replace_file(self._folder / "checkpoint", note, self._incoming / "checkpoint")

    def sweep(self, wholes: Iterable[Resource]) -> None:
        """Remove the partial forms of resources that are there whole."""
        with disk_faults():
            for one in wholes:
                shutil.rmtree(self._folder / one.folder, ignore_errors=True)
