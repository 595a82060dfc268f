"""What stands in the Signature slot. Judging a seal, or a signature of the field, is `trust`'s; here is only told
whether there is one to judge, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from gateway.edxml.names import DS_REFERENCE, DS_SIGNATURE, DSIG, QCVN, Tag
from gateway.edxml.parse import Parsed

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE_C14N = ("http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/xml-exc-c14n#")
"""Exclusive canonical XML: its identifier, and the address of the page the field's libraries write instead."""
ENVELOPED = f"{DSIG}enveloped-signature"
EXAMPLE_DIGEST = "FwgIqsSYJshUS2+wlOM61L+q7Aw="
"""In the example of a vendor's library, and in whatever was made by copying it."""


class SignatureState(StrEnum):
    """How a packet presents itself."""

    ABSENT = "absent"
    PLACEHOLDER = "placeholder"
    """Something fills the slot that is no strict seal: the field's libraries write one nobody verifies."""
    STRICT_CANDIDATE = "strict_candidate"
    """It claims to be sealed by the strict profile; whether it is, verification says."""


@dataclass(frozen=True, slots=True)
class OldSignature:
    """A signature block as the field's libraries write it, in QCVN's namespace or in that of XML signatures. Texts are
    as written, without white space; what is absent is empty."""

    signed_info: bytes
    """The canonical form of SignedInfo, which the value was made over; empty where there is none."""
    method: str
    digest_method: str
    exclusive: bool
    """Whether the file's canonical form is the exclusive one."""
    plain: bool
    """One reference to the whole file, with no transform besides taking the signature out and canonical XML."""
    digest_value: str
    value: str
    certificate: str


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
    return SignatureState.ABSENT if in_slot(parsed.root) is None else SignatureState.PLACEHOLDER


def _refers_by_id(seal: etree._Element) -> bool:
    return any((one.get("URI") or "").startswith("#") for one in seal.iter(DS_REFERENCE))


def in_slot(root: etree._Element) -> etree._Element | None:
    """The first element in the Signature slot, whatever it is."""
    slots = (header for envelope in root.iterchildren(Tag.ENVELOPE) for header in envelope.iterchildren(Tag.HEADER))
    blocks = (
        one for header in slots for one in header.iterchildren(DS_SIGNATURE, Tag.SIGNATURE, Tag.DIGITAL_SIGNATURE)
    )
    return next(blocks, None)


def old_signature(root: etree._Element) -> OldSignature | None:
    """What the block in the Signature slot says; None where the slot is empty."""
    block = in_slot(root)
    if block is None:
        return None
    info = next(_named(block, "SignedInfo"), None)
    references = [] if info is None else list(_named(info, "Reference"))
    method = "" if info is None else _algorithm(info, "CanonicalizationMethod")
    first = references[0] if references else block
    transforms = [one for each in _named(first, "Transforms") for one in _named(each, "Transform")]
    forms = [one.get("Algorithm") or "" for one in transforms]
    if ENVELOPED in forms:
        forms.remove(ENVELOPED)
    return OldSignature(
        signed_info=b"" if info is None else _canonical(info, exclusive=method in EXCLUSIVE_C14N),
        method="" if info is None else _algorithm(info, "SignatureMethod"),
        digest_method=_algorithm(first, "DigestMethod"),
        exclusive=any(one in EXCLUSIVE_C14N for one in forms),
        plain=(
            len(references) == 1
            and first.get("URI") == ""
            and len(forms) == len(transforms) - 1 <= 1
            and {method, *forms} <= {C14N, *EXCLUSIVE_C14N}
            and not any(len(one) for one in transforms)
        ),
        digest_value=_text(first, "DigestValue"),
        value=_text(block, "SignatureValue"),
        certificate=_text(block, "X509Certificate"),
    )


def _named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return parent.iterchildren(f"{{{QCVN}}}{name}", f"{{{DSIG}}}{name}")


def _algorithm(parent: etree._Element, name: str) -> str:
    return next((one.get("Algorithm") or "" for one in _named(parent, name)), "")


def _text(block: etree._Element, name: str) -> str:
    one = next(block.iter(f"{{{QCVN}}}{name}", f"{{{DSIG}}}{name}"), None)
    return "" if one is None else "".join((one.text or "").split())


def _canonical(info: etree._Element, exclusive: bool) -> bytes:
    """Canonical XML 1.0 of an element inside a packet; empty where there is none.

    lxml writes a false xmlns="" for a part of a tree; as the root of its own, with the namespaces it stood in, it is
    written right.
    """
    try:
        alone = etree.fromstring(etree.tostring(info, with_tail=False))
        return etree.tostring(alone, method="c14n", exclusive=exclusive, with_comments=False)
    except (etree.XMLSyntaxError, etree.C14NError):
        return b""
