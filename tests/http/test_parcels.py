"""Packets on their way out: forms and files that read back the same, and ranges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from gateway.edxml import Limits
from gateway.http.packaging import unpacking_for
from gateway.http.parcels import Parcel, byte_range
from gateway.model.packet import Attachment
from tests.http.test_packaging import Kept
from tests.http.town import packet

CONTENT_IDS = st.lists(
    st.text(st.characters(min_codepoint=33, codec="utf-8", exclude_characters="%"), min_size=1, max_size=30).filter(
        lambda name: name != "packet" and not name.startswith("cid:") and name.isprintable() and "\\" not in name
    ),
    max_size=4,
    unique=True,
)


class Held:
    """An attachment in memory, read as the store's are."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __call__(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        for place in range(start, len(self.data) if stop is None else stop, 7):
            yield self.data[place : min(place + 7, len(self.data) if stop is None else stop)]


def parcel(rows: list[tuple[str, bytes]]) -> Parcel:
    described = tuple(
        Attachment(name, None, name, None, hashlib.sha256(data).hexdigest(), len(data)) for name, data in rows
    )
    skeleton = packet(attachments=[(name, data) for name, data in rows], sealed=False)[0]
    return Parcel(skeleton, described, tuple(Held(data) for _, data in rows))


@given(CONTENT_IDS, st.binary(max_size=60))
def test_a_form_we_send_is_a_form_we_read_and_as_long_as_announced(names: list[str], data: bytes) -> None:
    sent = parcel([(name, data + bytes([number])) for number, name in enumerate(names)])
    pieces, length = sent.form("0123456789")
    body = b"".join(pieces)
    assert len(body) == length
    unpacking = unpacking_for("multipart/form-data; boundary=0123456789", Limits(), Kept)
    unpacking.feed(body)
    received = unpacking.finish()
    assert received.digest == sent.digest
    assert [part.content_id for part in received.parts] == names


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_a_file_we_send_is_the_packet_again(bodies: list[bytes]) -> None:
    sent = parcel([(f"tep-{number}", data) for number, data in enumerate(bodies)])
    unpacking = unpacking_for("application/edxml+xml", Limits(), Kept)
    pieces, length = sent.inline()
    file = b"".join(pieces)
    assert len(file) == length
    unpacking.feed(file)
    assert unpacking.finish().digest == sent.digest


@given(st.text(max_size=30), st.integers(0, 10_000))
def test_any_range_header_is_a_stretch_inside_or_nothing(asked: str, size: int) -> None:
    for written in (asked, f"bytes={asked}"):
        stretch = byte_range(written, size)
        assert stretch is None or 0 <= stretch[0] < stretch[1] <= size


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_range_names_what_it_says(first: int, last: int, size: int) -> None:
    whole = range(size)
    expected = [one for one in whole if first <= one <= last]
    stretch = byte_range(f"bytes={first}-{last}", size)
    assert list(range(*stretch) if stretch else ()) == expected
    tail = byte_range(f"bytes=-{last}", size)
    assert list(range(*tail) if tail else ()) == (list(whole[-last:]) if last else [])
