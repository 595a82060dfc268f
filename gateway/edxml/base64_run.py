"""One run of base64, decoded as it passes: strictly, so that one attachment has exactly one spelling besides its line
breaks (RFC 4648 §3.3, §3.5: nothing outside the alphabet, padding required, its unused bits zero)."""

from __future__ import annotations

import binascii
import re

from gateway.edxml.part import Part, PartWriter

WHITE_SPACE = b" \t\r\n"
"""The four characters XML calls white space; field writers break base64 into lines with them."""

_SLICE_BYTES = 1024 * 1024
"""Decoded at once: the caller's chunk may be large, the memory beside it stays small."""
_OUTSIDE_ALPHABET = re.compile(rb"[^A-Za-z0-9+/=]")


class Damaged(ValueError):
    """This is not base64. `fault` names what is wrong with it, `values` show it."""

    def __init__(self, fault: str, **values: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.values = values


class Base64Run:
    """Takes the text between two tags piece by piece and writes what it decodes to. Raises Damaged, or what the writer
    refuses."""

    def __init__(self, writer: PartWriter) -> None:
        self._writer = writer
        self._rest = b""
        """Fewer than four characters that wait for their group's end."""
        self._padded = False
        """The last group had padding: nothing may follow."""

    def write(self, run: bytes) -> None:
        for start in range(0, len(run), _SLICE_BYTES):
            self._decode(run[start : start + _SLICE_BYTES])

    def finish(self) -> Part:
        if self._rest:
            raise Damaged("length")
        return self._writer.finish()

    def _decode(self, piece: bytes) -> None:
        if any(blank in piece for blank in (b"\n", b" ", b"\r", b"\t")):
            piece = piece.translate(None, WHITE_SPACE)
        if piece and self._padded:
            raise Damaged("padding")
        text = self._rest + piece
        whole = len(text) & ~3
        text, self._rest = text[:whole], text[whole:]
        if not text:
            if stray := _OUTSIDE_ALPHABET.search(self._rest):
                raise Damaged("character", character=stray[0].decode("latin-1"))
            return
        try:
            data = binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error as error:
            if stray := _OUTSIDE_ALPHABET.search(text):
                raise Damaged("character", character=stray[0].decode("latin-1")) from error
            raise Damaged("padding") from error
        if text.endswith(b"="):
            self._padded = True
            # The decoder lets set bits under the padding, and a group of nothing but padding, pass.
            last = data[len(data) - len(data) % 3 :]
            if binascii.b2a_base64(last, newline=False) != text[-4:]:
                raise Damaged("padding")
        self._writer.write(data)
