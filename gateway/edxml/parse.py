"""Parsing: skeleton bytes to one tree, behind every check that keeps a hostile document from costing or meaning more
than it shows."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from lxml import etree

from gateway.edxml.bounds import check_markup, check_tree
from gateway.edxml.constructs import check_constructs, check_namespaces
from gateway.edxml.encoding import decoded
from gateway.edxml.findings import explained
from gateway.edxml.limits import Limits
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, found

_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<!--(?:(?!-->).)*+-->|<\?(?:(?!\?>).)*+\?>)*+", re.DOTALL)

_Kind = etree.ErrorTypes
_FAULTS: dict[int, str] = {
    _Kind.ERR_DOCUMENT_EMPTY: "no_start",
    _Kind.ERR_DOCUMENT_END: "after_end",
    _Kind.ERR_RESERVED_XML_NAME: "declaration_place",
    _Kind.NS_ERR_UNDEFINED_NAMESPACE: "unbound_prefix",
    _Kind.NS_ERR_XML_NAMESPACE: "bad_namespace",
    _Kind.NS_ERR_QNAME: "bad_namespace",
    _Kind.ERR_TAG_NAME_MISMATCH: "tag_mismatch",
    _Kind.ERR_TAG_NOT_FINISHED: "unfinished",
    _Kind.ERR_GT_REQUIRED: "unfinished",
    _Kind.ERR_COMMENT_NOT_FINISHED: "unfinished",
    _Kind.ERR_CDATA_NOT_FINISHED: "unfinished",
    _Kind.ERR_UNDECLARED_ENTITY: "entity",
    _Kind.ERR_NAME_REQUIRED: "escape",
    _Kind.ERR_LT_IN_ATTRIBUTE: "escape",
    _Kind.ERR_ATTRIBUTE_REDEFINED: "attribute_twice",
    _Kind.NS_ERR_ATTRIBUTE_REDEFINED: "attribute_twice",
    _Kind.ERR_INVALID_CHAR: "character",
}
"""What the parser's commonest complaints mean, in the catalogue's words."""
_LIMITS_OF_LIBXML2: dict[int, Reason] = {
    _Kind.ERR_RESOURCE_LIMIT: Reason.XML_TOO_DEEP,  # depth 256
    _Kind.ERR_NAME_TOO_LONG: Reason.XML_NAME_TOO_LONG,  # 50,000 characters
}
"""Limits of the parser's own that come before ours can."""
_SUBJECT = re.compile(r"(?:prefix|Attribute|in tag|mismatch:) (\S+)|'([^']+)'")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One packet's tree. Only `edxml`, `trust` and `rules` look inside; it crosses no thread and no await."""

    root: etree._Element
    """`edXML`."""
    skeleton: bytes
    text: str
    """The skeleton, decoded."""
    limits: Limits
    commented: bool
    """There is a comment somewhere. Between elements the read profile lets it pass; a strict seal does not."""


class _Parsers(threading.local):
    """One parser a thread: a shared one makes the threads wait for each other and mixes their errors."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=False,
            remove_pis=False,
            remove_blank_text=False,
        )


_parsers = _Parsers()


def parse(skeleton: bytes, limits: Limits) -> Parsed:
    """A packet's tree. Refused(ENVELOPE_TOO_LARGE, xml.*) for what is too big, not well-formed or not allowed.

    Lines in refusals are the skeleton's: line breaks inside cut base64 do not count.
    """
    if len(skeleton) > limits.envelope_bytes_max:
        raise Refused(explained(Reason.ENVELOPE_TOO_LARGE, "limit", limit=limits.envelope_bytes_max))
    text = decoded(skeleton)
    prolog = _PROLOG.match(skeleton)
    if prolog and skeleton.startswith(b"<!DOCTYPE", prolog.end()):
        raise Refused(found(Reason.XML_DOCTYPE, line=prolog[0].count(b"\n") + 1))
    check_markup(skeleton, limits)
    root = _tree(skeleton, text)
    check_tree(root, skeleton, limits)
    check_constructs(root, skeleton)
    check_namespaces(root, skeleton)
    return Parsed(root, skeleton, text, limits, commented=b"<!--" in skeleton)


def fragment(canonical: bytes, limits: Limits) -> etree._Element:
    """The root of canonical bytes that came out of a tree `parse` let through. Refused where they are anything else."""
    if len(canonical) > limits.envelope_bytes_max:
        raise Refused(explained(Reason.ENVELOPE_TOO_LARGE, "limit", limit=limits.envelope_bytes_max))
    return _tree(canonical, "")


def _tree(xml: bytes, text: str) -> etree._Element:
    try:
        root = etree.fromstring(xml, _parsers.parser)
    except etree.XMLSyntaxError as error:
        raise Refused(_malformed(error, text)) from error
    if root.getroottree().docinfo.internalDTD is not None:  # the byte search above saw it already
        raise Refused(found(Reason.XML_DOCTYPE))
    return root


def fault_before(start: bytes) -> Finding | None:
    """What is wrong with the XML up to here, apart from its missing end; None where nothing is. It is the fault to tell
    where a later one stopped the receiving."""
    try:
        etree.fromstring(start, _parsers.parser)
    except etree.XMLSyntaxError as error:
        if error.code != _Kind.ERR_TAG_NOT_FINISHED:
            return _malformed(error, start.decode("utf-8", "replace"))
    return None


def _malformed(error: etree.XMLSyntaxError, text: str) -> Finding:
    line = error.lineno or 1
    if reason := _LIMITS_OF_LIBXML2.get(error.code):
        return found(reason, line=line)
    fault = _FAULTS.get(error.code, "other")
    if error.code == _Kind.ERR_DOCUMENT_EMPTY:
        subject = text.lstrip("\ufeff \t\r\n").partition("<")[0]
        fault = fault if subject else "empty"
    else:
        named = _SUBJECT.search(error.msg or "")
        subject = (named[1] or named[2]) if named else ""
    return explained(Reason.XML_MALFORMED, fault, line=line, subject=subject)
