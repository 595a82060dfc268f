"""What surrounds a seal: where the one Signature stands, what it signs, and that nothing else could be meant.

Every rule here closes a way to make a true signature cover something other than what is read (signature wrapping,
duplicate Ids, a second manifest). They run before any cryptography, on the one tree that everybody reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.model.reasons import Reason
from gateway.trust.faults import local_name, qualified_name, refusal
from gateway.trust.names import ATTACHMENTS_MAX, ENVELOPE_ID, QCVN, ds, qcvn

ROOT, ENVELOPE, HEADER, BODY = qcvn("edXML"), qcvn("edXMLEnvelope"), qcvn("edXMLHeader"), qcvn("edXMLBody")
MESSAGE_HEADER, MANIFEST = qcvn("MessageHeader"), qcvn("edXMLManifest")
BESIDE = qcvn("AttachmentEncoded")
SIGNATURE = ds("Signature")

CONTENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
"""Plain ASCII, so that a `cid:` URI means the same to every program, percent-decoded or not."""

_XML_SPACE = " \t\r\n"
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,127}")
_NAMESPACE_DECLARATION = re.compile(rb"""xmlns[^=<>]*=\s*["']([^"']*)["']""")
_ABSOLUTE_URI = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_REQUIRED = (ENVELOPE, HEADER, MESSAGE_HEADER)
_ATTACHMENT_FIELDS = ("ContentId", "ContentType", "AttachmentName", "Description")
BESIDE_TAGS = frozenset(map(qcvn, ("Attachment", "ContentTransferEncoded", *_ATTACHMENT_FIELDS)))
"""All that stands in AttachmentEncoded."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A document about to be sealed, or sealed: the element Reference 1 means and, if there is one, the Signature."""

    signed: etree._Element
    slot: etree._Element
    """Parent of the Signature, which is its last child."""
    uri: str
    signature: etree._Element | None


def packet(root: etree._Element, skeleton: bytes) -> Anatomy:
    """The anatomy of an edXML packet. Refused(SEAL_AMBIGUOUS / SEAL_STRUCTURE) where a rule is broken."""
    signature = _only_signature(root)
    check_markup(root, skeleton, signature)
    outside = _outside(root, signature)
    _check_foreign(outside, QCVN)
    _check_counts(outside)
    check_frame(root)
    envelope = root[0]
    if [child.tag for child in envelope] not in ([HEADER], [HEADER, BODY]):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.envelope_children", envelope)
    _check_attributes(outside, {ENVELOPE: "Id", MANIFEST: "version"})
    _check_id(envelope, ENVELOPE_ID, signature)
    return Anatomy(envelope, envelope[0], f"#{ENVELOPE_ID}", signature)


def check_frame(root: etree._Element) -> None:
    """The root holds the envelope, AttachmentEncoded at most beside it, and no text. Refused(SEAL_STRUCTURE)."""
    beside = [text for child in root for text in (child.tail, child.text if child.tag == BESIDE else None)]
    children = [child.tag for child in root]
    if (
        root.tag != ROOT
        or children not in ([ENVELOPE], [ENVELOPE, BESIDE])
        or not all(map(blank, [root.text, *beside]))
    ):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.beside_envelope", root)


def document(root: etree._Element, xml: bytes) -> Anatomy:
    """The anatomy of one of the gateway's own documents: the root carries the Id and holds the Signature."""
    signature = _only_signature(root)
    check_markup(root, xml, signature)
    identity = root.get("Id", "")
    if not _NCNAME.fullmatch(identity):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.no_id", root, name=local_name(root), id="Id")
    outside = _outside(root, signature)
    _check_foreign(outside, etree.QName(root).namespace or "")
    _check_ids(outside, root)  # its other attributes are its own schema's affair
    return Anatomy(root, root, f"#{identity}", signature)


def check_sealed(root: etree._Element) -> None:
    """Refused(SEAL_MISSING) where there is no ds:Signature anywhere, whatever else may be wrong."""
    if next(root.iter(SIGNATURE), None) is None:
        raise refusal(Reason.SEAL_MISSING, "reason.seal.missing.title", root)


def signature_in_place(anatomy: Anatomy) -> etree._Element:
    """The Signature, which is the last child of its slot. Refused(SEAL_AMBIGUOUS) where it stands elsewhere."""
    signature = anatomy.signature
    if signature is None or signature.getparent() is not anatomy.slot or signature.getnext() is not None:
        raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.signature_elsewhere", signature)
    return signature


def check_attachments(root: etree._Element, attachments: Sequence[tuple[str, str]]) -> None:
    """The signed manifest, the unsigned AttachmentEncoded and the attachments as received say the same, in one order.

    AttachmentEncoded lies outside what is signed (its file names too), so it may only repeat the manifest.
    """
    if len(attachments) > ATTACHMENTS_MAX:
        raise refusal(Reason.SEAL_REFERENCES, "seal.fault.too_many", root, limit=str(ATTACHMENTS_MAX))
    manifest = [_fields(one, "Reference", ()) for one in _children(root.find(f"{ENVELOPE}/{BODY}/{MANIFEST}"))]
    beside = [_fields(one, "Attachment", ("ContentTransferEncoded",)) for one in _children(root.find(BESIDE))]
    if manifest != beside:
        raise refusal(Reason.SEAL_REFERENCES, "seal.fault.manifest_differs", root.find(BESIDE))
    ids = [fields["ContentId"] for fields in manifest]
    if ids != [content_id for content_id, _ in attachments] or len(set(ids)) != len(ids):
        raise refusal(Reason.SEAL_REFERENCES, "seal.fault.attachments_differ", root)
    for content_id in ids:
        if not CONTENT_ID.fullmatch(content_id):
            raise refusal(Reason.SEAL_REFERENCES, "seal.fault.content_id", root, content_id=content_id)


def blank(text: str | None) -> bool:
    """Nothing but XML white space."""
    return not text or not text.strip(_XML_SPACE)


def check_markup(root: etree._Element, xml: bytes, signature: etree._Element | None) -> None:
    """No comment, CDATA, DOCTYPE or processing instruction anywhere, no character reference in the Signature, and every
    namespace an absolute URI.

    Asked of the bytes: a raw `<` begins markup wherever it stands, so two searches prove it for the whole file and for
    every parser. That holds in UTF-8, so no other encoding passes.
    """
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.encoding", root)
    start = xml.removeprefix(b"\xef\xbb\xbf")
    declared = start.startswith(b"<?xml") and start[5:6].isspace()
    if b"<!" in xml or xml.count(b"<?") > declared:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.markup", root)
    for uri in _declared(xml):
        if not _ABSOLUTE_URI.fullmatch(uri):
            raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.namespace", root, uri=uri.decode(errors="replace"))
    if signature is not None:
        name = qualified_name(signature)
        if b"&" in xml[xml.find(b"<" + name) : xml.rfind(b"</" + name)]:
            raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.character_reference", signature)


def _declared(xml: bytes) -> Iterator[bytes]:
    """The namespaces declared anywhere. (Searching a word in bytes is much cheaper than searching an expression.)"""
    at = xml.find(b"xmlns")
    while at >= 0:
        declaration = _NAMESPACE_DECLARATION.match(xml, at)
        if declaration:
            yield declaration[1]
        at = xml.find(b"xmlns", declaration.end() if declaration else at + 1)


def _only_signature(root: etree._Element) -> etree._Element | None:
    """The ds:Signature, None without one. Anything else called Signature beside it makes the seal ambiguous."""
    named = list(root.iter("{*}Signature"))
    if not any(one.tag == SIGNATURE for one in named):
        return None
    if len(named) > 1:
        raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.signatures", named[1], count=str(len(named)))
    return named[0]


def _outside(root: etree._Element, signature: etree._Element | None) -> list[etree._Element]:
    """Every element but the Signature and what is in it, in document order."""
    elements = list(root.iter())
    if signature is not None:
        first = elements.index(signature)
        del elements[first : first + sum(1 for _ in signature.iter())]
    return elements


def _check_foreign(outside: Sequence[etree._Element], namespace: str) -> None:
    """Outside the Signature stands no element of another namespace: no room for a second ds:Reference or Object."""
    own = f"{{{namespace}}}"
    for element in outside:
        if not str(element.tag).startswith(own):
            raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.foreign_element", element, name=local_name(element))


def _check_counts(outside: Sequence[etree._Element]) -> None:
    """What the rules speak of in the singular exists once, wherever a second one might hide."""
    tags = [element.tag for element in outside]
    for tag in (ENVELOPE, HEADER, MESSAGE_HEADER, BODY, MANIFEST, BESIDE):
        count = tags.count(tag)
        if count > 1 or (count == 0 and tag in _REQUIRED):
            raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.not_once", outside[0], name=etree.QName(tag).localname)


def _check_attributes(outside: Sequence[etree._Element], known: dict[str, str]) -> None:
    """Attributes only where the schema declares them, so that no second Id of any spelling can exist."""
    for element in outside:
        for name in element.keys():  # noqa: SIM118 (an element is no mapping)
            if name == known.get(str(element.tag)):
                continue
            if etree.QName(name).localname.lower() == "id":
                raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.second_id", element, name=local_name(element))
            raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.attribute", element, name=etree.QName(name).localname)


def _check_ids(outside: Sequence[etree._Element], root: etree._Element) -> None:
    """No second Id of any spelling, and no attribute of another namespace that could pass for one."""
    for element in outside:
        for name in element.keys():  # noqa: SIM118 (an element is no mapping)
            if etree.QName(name).localname.lower() == "id" and not (element is root and name == "Id"):
                raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.second_id", element, name=local_name(element))
            if etree.QName(name).namespace:
                raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.attribute", element, name=etree.QName(name).localname)


def _check_id(signed: etree._Element, identity: str, signature: etree._Element | None) -> None:
    """The signed element's Id. A packet not yet sealed may lack it: sealing adds it."""
    if signed.get("Id") != identity and (signature is not None or "Id" in signed.attrib):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.no_id", signed, name=local_name(signed), id=identity)


def _children(parent: etree._Element | None) -> Sequence[etree._Element]:
    return () if parent is None else list(parent)


def _fields(row: etree._Element, name: str, empty: tuple[str, ...]) -> dict[str, str]:
    """The text fields of a manifest row or of an Attachment; each at most once, without children of its own."""
    fields: dict[str, str] = {}
    if row.tag != qcvn(name):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.attachment_fields", row)
    for field in row:
        label = str(field.tag).rpartition("}")[2]
        if len(field) or label in fields or label not in (*_ATTACHMENT_FIELDS, *empty) or not blank(field.tail):
            raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.attachment_fields", field)
        fields[label] = field.text or ""
    held = [fields.pop(one, None) for one in empty]
    if "ContentId" not in fields or None in held or not all(map(blank, [row.text, row.tail, *held])):
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.attachment_fields", row)
    fields["ContentId"] = fields["ContentId"].removeprefix("cid:")
    return fields
