"""Reading a packet: the Claim, which is what the bytes say, and the Content of a signed envelope."""

from __future__ import annotations

from lxml import etree

from gateway.edxml.content import missing, read_envelope, texts_of, without_scheme
from gateway.edxml.findings import explained, path_of
from gateway.edxml.limits import Limits
from gateway.edxml.names import Tag
from gateway.edxml.parse import Parsed, fragment
from gateway.edxml.part import Part, Received
from gateway.model.packet import Attachment, Claim, Content
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused

_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_ENDINGS = (
    *(".zip", ".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm", ".vsdx"),
    *(".odt", ".ods", ".odp", ".odg", ".epub", ".jar", ".ofd", ".asice", ".asics"),
)
"""Files that are ZIPs by nature. Anything else with a ZIP's first bytes is wrapped, as one vendor's library does."""


def read(parsed: Parsed, received: Received, content: Content | None = None) -> Claim:
    """What a packet says, with its attachments as they came. Refused(FORM_SCHEMA, FORM_MANIFEST_MISMATCH).

    The attachments cut out while receiving must be those of the Attachment elements, one to one and in their order.
    `content`: what its envelope says, where that was read already.
    """
    content = content or read_header(parsed)
    elements = [
        one for encoded in parsed.root.iterchildren(Tag.ATTACHMENTS) for one in encoded.iterchildren(Tag.ATTACHMENT)
    ]
    if len(elements) != len(received.parts):
        raise Refused(_mismatch("count", parsed.root, elements=len(elements), parts=len(received.parts)))
    attachments = tuple(_attachment(one, part) for one, part in zip(elements, received.parts, strict=True))
    return Claim(content, attachments, received.digest)


def read_header(parsed: Parsed) -> Content:
    """What the envelope of a packet says; its attachments are not looked at. Refused(FORM_SCHEMA)."""
    envelope = parsed.root.find(Tag.ENVELOPE)
    if parsed.root.tag != Tag.ROOT or envelope is None:
        raise missing(parsed.root, Tag.ENVELOPE)
    return read_envelope(envelope)


def read_content(canonical: bytes, limits: Limits) -> Content:
    """The same reading, from the canonical bytes of an `edXMLEnvelope` alone. Refused where they are none."""
    envelope = fragment(canonical, limits)
    if envelope.tag != Tag.ENVELOPE:
        raise missing(envelope, Tag.ENVELOPE)
    return read_envelope(envelope)


def _attachment(element: etree._Element, part: Part) -> Attachment:
    texts = texts_of(element)
    if Tag.CONTENT_ID not in texts:
        raise missing(element, Tag.CONTENT_ID)
    content_id = without_scheme(texts[Tag.CONTENT_ID])
    encoded = element.find(Tag.ENCODED)
    if encoded is None:
        raise missing(element, Tag.ENCODED)
    if encoded.text or len(encoded):
        raise Refused(_mismatch("not_empty", encoded))
    if part.content_id is not None and part.content_id != content_id:
        raise Refused(_mismatch("other_id", element, written=content_id, received=part.content_id))
    name, content_type = texts.get(Tag.ATTACHMENT_NAME), texts.get(Tag.CONTENT_TYPE)
    return Attachment(
        content_id=content_id,
        content_type=content_type,
        name=name,
        description=texts.get(Tag.DESCRIPTION),
        sha256=part.sha256,
        size_bytes=part.size_bytes,
        wrapped=bool(name) and part.head.startswith(_ZIP_MAGIC) and not str(name).lower().endswith(_ZIP_ENDINGS),
    )


def _mismatch(fault: str, element: etree._Element, **values: object) -> Finding:
    return explained(Reason.FORM_MANIFEST_MISMATCH, fault, path_of(element), element.sourceline, **values)
