"""What XML allows and a packet must not hold: anything that makes two readers see two documents, or a reader fetch one.

Comments have a rule of their own. Packets of the field carry them between elements, where they change nothing; inside
an element that bears text they cut its value short for some readers (`<OrganId>000.00<!-- -->.00.G22</OrganId>`), so
there they are refused. A strict seal refuses them everywhere (`Parsed.commented`).
"""

from __future__ import annotations

from lxml import etree

from gateway.edxml.findings import explained, local_name, path_of
from gateway.edxml.names import QCVN, WRONG_NAMESPACES, XINCLUDE, XSI
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found

_XML = "http://www.w3.org/XML/1998/namespace"

_INSTRUCTIONS = etree.XPath("//processing-instruction()")
_COMMENTED = etree.XPath("//*[comment()]")
_FORBIDDEN_ELEMENTS = etree.XPath("//xi:*", namespaces={"xi": XINCLUDE})
_FORBIDDEN_ATTRIBUTES = etree.XPath(
    "//*[@xsi:* or @xml:base or @xml:id or @xml:space]", namespaces={"xsi": XSI, "xml": _XML}
)
_HINTS = (b"XMLSchema-instance", b"XInclude", b"xml:", b"&")
"""Without one of these bytes there is no forbidden element or attribute (a reference can spell the others)."""


_WRONG = [wrong.encode() for wrong in WRONG_NAMESPACES]
_RIGHT = f"{{{QCVN}}}"
_PARTS = ("edXMLEnvelope", "AttachmentEncoded")


def check_constructs(root: etree._Element, skeleton: bytes) -> None:
    """Refused(XML_PROCESSING_INSTRUCTION, XML_COMMENT, XML_FORBIDDEN_CONSTRUCT). Byte searches only spare us walks."""
    declared = skeleton.startswith((b"<?xml", b"\xef\xbb\xbf<?xml"))
    if skeleton.count(b"?") > 2 * declared:
        for instruction in _INSTRUCTIONS(root):
            raise Refused(found(Reason.XML_PROCESSING_INSTRUCTION, _parent_path(instruction), instruction.sourceline))
    if b"!" in skeleton:
        for parent in _COMMENTED(root):
            if bears_text(parent):
                path, name = path_of(parent), local_name(parent.tag)
                raise Refused(explained(Reason.XML_COMMENT, "in_value", path, parent.sourceline, name=name))
    if any(hint in skeleton for hint in _HINTS):
        for element in (*_FORBIDDEN_ELEMENTS(root), *_FORBIDDEN_ATTRIBUTES(root)):
            name = local_name(element.tag)
            raise Refused(
                explained(Reason.XML_FORBIDDEN_CONSTRUCT, "element", path_of(element), element.sourceline, name=name)
            )


def check_namespaces(root: etree._Element, skeleton: bytes) -> None:
    """Refused(XML_NAMESPACE) where the packet, or a part of it, is in another namespace than QCVN 102's."""
    suspects = [root, *(one for one in root if local_name(one.tag) in _PARTS)]
    if any(wrong in skeleton for wrong in _WRONG):
        suspects = list(root.iter(tag=etree.Element))
        suspects = suspects[:1] + [one for one in suspects[1:] if etree.QName(one).namespace in WRONG_NAMESPACES]
    for element in suspects:
        if not str(element.tag).startswith(_RIGHT):
            namespace = etree.QName(element).namespace
            other = "other" if namespace else "none"
            fault = WRONG_NAMESPACES.get(namespace or "", other)
            raise Refused(
                explained(
                    Reason.XML_NAMESPACE,
                    fault,
                    path_of(element),
                    element.sourceline,
                    written=namespace or "",
                    right=QCVN,
                )
            )


def bears_text(element: etree._Element) -> bool:
    """Where a comment would sit inside a value: the element has text of its own, or nothing but text could be its
    content (no element inside)."""
    elements = list(element.iterchildren(tag=etree.Element))
    texts = (element.text, *(child.tail for child in element))
    return not elements or any(text and not text.isspace() for text in texts)


def _parent_path(node: etree._Element) -> str:
    parent = node.getparent()
    return "/" if parent is None else path_of(parent)
