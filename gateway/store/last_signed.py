"""What was last signed, remembered outside the database: a small file beside the ledger's key.

The database can be rolled back to yesterday's backup, and a key can be copied to a second gateway. Either would sign
another tree than the one the world has seen. So the tree about to be signed is written here first, durably, and every
next one must contain it. The file is one that moves with the key and not with the database's backups.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.ledger import Checkpoint, ProofError
from gateway.store.durable import disk_faults, replace_file
from gateway.store.notice import StoreNotice


@dataclass(frozen=True, slots=True)
class LastSigned:
    """The file: the unsigned text of a checkpoint. Processes that share it take turns."""

    path: Path

    def read(self) -> Checkpoint | None:
        """The tree last signed; None before the first. StoreNotice where the file is no checkpoint."""
        try:
            return Checkpoint.parse(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ProofError as wrong:
            raise StoreNotice("ledger.mark_damaged", path=str(self.path)) from wrong

    def replace(self, old: Checkpoint | None, new: Checkpoint) -> bool:
        """Remember `new`, durable when this returns True; False where meanwhile somebody remembered another than `old`.

        Unavailable where the disk is full.
        """
        with disk_faults(), self._turn():
            if self.read() != old:
                return False
            if new != old:
                replace_file(self.path, new.text(), self.path.with_suffix(f"{self.path.suffix}.next"), 0o600)
            return True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time: the lock is the folder's, since the file is replaced."""
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
