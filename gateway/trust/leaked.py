"""Passwords known from leaks, in a file an operator provides: their SHA-1 digests in order, one a line, as Have I
Been Pwned publishes them."""

from __future__ import annotations

import hashlib
import mmap
import re
from pathlib import Path

_LINE = re.compile(rb"[0-9A-Fa-f]{40}(:\d{1,12})?\r?\n?")
_LINE_BYTES_MAX = 64
_HEX = 40


class LeakedPasswords:
    """The file, open and mapped: of forty gigabytes a look reads some thirty places, and memory holds nothing of it."""

    def __init__(self, path: Path) -> None:
        """OSError where it cannot be read, ValueError where it is no such list."""
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        first = self._bytes[: self._bytes.find(b"\n", 0, _LINE_BYTES_MAX) + 1 or _LINE_BYTES_MAX]
        size = len(self._bytes)
        last = self._bytes[self._bytes.rfind(b"\n", max(0, size - _LINE_BYTES_MAX), size - 1) + 1 :]
        if not (_LINE.fullmatch(first) and _LINE.fullmatch(last) and first[:_HEX].upper() <= last[:_HEX].upper()):
            self._bytes.close()
            raise ValueError(str(path))

    def __contains__(self, password: str) -> bool:
        """Whether the list has this password. Reads the disk: call it in a thread."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
        wanted, low, high = digest.upper().encode(), 0, len(self._bytes)
        while low < high:  # both are where a line begins
            middle = (low + high) // 2
            begins = max(low, self._bytes.rfind(b"\n", low, middle) + 1)
            found = self._bytes[begins : begins + _HEX].upper()
            if found == wanted:
                return True
            if found > wanted:
                high = begins
            else:
                ends = self._bytes.find(b"\n", middle, high)
                low = high if ends < 0 else ends + 1
        return False

    def close(self) -> None:
        self._bytes.close()
