"""Packets in bodies: both packagings mean the same, wherever the network splits them; every broken form is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edxml import Limits
from gateway.http.packaging import unpacking_for
from gateway.model.packet import packet_digest
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.http.problems import assert_problem
from tests.http.town import FILE, FORM, awaited, form, inline, packet, town


class Kept:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.data, self.closed = b"", False

    def write(self, data: bytes, /) -> None:
        assert not self.closed
        self.data += data

    def close(self) -> None:
        self.closed = True


def unpacked(content_type: str, body: bytes, cuts: list[int]) -> tuple[object, list[Kept]]:
    sinks: list[Kept] = []

    def open_sink() -> Kept:
        sinks.append(Kept())
        return sinks[-1]

    unpacking = unpacking_for(content_type, Limits(), open_sink)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in pairwise(edges):
        unpacking.feed(body[start:end])
    return unpacking.finish(), sinks


WHOLE = packet(
    attachments=(
        ("a.pdf", b"\r\n--ranh-gio\r\n" * 20),
        ("b.pdf", b"--ranh-gioi\r\n\r\n--ranh-gioI--\r"),
        ("c.pdf", b""),
    ),
    sealed=False,
)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from(["form", "inline"]))
def test_where_the_body_is_split_changes_nothing(cuts: list[int], packaging: str) -> None:
    skeleton, attachments = WHOLE
    digest = packet_digest(skeleton, [(hashlib.sha256(data).hexdigest(), len(data)) for _, data in attachments])
    body, kind = (inline(*WHOLE), FILE) if packaging == "inline" else (form(*WHOLE), FORM)
    received, sinks = unpacked(kind["Content-Type"], body, cuts)
    assert received.skeleton == skeleton
    assert received.digest == digest
    assert [sink.data for sink in sinks] == [data for _, data in attachments]
    assert all(sink.closed for sink in sinks)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_any_bytes_are_a_packet_or_refused(body: bytes, cuts: list[int]) -> None:
    for content_type in ("application/xml", "multipart/form-data; boundary=ab"):
        try:
            unpacked(content_type, body, cuts)
        except Refused as no:
            assert no.reason.step <= 2


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=20))
def test_a_form_with_other_bytes_anywhere_is_a_packet_or_refused(place: int, other: bytes) -> None:
    body = form(*WHOLE)
    place %= len(body)
    try:
        unpacked(FORM["Content-Type"], body[:place] + other + body[place + len(other) :], [])
    except Refused as no:
        assert no.reason.step in {1, 2, 3}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json",
        "multipart/mixed; boundary=a",
        "application/xml; charset=utf-16",
        "application/soap+xml",
        "application/x-www-form-urlencoded",
        ";",
        "text",
        "multipart/related; boundary=a",
    ],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(Refused) as no:
        unpacking_for(content_type, Limits(), Kept)
    assert no.value.reason is Reason.CONTENT_TYPE


@pytest.mark.parametrize(
    "content_type",
    ["application/edxml+xml", "application/xml; charset=UTF-8", 'text/xml;charset="utf-8"', "Application/Octet-Stream"],
)
def test_the_fields_content_types_are_taken(content_type: str) -> None:
    unpacking_for(content_type, Limits(), Kept)


def part(name: str = "tep-1", data: bytes = b"x", head: str = "") -> bytes:
    return f'--ranh-gioi\r\nContent-Disposition: form-data; name="{name}"\r\n{head}\r\n'.encode() + data + b"\r\n"


SKELETON = packet(attachments=(("a.pdf", b"x"),), sealed=False)[0]
FIRST, SECOND, END = part("packet", SKELETON), part(), b"--ranh-gioi--\r\n"
BASE = "multipart/form-data; boundary="
HERE = BASE + "ranh-gioi"
BEGIN = b"--ranh-gioi\r\n"

BROKEN: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", FIRST + SECOND + END),
    "an empty boundary": (BASE, FIRST + SECOND + END),
    "a boundary of 71 characters": (BASE + "b" * 71, FIRST),
    "a boundary of 1,000 characters": (BASE + "b" * 1_000, FIRST),
    "a boundary with a space at its end": (BASE + '"ranh-gioi "', FIRST),
    "a boundary with NUL": (BASE + '"ranh\x00gioi"', FIRST),
    "a boundary outside ASCII": (BASE + "ranh-giới", FIRST),
    "another boundary": (BASE + "khac", FIRST + SECOND + END),
    "the boundary in another case": (BASE + "RANH-GIOI", FIRST + SECOND + END),
    "an empty body": (HERE, b""),
    "only the end": (HERE, END),
    "no end": (HERE, FIRST + SECOND),
    "half an end": (HERE, FIRST + SECOND + b"--ranh-gioi-"),
    "cut in a head": (HERE, FIRST + SECOND[:30]),
    "cut in a body": (HERE, FIRST[:300]),
    "bytes before the first boundary": (HERE, b"junk" + FIRST + SECOND + END),
    "LF instead of CRLF": (HERE, (FIRST + SECOND + END).replace(b"\r\n", b"\n")),
    "CR instead of CRLF": (HERE, (FIRST + SECOND + END).replace(b"\r\n", b"\r")),
    "junk behind a boundary": (HERE, FIRST + SECOND.replace(b"gioi\r\n", b"gioi junk\r\n") + END),
    "no packet": (HERE, SECOND + END),
    "the packet second": (HERE, SECOND + FIRST + END),
    "two packets": (HERE, FIRST + FIRST + END),
    "the packet's name in capitals": (HERE, part("PACKET", SKELETON) + SECOND + END),
    "a part without a name": (HERE, FIRST + BEGIN + b"Content-Disposition: form-data\r\n\r\nx\r\n" + END),
    "a part with an empty name": (HERE, FIRST + part("") + END),
    "a part without a disposition": (HERE, FIRST + BEGIN + b"Content-Type: text/plain\r\n\r\nx\r\n" + END),
    "a part without headers": (HERE, FIRST + b"--ranh-gioi\r\n\r\nx\r\n" + END),
    "another disposition": (HERE, FIRST + SECOND.replace(b"form-data", b"attachment") + END),
    "two dispositions": (HERE, FIRST + part(head='Content-Disposition: form-data; name="b"\r\n') + END),
    "two content types": (HERE, FIRST + part(head="Content-Type: a/b\r\nContent-Type: c/d\r\n") + END),
    "two content ids": (HERE, FIRST + part(head="Content-Id: <a>\r\nContent-ID: <b>\r\n") + END),
    "one name twice": (HERE, FIRST + SECOND + SECOND + END),
    "one name twice, once as cid:": (HERE, FIRST + SECOND + part("cid:tep-1") + END),
    "base64 transfer encoding": (HERE, FIRST + part(head="Content-Transfer-Encoding: base64\r\n", data=b"eA==") + END),
    "quoted-printable": (HERE, FIRST + part(head="Content-Transfer-Encoding: quoted-printable\r\n") + END),
    "an unknown transfer encoding": (HERE, FIRST + part(head="Content-Transfer-Encoding: x-uue\r\n") + END),
    "a compressed part": (HERE, FIRST + part(head="Content-Encoding: gzip\r\n") + END),
    "a header of 1 MB": (HERE, FIRST + part(head="X-A: " + "b" * 1_000_000 + "\r\n") + END),
    "1,000 headers": (HERE, FIRST + part(head="".join(f"X-{one}: b\r\n" for one in range(1_000))) + END),
    "a header without a colon": (HERE, FIRST + part(head="nonsense\r\n") + END),
    "a header name with a space": (HERE, FIRST + part(head="Content Type: a/b\r\n") + END),
    "a header name with NUL": (HERE, FIRST + part(head="X\x00: a/b\r\n") + END),
    "a header in Latin-1": (HERE, FIRST + BEGIN + b'Content-Disposition: form-data; name="\xe9"\r\n\r\nx\r\n' + END),
    "a fold before any header": (HERE, FIRST + b"--ranh-gioi\r\n a: b\r\n\r\nx\r\n" + END),
    "a false part length": (HERE, FIRST + part(head="Content-Length: 2\r\n") + END),
    "a part length that is no number": (HERE, FIRST + part(head="Content-Length: +1\r\n") + END),
    "two part lengths": (HERE, FIRST + part(head="Content-Length: 1\r\nContent-Length: 1\r\n") + END),
    "100,000 empty parts": (HERE, FIRST + b"".join(part(str(one), b"") for one in range(100_000)) + END),
    "29 attachments": (HERE, FIRST + b"".join(part(str(one)) for one in range(29)) + END),
    "no attachment": (HERE, FIRST + END),
    "an attachment too many": (HERE, FIRST + SECOND + part("tep-2") + END),
    "an attachment of another name": (HERE, FIRST + part("tep-9") + END),
    "base64 left in the envelope": (HERE, part("packet", inline(SKELETON, [("tep-1", b"x")])) + SECOND + END),
    "a form in the packet's place": (HERE, part("packet", b"--ranh\r\n" * 100) + SECOND + END),
}


@awaited
async def test_every_broken_form_is_a_problem_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert len(BROKEN) >= 50
    async with town(tmp_path) as here:
        for what, (content_type, body) in BROKEN.items():
            headers = {"Content-Type": content_type}
            try:
                answer = await here.ask("POST", "/v1/packets", data=body, headers=headers)
            except ValueError:
                continue  # such a header cannot be sent by this client
            assert 400 <= answer[0] < 500, f"{what}: {answer}"
            assert_problem(answer, Reason(json.loads(answer[1])["reason"]))
        assert not list((tmp_path / "blobs" / "incoming").iterdir())


REASONS: dict[str, Reason] = {
    "no boundary": Reason.MULTIPART_MALFORMED,
    "a boundary of 71 characters": Reason.MULTIPART_MALFORMED,
    "no end": Reason.MULTIPART_MALFORMED,
    "two packets": Reason.MULTIPART_MALFORMED,
    "one name twice": Reason.MULTIPART_MALFORMED,
    "base64 transfer encoding": Reason.MULTIPART_MALFORMED,
    "a compressed part": Reason.CONTENT_ENCODING,
    "29 attachments": Reason.TOO_MANY_ATTACHMENTS,
    "100,000 empty parts": Reason.TOO_MANY_ATTACHMENTS,
    "base64 left in the envelope": Reason.MULTIPART_MALFORMED,
}


@pytest.mark.parametrize("what", REASONS)
def test_a_broken_form_is_refused_for_its_own_reason(what: str) -> None:
    content_type, body = BROKEN[what]
    with pytest.raises(Refused) as no:
        unpacked(content_type, body, [])
    assert no.value.reason is REASONS[what]


TOLERATED: dict[str, Callable[[bytes], bytes]] = {
    "a preamble": lambda body: b"This is a form.\r\n" + body,
    "an epilogue": lambda body: body + b"and nothing more",
    "no line break at the end": lambda body: body.removesuffix(b"\r\n"),
    "file names that lie": lambda body: body.replace(b'name="tep-1"', b'name="tep-1"; filename="../../etc/passwd"'),
    "a cid: in front of the name": lambda body: body.replace(b'name="tep-1"', b'name="cid:tep-1"'),
    "a name without quotes": lambda body: body.replace(b'name="tep-1"', b"name=tep-1"),
}


@pytest.mark.parametrize("what", TOLERATED)
def test_what_other_writers_do_is_read_all_the_same(what: str) -> None:
    whole = packet(attachments=(("a.pdf", b"x"),), sealed=False)
    plain, _ = unpacked(FORM["Content-Type"], form(*whole), [])
    other, _ = unpacked(FORM["Content-Type"], TOLERATED[what](form(*whole)), [])
    assert other.digest == plain.digest
