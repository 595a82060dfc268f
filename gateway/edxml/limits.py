"""What a submission may cost, dimension by dimension."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest packet we read. Every limit is inclusive; beyond it a packet is refused with a reason of its own."""

    body_bytes_max: int = 8 * 1024**3
    """Bytes of the whole submission as sent, base64 included."""
    envelope_bytes_max: int = 1024**2
    """Bytes of the XML without its attachments."""
    attachment_bytes_max: int = 5 * 1024**3
    """Bytes of one attachment, decoded."""
    attachments_max: int = 28
    """Attachments of one packet. With the envelope and the seal's own properties that makes 30 signed references, which
    is where the JDK's secure validation stops."""
    elements_max: int = 20_000
    """Elements, comments and CDATA sections of the XML."""
    namespaces_max: int = 64
    """Occurrences of `xmlns` in the XML."""
    depth_max: int = 32
    """Elements inside each other; the root is at depth 1."""
    attributes_max: int = 16
    """Attributes of one element, namespace declarations not counted."""
    name_chars_max: int = 128
    """Characters of the name of an element or attribute, prefix included."""
    text_chars_max: int = 65_536
    """Characters of one text or attribute value."""
    addressees_max: int = 1_000
    """To elements of one packet."""
