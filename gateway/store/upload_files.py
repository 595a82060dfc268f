"""The bytes of uploads: a file for each, beside the large attachments, so that a whole one becomes an attachment by a
second name and without a copy.

What the database says is durable was flushed before; what a file has beyond it is cut off when it is written on.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.durable import disk_faults, flush_folder


class UploadFile:
    """An upload's file, open and locked against every other process."""

    def __init__(self, file: int, fail: Callable[[str], None]) -> None:
        self._file = file
        self._fail = fail
        self._digest = hashlib.sha256()
        self._in_one_go = True
        self.offset_bytes = 0
        """Where the next bytes go."""

    def go_to(self, offset_bytes: int) -> None:
        """Write on from there; what lies beyond was never counted, and is cut off."""
        with disk_faults():
            os.ftruncate(self._file, offset_bytes)
        self._in_one_go = offset_bytes == 0
        self.offset_bytes = offset_bytes

    def feed(self, data: bytes) -> None:
        """Write more bytes. Unavailable where the disk is full or fails."""
        with disk_faults():
            view = memoryview(data)
            while view:
                view = view[os.pwrite(self._file, view, self.offset_bytes + len(data) - len(view)) :]
        if self._in_one_go:
            self._digest.update(data)
        self.offset_bytes += len(data)

    def settle(self) -> int:
        """Make what was written durable; how much there is then."""
        with disk_faults(self._fail):
            os.fsync(self._file)
        return self.offset_bytes

    def digest(self) -> str:
        """SHA-256 of all of it: taken while it was written where that was in one go, read again otherwise."""
        if self._in_one_go:
            return self._digest.hexdigest()
        with disk_faults(), os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()


class UploadFiles:
    """The folder of uploads."""

    def __init__(self, folder: Path, fail: Callable[[str], None]) -> None:
        """`fail` hears of a failed flush."""
        self._folder = folder
        self._fail = fail
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, upload_id: str) -> Path:
        """Where an upload is."""
        return self._folder / upload_id

    def create(self, upload_id: str) -> None:
        """An empty file, durable."""
        with disk_faults(self._fail):
            os.close(os.open(self.path(upload_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            flush_folder(self._folder)

    @contextmanager
    def opened(self, upload_id: str) -> Iterator[UploadFile | None]:
        """The file, locked; None where somebody is writing it now."""
        try:
            with disk_faults(absent_too=False):
                file = os.open(self.path(upload_id), os.O_RDWR)
        except FileNotFoundError as absent:
            raise Unavailable(
                Reason.STORE_UNAVAILABLE, cause=f"upload {upload_id} lies on another machine, or is lost"
            ) from absent
        try:
            yield UploadFile(file, self._fail) if _locked(file) else None
        finally:
            os.close(file)  # and with it the lock

    def head(self, upload_id: str, size_bytes: int) -> bytes:
        """Its first bytes."""
        with disk_faults(), self.path(upload_id).open("rb") as file:
            return file.read(size_bytes)

    def remove(self, upload_id: str) -> None:
        """Give an upload's bytes up. An attachment that was made of them stays."""
        with disk_faults():
            self.path(upload_id).unlink(missing_ok=True)

    def written_before(self, before: datetime) -> list[str]:
        """Ids of files nobody wrote to since then."""
        with disk_faults():
            return [one.name for one in self._folder.iterdir() if one.stat().st_mtime < before.timestamp()]


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
