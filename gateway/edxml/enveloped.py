"""The digest that a signature of the field is made over: of the whole file, its base64 as typed, the signature out.

The base64 leaves the file as it arrives (`cut.py`), so the digest is taken on the way, or never. Nothing is done for a
packet without such a signature. What comes out is reported and decides nothing.
"""

from __future__ import annotations

import hashlib
import re
import threading

from lxml import etree

from gateway.edxml.findings import local_name
from gateway.edxml.names import DSIG
from gateway.edxml.signature import EXAMPLE_DIGEST, in_slot, old_signature

ENVELOPE_BYTES_MAX = 64 * 1024
"""Larger ones are not put in canonical form here: it happens before anything is known of them, once an attachment."""
DIGESTS = {f"{DSIG}sha1": hashlib.sha1, "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256}
"""What such signatures digest with. SHA-1 proves nothing any more; here it is only told whether it was computed."""

_METHOD = b"SignatureMethod"
_WHOLE_FILE = re.compile(rb"""URI\s*=\s*(?:""|'')""")
_REACH_BYTES = 512
"""The first Reference follows the SignatureMethod. Looking no further, a sealed packet is told from the others in two
microseconds."""


class _Parsers(threading.local):
    """One parser a thread. It closes what is still open, since the file is looked at before its end."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8", recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
        )


_parsers = _Parsers()


class EnvelopedDigest:
    """Takes the file as it passes: the skeleton up to each run of base64, and the run's text."""

    def __init__(self) -> None:
        self._hash: hashlib._Hash | None = None
        self._exclusive = False
        self._begun = False
        self._written_bytes = 0
        """Of the skeleton's canonical form: what the digest has taken."""
        self._return_waits = False
        """The text so far ended with a carriage return, which a line feed may join."""

    def run_begins(self, skeleton: bytearray) -> None:
        """`skeleton`: all before the run, short of the `>` that opens it."""
        if not self._begun:
            self._begin(bytes(skeleton) + b">" if _may_be_signed(skeleton) else b"")
        if self._hash is not None:
            self._upto(bytes(skeleton) + b">")

    def text(self, run: bytes) -> None:
        """The next piece of the run's text, as typed; line ends are those of XML (XML 1.0, 2.11)."""
        if self._hash is None or not run:
            return
        if self._return_waits:
            run = b"\r" + run
        self._return_waits = run.endswith(b"\r")
        self._hash.update(run.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n"))

    def run_ends(self) -> None:
        if self._hash is not None and self._return_waits:
            self._hash.update(b"\n")
            self._return_waits = False

    def finish(self, skeleton: bytearray) -> str | None:
        """Hex; None where no signature over the whole file was seen before the first run, or it cannot be computed."""
        if not self._begun:
            self._begin(bytes(skeleton) if _may_be_signed(skeleton) else b"")
        if self._hash is not None:
            self._upto(bytes(skeleton), whole=True)
        return None if self._hash is None else self._hash.hexdigest()

    def _begin(self, start: bytes) -> None:
        self._begun = True
        root = _tree(start)
        signature = None if root is None else old_signature(root)
        if signature is None or signature.digest_value == EXAMPLE_DIGEST:
            return
        if signature.plain and signature.digest_method in DIGESTS:
            self._hash = DIGESTS[signature.digest_method]()
            self._exclusive = signature.exclusive

    def _upto(self, start: bytes, whole: bool = False) -> None:
        """Take what of the skeleton's canonical form is new."""
        assert self._hash is not None, "only where there is something to compute"
        octets = _canonical(start, self._exclusive, whole)
        if octets is None:
            self._hash = None
            return
        self._hash.update(octets[self._written_bytes :])
        self._written_bytes = len(octets)


def _may_be_signed(skeleton: bytearray) -> bool:
    method_at = skeleton.find(_METHOD)
    return method_at >= 0 and _WHOLE_FILE.search(skeleton, method_at, method_at + _REACH_BYTES) is not None


def _tree(start: bytes) -> etree._Element | None:
    """The tree of a file's start, as far as it can be made out; what is not well-formed is for `parse` to refuse."""
    try:
        return etree.fromstring(start, _parsers.parser) if start else None
    except etree.XMLSyntaxError:
        return None


def _canonical(start: bytes, exclusive: bool, whole: bool) -> bytes | None:
    """The canonical form of a file without its signature, up to where `start` ends. None where it has none."""
    if len(start) > ENVELOPE_BYTES_MAX:
        return None
    root = _tree(start)
    signature = None if root is None else in_slot(root)
    if root is None or signature is None:
        return None
    _take_out(signature)
    try:
        octets = etree.tostring(root.getroottree(), method="c14n", exclusive=exclusive, with_comments=False)
    except etree.C14NError:
        return None
    endings = b"" if whole else _endings(root)
    return octets.removesuffix(endings) if octets.endswith(endings) else None


def _take_out(signature: etree._Element) -> None:
    """Remove an element, and leave the text behind it where it is."""
    parent, before, tail = signature.getparent(), signature.getprevious(), signature.tail or ""
    assert parent is not None, "the slot is inside the header"
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(signature)


def _endings(root: etree._Element) -> bytes:
    """The end tags of the elements that stand open: each is the last in the one before."""
    names: list[bytes] = []
    node: etree._Element | None = root
    while node is not None:
        name = local_name(node.tag)
        names.append(f"</{node.prefix}:{name}>".encode() if node.prefix else f"</{name}>".encode())
        node = node[-1] if len(node) else None
    return b"".join(reversed(names))
