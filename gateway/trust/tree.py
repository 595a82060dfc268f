"""lxml, with every door shut: parsing of what is sealed here, and canonical XML that fails loudly."""

from __future__ import annotations

import threading

from lxml import etree

from gateway.model.reasons import Reason
from gateway.trust.faults import qualified_name, refusal


class _Parsers(threading.local):
    """One parser a thread: threads wait for a shared one, and making one costs more than the parsing."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, collect_ids=False
        )


_parsers = _Parsers()


def parse(xml: bytes) -> etree._Element:
    """The root of a small document. Refused(XML_MALFORMED) where it is not well-formed."""
    try:
        return etree.fromstring(xml, _parsers.parser)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise refusal(Reason.XML_MALFORMED, "seal.fault.not_xml") from broken


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical XML 1.0 without comments of an element and what is in it.

    Only exclusive: lxml's inclusive form of a subtree writes a false xmlns="". Refused(SEAL_STRUCTURE) where there is
    no canonical form (relative namespace URIs); an empty result is never taken for one.
    """
    try:
        octets = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError as none:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.no_canonical_form", element) from none
    if not octets:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.no_canonical_form", element)
    return octets


def canonical_without(element: etree._Element, signature: etree._Element | None) -> bytes:
    """The canonical form of `element` after the enveloped-signature transform.

    The Signature's own canonical text is cut out instead of taking it from the tree, which others still read. That
    gives the same octets: in exclusive canonical XML no element's form depends on its siblings, and the one Signature's
    tags occur nowhere else (canonical text holds no comment, no CDATA and no bare `<`).
    """
    octets = canonical(element)
    if signature is None:
        return octets
    name = qualified_name(signature)
    closing = b"</" + name + b">"
    start, end = octets.index(b"<" + name + b" "), octets.index(closing) + len(closing)
    return octets[:start] + octets[end:]
