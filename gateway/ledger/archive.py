"""A ZIP in one canonical form: every ZIP program opens it, and exactly one archive holds given members.

Members are stored, not compressed, in the order given, with nothing before, between or after them. Reading takes only
what `pack` writes, so no two programs can see different things in a case, nothing hides between members, nothing
inflates, and the bytes do not depend on anybody's version of zlib. Source: APPNOTE.TXT 6.3.10, sections 4.3.7 (local
header), 4.3.12 (central directory), 4.3.16 (its end).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping

from gateway.ledger.fault import Fault, ProofError

CASE_BYTES_MAX = 64 * 1024 * 1024
MEMBERS_MAX = 16_384
"""Two for each step of a delivery, for a thousand addressees, several times over."""

_NAME = re.compile("[!-~]{1,128}")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION = 10
_UNIX = 3 << 8
_MODE = 0o100644 << 16
_DAY = (1 << 5) | 1
"""1 January 1980, where the ZIP calendar begins: a case has no time of its own but the ledger's."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """The archive. Names are ASCII; ProofError(case.too_large) beyond the limits."""
    local, central = bytearray(), bytearray()
    if len(members) > MEMBERS_MAX:
        raise ProofError(Fault.CASE_TOO_LARGE, limit=MEMBERS_MAX)
    for name, data in members.items():
        label = name.encode("ascii")
        assert _NAME.fullmatch(name), "a case names its members"
        facts = (0, 0, 0, _DAY, zlib.crc32(data), len(data), len(data), len(label), 0)
        central += _CENTRAL.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *facts, 0, 0, 0, _MODE, len(local)) + label
        local += _LOCAL.pack(b"PK\x03\x04", _VERSION, *facts) + label + data
        if len(local) + len(central) > CASE_BYTES_MAX:
            raise ProofError(Fault.CASE_TOO_LARGE, limit=CASE_BYTES_MAX)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(central), len(local), 0)
    return bytes(local + central + end)


def unpack(data: bytes) -> dict[str, bytes]:
    """The members by name, in their order. ProofError(case.too_large, case.archive, case.duplicate)."""
    if len(data) > CASE_BYTES_MAX + _END.size:
        raise ProofError(Fault.CASE_TOO_LARGE, limit=CASE_BYTES_MAX)
    members: dict[str, bytes] = {}
    place = 0
    while data.startswith(b"PK\x03\x04", place):
        if len(members) == MEMBERS_MAX:
            raise ProofError(Fault.CASE_TOO_LARGE, limit=MEMBERS_MAX)
        name, start, end = _member(data, place)
        if name in members:
            raise ProofError(Fault.CASE_DUPLICATE, member=name)
        members[name] = data[start:end]
        place = end
    if pack(members) != data:
        raise ProofError(Fault.CASE_ARCHIVE)
    return members


def _member(data: bytes, place: int) -> tuple[str, int, int]:
    """The name of the member whose local header is at `place`, and where its bytes start and end."""
    if len(data) < place + _LOCAL.size:
        raise ProofError(Fault.CASE_ARCHIVE)
    *_, size, name_bytes, _ = _LOCAL.unpack_from(data, place)
    start = place + _LOCAL.size + name_bytes
    name = data[place + _LOCAL.size : start].decode("ascii", "replace")
    if not _NAME.fullmatch(name) or start + size > len(data):
        raise ProofError(Fault.CASE_ARCHIVE)
    return name, start, start + size
