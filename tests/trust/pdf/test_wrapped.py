"""A PDF wrapped in a ZIP is taken out where there is one way to do so, and never at the price of a bomb."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.wrapped import unwrapped

FILE = b"%PDF-1.7\n" + bytes(range(256)) * 40
LIMIT = 64 * 1024


def zipped(
    *files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"", streamed: bool = False
) -> bytes:
    """An archive as Python writes it; `streamed`: sizes behind the data, as Java does."""
    out = io.BytesIO()
    with zipfile.ZipFile(_Pipe(out) if streamed else out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
        archive.comment = comment
    return out.getvalue()


class _Pipe(io.RawIOBase):
    """A stream that cannot seek: the writer then puts sizes behind the data."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        return self._out.write(data)


ONE = ("32da2890.pdf", FILE)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_the_only_file_is_taken_out(tmp_path: Path, method: int, streamed: bool) -> None:
    archive = zipped(ONE, method=method, streamed=streamed)
    (tmp_path / "wrapped").write_bytes(archive)
    assert unwrapped(archive, LIMIT) == unwrapped(tmp_path / "wrapped", LIMIT) == FILE


def changed(place: int, kind: str, value: int, archive: bytes) -> bytes:
    data = bytearray(archive)
    struct.pack_into(kind, data, place % len(data), value)
    return bytes(data)


PLAIN = zipped(ONE)
LISTED_AT = PLAIN.index(b"PK\x01\x02")


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"PK\x03\x04",
        FILE,
        zipped(),
        zipped(ONE, ("b.pdf", FILE)),
        zipped(ONE, comment=b"!"),
        zipped(ONE, method=zipfile.ZIP_LZMA),
        zipped(("bomb.pdf", bytes(LIMIT + 1))),
        b"%PDF-1.7 " + PLAIN,
        PLAIN + b"%PDF-1.7",
        PLAIN[:60] + b"\x55" + PLAIN[61:],
        changed(LISTED_AT + 8, "<H", 1, PLAIN),
        changed(LISTED_AT + 16, "<L", 7, PLAIN),
        changed(LISTED_AT + 24, "<L", len(FILE) - 1, PLAIN),
        changed(LISTED_AT + 24, "<L", 0xFFFFFFFF, PLAIN),
        changed(LISTED_AT + 42, "<L", 1, PLAIN),
        changed(8, "<H", 0, PLAIN),
    ],
    ids=[
        *("empty", "head", "a PDF", "no file", "two files", "comment", "other method", "too large unpacked"),
        *("something before", "something behind", "damaged", "encrypted", "other checksum", "other size"),
        *("size of 4 GiB", "begins elsewhere", "two methods"),
    ],
)
def test_anything_else_is_not_unpacked(archive: bytes) -> None:
    assert unwrapped(archive, LIMIT) is None


def test_a_file_larger_than_the_limit_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(PLAIN)
    assert unwrapped(tmp_path / "large", len(PLAIN) - 1) is None
    assert unwrapped(PLAIN, len(PLAIN) - 1) is None


@given(st.binary(max_size=8), st.integers(0, len(PLAIN)), st.integers(0, 8))
def test_no_damage_gives_another_file(piece: bytes, place: int, width: int) -> None:
    assert unwrapped(PLAIN[:place] + piece + PLAIN[place + width :], LIMIT) in (None, FILE)
