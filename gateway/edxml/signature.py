"""What stands in the Signature slot. Judging a seal is `trust`'s; here is only told whether there is one to judge."""

from __future__ import annotations

from enum import StrEnum

from lxml import etree

from gateway.edxml.names import DS_REFERENCE, DS_SIGNATURE, Tag
from gateway.edxml.parse import Parsed


class SignatureState(StrEnum):
    """How a packet presents itself."""

    ABSENT = "absent"
    PLACEHOLDER = "placeholder"
    """Something fills the slot that is no strict seal: the field's libraries write one nobody verifies."""
    STRICT_CANDIDATE = "strict_candidate"
    """It claims to be sealed by the strict profile; whether it is, verification says."""


def signature_state(parsed: Parsed) -> SignatureState:
    """A strict candidate has a ds:Signature in the slot and refers to the signed element by its Id, or that element has
    one. Signatures of the field do neither; taking both away from a sealed packet makes it an unsealed one, no better.
    """
    envelope = parsed.root.find(Tag.ENVELOPE)
    header = None if envelope is None else envelope.find(Tag.HEADER)
    if envelope is None or header is None:
        return SignatureState.ABSENT
    seals = list(header.iterchildren(DS_SIGNATURE))
    if seals and (envelope.get("Id") is not None or any(_refers_by_id(seal) for seal in seals)):
        return SignatureState.STRICT_CANDIDATE
    placeholder = next(header.iterchildren(DS_SIGNATURE, Tag.SIGNATURE, Tag.DIGITAL_SIGNATURE), None)
    return SignatureState.ABSENT if placeholder is None else SignatureState.PLACEHOLDER


def _refers_by_id(seal: etree._Element) -> bool:
    return any((one.get("URI") or "").startswith("#") for one in seal.iter(DS_REFERENCE))
