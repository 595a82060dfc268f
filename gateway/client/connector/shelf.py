"""Files that are there whole or not at all, that a power cut does not take back, and that replace nothing."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

TEMPORARY = ".incoming-"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows knows no such call, and keeps them by its own journal."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """A new file, durable with its name. FileExistsError where the name is taken by other content."""
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # the agency's system reads it, under whatever user it runs
        _name(temporary, path, content)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _name(temporary: Path, path: Path, content: bytes) -> None:
    """A hard link never replaces; where the file system has none, looking before renaming is the best there is."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        if path.is_symlink() or path.read_bytes() != content:
            raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        temporary.rename(path)


def move(source: Path, target: Path) -> None:
    """A file or folder to another place of the same disk, durable there. FileExistsError where the name is taken."""
    if os.path.lexists(target):
        raise FileExistsError(target)
    source.rename(target)
    sync_folder(target.parent)
    with suppress(OSError):  # a source still listed after a power cut is sent again, with no effect
        sync_folder(source.parent)
