"""Seals as they are usually written, recognised by writing them again.

`verify` takes a seal apart element by element; that is what says why one is refused, and it costs more than the
signature. But a seal that holds can say only one thing: what we would write of the same octets, attachments and
certificate. So the packet is put in canonical form once, one expression shows that nothing stands in it which a packet
must not hold, and the Signature is compared with the one these functions write. Whatever differs is left to the long
way, which also words every refusal; a test holds both ways against each other on every vector and every forgery.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from gateway.edxml import Parsed
from gateway.model.refusal import Refused
from gateway.trust import anatomy
from gateway.trust.algorithms import Algorithm, own_algorithm
from gateway.trust.certificates import Certificate, read_certificate
from gateway.trust.names import ENVELOPE_ID, QCVN
from gateway.trust.seal import block, in_its_place, references, signed_info, signed_properties
from gateway.trust.tree import canonical

_OPENING, _CLOSING = b"<ds:Signature ", b"</ds:Signature>"

_PLAIN = rb"(?:[^<]*+</?+(?P=p)(?!edXML|MessageHeader>|AttachmentEncoded>|Signature>)[A-Za-z]++>)*+[^<]*+"
"""Elements of the packet's own namespace without attributes, none of them one that stands in a packet once."""
_ENVELOPE = re.compile(
    rb"<(?P<p>(?:(?P<n>[A-Za-z][A-Za-z0-9]*+):)?+)edXMLEnvelope xmlns(?(n):(?P=n))=\"%(namespace)s\" Id=\"%(id)s\">"
    rb"\s*+<(?P=p)edXMLHeader>\s*+<(?P=p)MessageHeader>%(plain)s</(?P=p)MessageHeader>%(plain)s</(?P=p)edXMLHeader>"
    rb"\s*+(?:<(?P=p)edXMLBody>\s*+<(?P=p)edXMLManifest(?: version=\"[^\"<]*+\")?+>%(plain)s</(?P=p)edXMLManifest>"
    rb"\s*+</(?P=p)edXMLBody>\s*+)?+</(?P=p)edXMLEnvelope>"
    % {b"namespace": re.escape(QCVN.encode()), b"id": ENVELOPE_ID.encode(), b"plain": _PLAIN}
)


@dataclass(frozen=True, slots=True)
class Written:
    """A packet whose envelope is as a packet is, and whose one Signature stands in its place."""

    octets: bytes
    """The envelope's canonical form without the Signature: what Reference 1 digests."""
    seal: bytes
    """The canonical form of the Signature."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A Signature that says what a true one must. Its certificate and its value are not verified yet."""

    certificate: Certificate
    algorithm: Algorithm
    signed_at: datetime
    signed_info: bytes
    value: bytes


def written(parsed: Parsed) -> Written | None:
    """The parts of a packet that carries one Signature in the usual place and is otherwise as plain as a packet is."""
    root = parsed.root
    if parsed.skeleton.count(_OPENING) != 1 or len(root) == 0:
        return None
    try:
        whole = canonical(root[0])
    except Refused:
        return None
    start, end = whole.find(_OPENING), whole.find(_CLOSING) + len(_CLOSING)
    octets = whole[:start] + whole[end:]
    plain = _ENVELOPE.fullmatch(octets) if 0 <= start < end else None
    if plain is None or not whole.startswith(b"</%sedXMLHeader>" % plain["p"], end):
        return None
    return Written(octets, whole[start:end])


def recognise(
    parsed: Parsed, packet: Written, attachments: Sequence[tuple[str, str]], certificates: Sequence[bytes]
) -> Recognised | None:
    """What its Signature says, if it is the one that is written over this packet with one of these certificates."""
    if not _plain_around(parsed):
        return None
    try:
        anatomy.check_attachments(parsed.root, attachments)
        signed_at = datetime.fromisoformat(_text(packet.seal, b"xades:SigningTime").decode())
        value = binascii.a2b_base64(_text(packet.seal, b"ds:SignatureValue"))
        der = binascii.a2b_base64(_text(packet.seal, b"ds:X509Certificate"))
        certificate = read_certificate(der) if der in certificates else None
    except (Refused, ValueError):
        return None
    if certificate is None:
        return None
    algorithm, properties = own_algorithm(certificate.key), signed_properties(der, signed_at)
    info = signed_info(algorithm, references(f"#{ENVELOPE_ID}", packet.octets, attachments, properties))
    if in_its_place(block(info, value, der, properties)).encode() != packet.seal:
        return None
    return Recognised(certificate, algorithm, signed_at, info.encode(), value)


def _text(seal: bytes, name: bytes) -> bytes:
    """What stands in an element. ValueError where there is none; whether it stands there rightly, comparing tells."""
    start = seal.index(b"<%s>" % name) + len(name) + 2
    return seal[start : seal.index(b"<", start)]


def _plain_around(parsed: Parsed) -> bool:
    """Around the envelope stands nothing but AttachmentEncoded, and no markup that is read in two ways anywhere."""
    root, signature = parsed.root, next(parsed.root.iter(anatomy.SIGNATURE), None)
    if signature is None or root.keys() or not all(map(_plain_row, root[1:])):
        return False
    try:
        anatomy.check_frame(root)
        anatomy.check_markup(root, parsed.skeleton, signature)
    except Refused:
        return False
    return True


def _plain_row(beside: etree._Element) -> bool:
    elements = list(beside.iter())
    tags = {element.tag for element in elements[1:]}
    return tags <= anatomy.BESIDE_TAGS and not any(element.keys() for element in elements)
