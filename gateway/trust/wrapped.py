"""A PDF inside a ZIP: one vendor's library wraps every file so, whatever it is called.

Read strictly and by hand: one entry, at the start of the file, listed once at its end, of the size and the checksum
listed. So no two programs unpack it differently, and what it may cost is known before it is unpacked.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

ZIP_HEAD = b"PK\x03\x04"

_LOCAL = struct.Struct("<4s5H3L2H")
_LISTED = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1


def unwrapped(data: bytes | Path, bytes_max: int) -> bytes | None:
    """The only file in a ZIP (APPNOTE.TXT 4.3); None where this is anything else, or larger than `bytes_max`, packed or
    unpacked. OSError where a path cannot be read."""
    if isinstance(data, Path):
        data = data.read_bytes() if data.stat().st_size <= bytes_max else b""
    if len(data) < _LOCAL.size + _LISTED.size + _END.size or len(data) > bytes_max:
        return None
    ends_at = len(data) - _END.size
    end, _, _, here, entries, listed_bytes, listed_at, comment = _END.unpack_from(data, ends_at)
    if (end, here, entries, comment) != (b"PK\5\6", 1, 1, 0) or listed_at + listed_bytes != ends_at:
        return None
    if listed_bytes < _LISTED.size:
        return None
    sign, _, _, flags, method, _, _, checksum, packed_bytes, size_bytes, name, extra, note, _, _, _, begins_at = (
        _LISTED.unpack_from(data, listed_at)
    )
    local, _, _, local_method, _, _, _, _, _, local_name, local_extra = _LOCAL.unpack_from(data)
    starts_at = _LOCAL.size + local_name + local_extra
    if (sign, begins_at, local, local_method) != (b"PK\1\2", 0, ZIP_HEAD, method) or flags & _ENCRYPTED:
        return None
    if _LISTED.size + name + extra + note != listed_bytes or starts_at + packed_bytes > listed_at:
        return None
    if size_bytes > bytes_max:
        return None
    inner = _unpacked(data[starts_at : starts_at + packed_bytes], method, size_bytes)
    return inner if len(inner) == size_bytes and zlib.crc32(inner) == checksum else None


def _unpacked(packed: bytes, method: int, size_bytes: int) -> bytes:
    """At most one byte more than `size_bytes`; what cannot be unpacked is empty."""
    if method == _STORED:
        return packed
    if method != _DEFLATED:
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size_bytes + 1)
    except zlib.error:
        return b""
