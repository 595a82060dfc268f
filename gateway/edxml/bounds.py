"""The bounds of a tree: counted in the bytes before parsing where a count can be had for nothing, in the tree after."""

from __future__ import annotations

from functools import cache

from lxml import etree

from gateway.edxml.findings import explained, path_of
from gateway.edxml.limits import Limits
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

Finders = dict[Reason, tuple[etree.XPath, int]]

_ALL = "descendant-or-self::*"
_SHORT_TAG_BYTES = 64
"""Seventeen attributes (` a=""`) take more, and so does a name that is too long."""


def check_markup(skeleton: bytes, limits: Limits) -> None:
    """Before parsing: as many elements and namespaces as there can be. A bomb is refused before it costs memory."""
    tags = skeleton.count(b"<")
    if tags > limits.elements_max and tags - skeleton.count(b"</") > limits.elements_max:
        raise Refused(explained(Reason.XML_TOO_MANY_ELEMENTS, "limit", limit=limits.elements_max))
    if skeleton.count(b"xmlns") > limits.namespaces_max:
        raise Refused(explained(Reason.XML_TOO_MANY_NAMESPACES, "limit", limit=limits.namespaces_max))


def check_tree(root: etree._Element, skeleton: bytes, limits: Limits) -> None:
    """After parsing: depth, attributes, names, texts. One compiled XPath each, run where the bytes make it possible
    that it finds anything."""
    finders = _finders(limits)
    _refuse(root, Reason.XML_TOO_DEEP, finders)
    # Between two `<` there is one tag at most, and a short stretch holds neither a long name nor many attributes.
    stretches = [one for one in skeleton.split(b"<") if len(one) > _SHORT_TAG_BYTES]
    if any(one.count(b"=") > limits.attributes_max for one in stretches):
        _refuse(root, Reason.XML_TOO_MANY_ATTRIBUTES, finders)
    if any(_tag_bytes(one) > limits.name_chars_max for one in stretches):
        _refuse(root, Reason.XML_NAME_TOO_LONG, finders)
    if len(skeleton) > limits.text_chars_max:
        _refuse(root, Reason.XML_TEXT_TOO_LONG, finders)


def _tag_bytes(stretch: bytes) -> int:
    """At most so many bytes belong to the tag; where a second `>` could hide in an attribute's value, all of them."""
    return stretch.find(b">") if stretch.count(b">") == 1 else len(stretch)


def _refuse(root: etree._Element, reason: Reason, finders: Finders) -> None:
    finder, limit = finders[reason]
    for element in finder(root):
        raise Refused(explained(reason, "limit", path_of(element), element.sourceline, limit=limit))


@cache
def _finders(limits: Limits) -> Finders:
    depth, attributes = limits.depth_max, limits.attributes_max
    name, text = limits.name_chars_max, limits.text_chars_max
    return {
        Reason.XML_TOO_DEEP: (etree.XPath(f"({'/*' * (depth + 1)})[1]"), depth),
        Reason.XML_TOO_MANY_ATTRIBUTES: (etree.XPath(f"({_ALL}[@*[{attributes + 1}]])[1]"), attributes),
        Reason.XML_NAME_TOO_LONG: (
            etree.XPath(f"({_ALL}[string-length(name()) > {name} or @*[string-length(name()) > {name}]])[1]"),
            name,
        ),
        Reason.XML_TEXT_TOO_LONG: (
            etree.XPath(f"({_ALL}[text()[string-length() > {text}] or @*[string-length() > {text}]])[1]"),
            text,
        ),
    }
