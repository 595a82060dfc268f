"""Where the bytes of one attachment go while they arrive: memory while small, then a file. Not yet durable."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from gateway.store.durable import disk_faults

SETTLE_BYTES = 64 * 1024 * 1024
"""A file that grows is written out every so often: its sender is slowed to what the disk takes, not stopped at the
end."""


class Staging:
    """The bytes of one attachment, as far as they came."""

    def __init__(self, folder: Path, inline_bytes_max: int) -> None:
        self._folder = folder
        self._inline_bytes_max = inline_bytes_max
        self._memory = bytearray()
        self._file: int | None = None
        self._unsettled_bytes = 0
        self.path: Path | None = None
        """The temporary file, once there is one."""

    @property
    def data(self) -> bytes:
        """The bytes, while they are held in memory."""
        return bytes(self._memory)

    def write(self, data: bytes) -> None:
        """Take more bytes. Unavailable where the disk is full or fails."""
        if self._file is None and len(self._memory) + len(data) <= self._inline_bytes_max:
            self._memory += data
            return
        with disk_faults():
            if self._file is None:
                self._file, name = tempfile.mkstemp(dir=self._folder)
                self.path = Path(name)
                data, self._memory = bytes(self._memory) + data, bytearray()
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            self._unsettled_bytes += len(data)
            if self._unsettled_bytes >= SETTLE_BYTES:
                os.fdatasync(self._file)
                self._unsettled_bytes = 0

    def adopt(self, file: Path) -> None:
        """Take the bytes of a file that is durable, and nobody writes to: small ones into memory, others by a second
        name of the same file."""
        with disk_faults():
            if file.stat().st_size <= self._inline_bytes_max:
                self._memory = bytearray(file.read_bytes())
                return
            path = self._folder / f"adopted-{secrets.token_hex(16)}"
            path.hardlink_to(file)
            self.path = path

    def close(self) -> None:
        """No more bytes come."""

    def flush(self) -> None:
        """Make the file's bytes durable and close it. OSError where the disk did not take them."""
        if self._file is not None:
            try:
                os.fsync(self._file)
            finally:
                self._shut()

    def drop(self) -> None:
        """Give the bytes up, where they were not kept."""
        self._shut()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def _shut(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)
