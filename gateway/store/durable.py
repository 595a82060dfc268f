"""Files that are there for good: written beside their place, flushed, renamed, and their folder flushed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable


def replace_file(place: Path, content: bytes, scratch: Path, mode: int = 0o644) -> None:
    """Put `content` at `place`, durable when this returns; a reader sees the old file or the new one, whole.

    `scratch` is where it is written first, on the same disk; what a crash left there is written over. OSError.
    """
    put_file(place, content, scratch, mode)
    flush_folder(place.parent)


def put_file(place: Path, content: bytes, scratch: Path, mode: int = 0o644) -> None:
    """`replace_file`, but for the folder, which is left to be flushed once for many files."""
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    scratch.replace(place)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable. OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_faults(fail: Callable[[str], None] = lambda _: None, *, absent_too: bool = True) -> Iterator[None]:
    """Translate what the disk says. Anything but a full disk goes to `fail`: trying again would only seem to work.

    Not `absent_too`: that a file is not there is for the caller to hear as it is.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not absent_too:
            raise
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable(Reason.DISK_FULL, retry_after_s=60, cause=str(error)) from error
        fail(str(error))
        raise Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=60, cause=str(error)) from error
