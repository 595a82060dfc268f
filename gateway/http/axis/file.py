"""The body of sendEdoc: the field's file, the line break its writer adds behind it, and the digest that binds it to the
signed headers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from gateway.edxml import Limits, Received
from gateway.http.logline import printable
from gateway.http.packaging import InlineBody, OpenSink
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found

BREAK = b"\r\n"
BREAKS_MAX = 2
"""The SDK's writer ends the body with one line break that is no part of the file; others with none, or with two."""
FRAMING_BYTES_MAX = BREAKS_MAX * len(BREAK)


class SignedFile:
    """Takes a body in. The last bytes wait until the digest says which of them belong to the file."""

    def __init__(self, hash_file: str, limits: Limits, open_sink: OpenSink) -> None:
        self._hash_file = hash_file
        self._inner = InlineBody(limits, open_sink)
        self._hash = hashlib.sha256()
        self._last = b""

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body."""
        data = self._last + data
        certain = max(0, len(data) - FRAMING_BYTES_MAX)
        self._last = data[certain:]
        self._take(data[:certain])

    def finish(self) -> Received:
        """The packet. Refused(AXIS_HASH_FILE) where the signed digest is not the file's, whatever stands behind it."""
        for end in _ends(self._last):
            whole = self._hash.copy()
            whole.update(end)
            if self._hash_file.lower() in spellings(whole.digest()):
                self._inner.feed(end)
                return self._inner.finish()
        self._hash.update(self._last.removesuffix(BREAK))
        said, computed = printable(self._hash_file), self._hash.hexdigest()
        raise Refused(found(Reason.AXIS_HASH_FILE, written=said, computed=computed))

    def _take(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._inner.feed(piece)


def _ends(last: bytes) -> Iterator[bytes]:
    """The last bytes as they are, then without one line break after the other."""
    yield last
    for _ in range(BREAKS_MAX):
        if not last.endswith(BREAK):
            return
        last = last.removesuffix(BREAK)
        yield last


def spellings(digest: bytes) -> tuple[str, str]:
    """A digest in hex, and as the SDK writes it: no zero before a byte below 16."""
    return digest.hex(), "".join(f"{byte:x}" for byte in digest)
