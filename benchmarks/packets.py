"""Sealed packets for the load: an envelope of about 5 KB with an attachment of 20 KB, each one different."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime

from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, Paper, letter, seal

ENVELOPE_BYTES = 5_000
ATTACHMENT_BYTES = 20_000


def sealed_packets(
    sender: Player, addressee: tuple[str, str], count: int, at: datetime, chance: random.Random, first_number: int = 1
) -> list[Paper]:
    """So many packets of one agency to another. Numbers, and so document ids, begin at `first_number`."""
    filler = "Căn cứ chức năng, nhiệm vụ được giao, đề nghị quý cơ quan phối hợp thực hiện các nội dung sau đây. "
    packets = []
    for number in range(first_number, first_number + count):
        scan = Enclosure("van-ban.pdf", "application/pdf", b"%PDF-1.7\n" + chance.randbytes(ATTACHMENT_BYTES - 9))
        subject = f"V/v phối hợp thực hiện nhiệm vụ số {number}. {filler * 2}"[:490].strip()
        packets.append(seal(letter(sender, (addressee,), number, subject, at), (scan,), sender, at))
    return packets


def form(paper: Paper) -> tuple[bytes, str]:
    """The packet as the native form: body and content type. The boundary is the packet's own, so runs repeat
    exactly."""
    boundary = hashlib.sha256(paper.skeleton).hexdigest()[:32]
    pieces = [_part(boundary, "packet", "application/edxml+xml", paper.skeleton)]
    for place, one in enumerate(paper.enclosures):
        pieces.append(_part(boundary, str(201 + place), one.content_type, one.data))
    return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, name: str, content_type: str, data: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {content_type}\r\n\r\n'
    return head.encode() + data + b"\r\n"
