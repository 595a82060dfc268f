"""What an attacker, or a careless signer, can do to a sealed packet: edits, and true signatures over false structure.

`resign` makes the digests and the signature of any altered Signature true again with a given key. A vector that went
through it proves that structure alone is refused, not just a digest that no longer fits.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from collections.abc import Callable

from lxml import etree

from gateway.trust import KeySigner
from gateway.trust.algorithms import Algorithm, sign

DS = "http://www.w3.org/2000/09/xmldsig#"
HASHES = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#md5": "md5",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    "http://www.w3.org/2001/04/xmlenc#ripemd160": "sha256",
}
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

Edit = Callable[[str], str]


def swap(old: str, new: str, count: int = 1) -> Edit:
    """An edit that replaces `old`; an edit that would change nothing is a mistake in the vector."""

    def edit(text: str) -> str:
        assert old in text, f"nothing to replace: {old!r}"
        return text.replace(old, new, count)

    return edit


def between(text: str, start: str, end: str) -> str:
    """The first stretch from `start` to `end`, both included."""
    first = text.index(start)
    return text[first : text.index(end, first) + len(end)]


def resign(xml: bytes, signer: KeySigner) -> bytes:
    """The packet with every digest it can compute, and its first SignatureValue, made true by `signer`."""
    root = etree.fromstring(xml)
    signature = next(root.iter(f"{{{DS}}}Signature"), None)
    if signature is None or signature.find(f"{{{DS}}}SignedInfo") is None:
        return xml
    info = signature.find(f"{{{DS}}}SignedInfo")
    for reference in info.findall(f"{{{DS}}}Reference"):
        _digest(root, signature, reference)
    value = signature.find(f"{{{DS}}}SignatureValue")
    if value is not None:
        value.text = base64.b64encode(_value(info, signer)).decode()
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _digest(root: etree._Element, signature: etree._Element, reference: etree._Element) -> None:
    uri = reference.get("URI", "")
    targets = root.xpath("//*[@Id=$id]", id=uri[1:]) if uri.startswith("#") else [root] if uri == "" else []
    method, value = reference.find(f"{{{DS}}}DigestMethod"), reference.find(f"{{{DS}}}DigestValue")
    if not targets or method is None or value is None:
        return
    octets = _canonical(_without(targets[0], signature), exclusive=True)
    value.text = base64.b64encode(hashlib.new(HASHES[method.get("Algorithm")], octets).digest()).decode()


def _without(element: etree._Element, signature: etree._Element) -> etree._Element:
    """A copy of `element` in its namespace context without the Signature inside it (the enveloped transform)."""
    if element not in signature.iterancestors():
        return element
    tree = element.getroottree()
    elements, twins = list(tree.getroot().iter()), list(copy.deepcopy(tree).getroot().iter())
    twin, doomed = (twins[elements.index(one)] for one in (element, signature))
    before, parent = doomed.getprevious(), doomed.getparent()
    if doomed.tail and before is not None:
        before.tail = (before.tail or "") + doomed.tail
    elif doomed.tail:
        parent.text = (parent.text or "") + doomed.tail
    parent.remove(doomed)
    return twin


def _canonical(element: etree._Element, exclusive: bool) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)


def _value(info: etree._Element, signer: KeySigner) -> bytes:
    octets = _canonical(info, exclusive=True)
    method = info.find(f"{{{DS}}}SignatureMethod")
    uri = method.get("Algorithm") if method is not None else ""
    if "hmac" in uri:  # keyed with what everybody has: the certificate
        mac = hmac.new(signer.certificate_der, octets, "sha256").digest()
        length = method.findtext(f"{{{DS}}}HMACOutputLength")
        return mac if length is None else mac[: max(1, int(length) // 8)]
    own = signer.algorithm
    try:
        wanted = Algorithm(uri)
    except ValueError:
        wanted = own
    return sign(signer.key, wanted if wanted.kind is own.kind else own, octets)
