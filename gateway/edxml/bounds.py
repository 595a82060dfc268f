"""The bounds of a tree: counted in the bytes before parsing where a count can be had for nothing, in the tree after."""

from __future__ import annotations

from functools import cache

from lxml import etree

from gateway.edxml.findings import explained, path_of
from gateway.edxml.limits import Limits
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused


def check_markup(skeleton: bytes, limits: Limits) -> None:
    """Before parsing: as many elements and namespaces as there can be. A bomb is refused before it costs memory."""
    elements = skeleton.count(b"<") - skeleton.count(b"</")
    if elements > limits.elements_max:
        raise Refused(explained(Reason.XML_TOO_MANY_ELEMENTS, "limit", limit=limits.elements_max))
    namespaces = skeleton.count(b"xmlns")
    if namespaces > limits.namespaces_max:
        raise Refused(explained(Reason.XML_TOO_MANY_NAMESPACES, "limit", limit=limits.namespaces_max))


def check_tree(root: etree._Element, skeleton: bytes, limits: Limits) -> None:
    """After parsing: depth, attributes, names, texts. One compiled XPath each, run where it could find anything."""
    for reason, finder, limit in _finders(limits):
        if reason is Reason.XML_TOO_MANY_ATTRIBUTES and skeleton.count(b"=") <= limit:
            continue
        if reason is Reason.XML_TEXT_TOO_LONG and len(skeleton) <= limit:
            continue
        for element in finder(root):
            raise Refused(explained(reason, "limit", path_of(element), element.sourceline, limit=limit))


@cache
def _finders(limits: Limits) -> tuple[tuple[Reason, etree.XPath, int], ...]:
    depth, attributes = limits.depth_max, limits.attributes_max
    name, text = limits.name_chars_max, limits.text_chars_max
    return (
        (Reason.XML_TOO_DEEP, etree.XPath(f"({'/*' * (depth + 1)})[1]"), depth),
        (Reason.XML_TOO_MANY_ATTRIBUTES, etree.XPath(f"(//*[@*[{attributes + 1}]])[1]"), attributes),
        (
            Reason.XML_NAME_TOO_LONG,
            etree.XPath(f"(//*[string-length(name()) > {name} or @*[string-length(name()) > {name}]])[1]"),
            name,
        ),
        (
            Reason.XML_TEXT_TOO_LONG,
            etree.XPath(f"(//*[text()[string-length() > {text}] or @*[string-length() > {text}]])[1]"),
            text,
        ),
    )
