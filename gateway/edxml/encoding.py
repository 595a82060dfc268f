"""UTF-8 and XML 1.0, and nothing else: what must hold before a parser sees a byte.

A byte order mark of UTF-8 at the very start is let through (some writers of the field put it there); it stays part of
the skeleton, so the packet digest is of the bytes as received.
"""

from __future__ import annotations

import re

from gateway.edxml.findings import explained
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

HEAD_BYTES = 4
"""How many first bytes tell the family of encodings (XML 1.0, appendix F)."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_EBCDIC = b"\x4c\x6f\xa7\x94"
_DECLARATION = re.compile(
    r"""\ufeff?<\?xml\s+version\s*=\s*(["'])(?P<version>[^"'<>]*)\1(?:\s+encoding\s*=\s*(["'])(?P<encoding>[^"'<>]*)\3)?""",
    re.ASCII,
)


def check_family(head: bytes) -> None:
    """Refused(XML_ENCODING) where the first bytes are of UTF-16, UTF-32 or EBCDIC, in which `<` is not the byte 3C."""
    if b"\0" in head or head.startswith(_UTF16_MARKS) or head == _EBCDIC:
        raise Refused(explained(Reason.XML_ENCODING, "family", line=1))


def decoded(skeleton: bytes) -> str:
    """The skeleton as text. Refused(XML_ENCODING, XML_VERSION) where it is, or says it is, not UTF-8 or not 1.0."""
    check_family(skeleton[:HEAD_BYTES])
    try:
        text = skeleton.decode("utf-8")
    except UnicodeDecodeError as error:
        line = skeleton.count(b"\n", 0, error.start) + 1
        raise Refused(
            explained(Reason.XML_ENCODING, "bytes", line=line, byte=f"0x{skeleton[error.start]:02X}")
        ) from error
    if declaration := _DECLARATION.match(text):
        version, encoding = declaration["version"], declaration["encoding"]
        if version != "1.0":
            raise Refused(explained(Reason.XML_VERSION, "written", line=1, version=version))
        if encoding is not None and encoding.upper() not in {"UTF-8", "UTF8"}:
            raise Refused(explained(Reason.XML_ENCODING, "declared", line=1, encoding=encoding))
    return text
