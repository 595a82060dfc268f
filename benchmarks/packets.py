"""Sealed packets for the load: an envelope of about 5 KB with an attachment of 20 KB, each one different."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import multipart

from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, Paper, letter, seal
from gateway.model.packet import packet_digest

ENVELOPE_BYTES = 5_000
ATTACHMENT_BYTES = 20_000
FILLER = "Căn cứ chức năng, nhiệm vụ được giao, đề nghị quý cơ quan phối hợp thực hiện các nội dung sau đây. "


@dataclass(frozen=True, slots=True)
class Prepared:
    """A packet as the native form, made before the clock starts."""

    digest: str
    """The packet's identity, reckoned here."""
    body: bytes
    content_type: str


def sealed_packets(
    sender: Player,
    addressees: Sequence[tuple[str, str]],
    count: int,
    at: datetime,
    chance: random.Random,
    first_number: int = 1,
    attachment_bytes: int = ATTACHMENT_BYTES,
) -> list[Paper]:
    """So many packets of one agency to (identifier, name) pairs. Numbers, and so document ids, begin at
    `first_number`."""
    packets = []
    for number in range(first_number, first_number + count):
        scan = Enclosure("van-ban.pdf", "application/pdf", b"%PDF-1.7\n" + chance.randbytes(attachment_bytes - 9))
        subject = f"V/v phối hợp thực hiện nhiệm vụ số {number}. {FILLER * 2}"[:490].strip()
        packets.append(seal(letter(sender, tuple(addressees), number, subject, at), (scan,), sender, at))
    return packets


def prepared(paper: Paper) -> Prepared:
    """The packet as it will be sent, and its digest."""
    attached = [(hashlib.sha256(one.data).hexdigest(), len(one.data)) for one in paper.enclosures]
    return Prepared(packet_digest(paper.skeleton, attached), *form(paper))


def form(paper: Paper) -> tuple[bytes, str]:
    """The packet as the native form: body and content type. The boundary is the packet's own, so runs repeat
    exactly."""
    boundary = hashlib.sha256(paper.skeleton).hexdigest()[:32]
    pieces = [_part(boundary, "packet", "application/edxml+xml", paper.skeleton)]
    for place, one in enumerate(paper.enclosures):
        pieces.append(_part(boundary, str(201 + place), one.content_type, one.data))
    return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What a form holds, in order."""
    found: list[bytes] = []
    with multipart.PushMultipartParser(boundary, max_segment_size=1 << 32) as parser:
        for event in parser.parse(body):
            if isinstance(event, multipart.MultipartSegment):
                found.append(b"")
            elif event:
                found[-1] += event
    return found


def digest_of_form(body: bytes) -> str:
    """The digest of the packet that a form holds, whatever its boundary."""
    start = body.index(b"--") + 2  # a line may end before the first boundary
    skeleton, *attached = parts(body, body[start : body.index(b"\r\n", start)])
    return packet_digest(skeleton, [(hashlib.sha256(one).hexdigest(), len(one)) for one in attached])


def _part(boundary: str, name: str, content_type: str, data: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {content_type}\r\n\r\n'
    return head.encode() + data + b"\r\n"
