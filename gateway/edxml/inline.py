"""The field's packaging: base64 put back where it was cut out."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence

from gateway.edxml.cut import Cutter
from gateway.edxml.limits import Limits

_ANY_SIZE = Limits(body_bytes_max=2**62, envelope_bytes_max=2**62, attachment_bytes_max=2**62, attachments_max=2**31)


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def inline(skeleton: bytes, parts: Sequence[Iterable[bytes]]) -> Iterator[bytes]:
    """The whole `.edxml` file in pieces: each part's chunks, as one run of base64 without line breaks, in its place.

    `skeleton` is one that the cutter gave or `write` made. ValueError where its places and the parts are not as many,
    or where a part with bytes belongs to a self-closed element: the caller mixed two packets up.
    """
    cutter = Cutter(_ANY_SIZE, _Nowhere)
    cutter.feed(skeleton)
    cutter.finish()
    if len(cutter.places) != len(parts):
        raise ValueError(f"{len(parts)} parts for {len(cutter.places)} places")
    at = 0
    for place, chunks in zip(cutter.places, parts, strict=True):
        if place is None:
            if any(chunks):
                raise ValueError("a self-closed element holds no attachment")
            continue
        yield skeleton[at:place]
        yield from encoded(chunks)
        at = place
    yield skeleton[at:]


def encoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 of the chunks joined, without joining them: what does not fill a group of three waits for the next."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        yield binascii.b2a_base64(data[:whole], newline=False)
    yield binascii.b2a_base64(rest, newline=False)
