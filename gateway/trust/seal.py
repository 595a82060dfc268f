"""Sealing: the Signature block written straight in its canonical form and spliced into the document's own bytes.

Nothing of the document is re-serialised: prefixes, quotes and white space stay as its author wrote them. Writing the
block as text is what makes a seal cost little more than its signature; a test proves each part equal to lxml's form.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from gateway.model.reasons import Reason
from gateway.trust import anatomy
from gateway.trust.algorithms import Digest
from gateway.trust.faults import refusal
from gateway.trust.keys import Signer
from gateway.trust.names import (
    DS,
    ENVELOPE_ID,
    ENVELOPED,
    EXCLUSIVE_C14N,
    PROPERTIES_ID,
    SIGNATURE_ID,
    SIGNED_PROPERTIES_TYPE,
    XADES,
)
from gateway.trust.tree import canonical, parse

_ENVELOPE_START = re.compile(rb"<(?:[^\s<>/:]+:)?edXMLEnvelope(?=[\s>])")
_HEADER_END = re.compile(rb"</(?:[^\s<>/:]+:)?edXMLHeader\s*>")

_DS_DECLARATION = f' xmlns:ds="{DS}"'
_XADES_DECLARATION = f' xmlns:xades="{XADES}"'


def seal(skeleton: bytes, attachments: Sequence[tuple[str, str]], signer: Signer, at: datetime) -> bytes:
    """The packet sealed: `Id="envelope"` on its envelope and a ds:Signature as the last child of its header.

    `skeleton` is the edXML file with its base64 cut out, `attachments` are (content id, SHA-256 hex of the decoded
    bytes) in manifest order, `at` is the signing time (aware, kept to the second). Refused(seal.*) where the packet has
    a Signature already, breaks the profile's structure or lists other attachments.
    """
    marked = _with_id(skeleton)
    root = parse(marked)
    body = anatomy.packet(root, marked)
    anatomy.check_attachments(root, attachments)
    slot = _HEADER_END.search(marked)
    if slot is None or next(root.iter("{*}Signature"), None) is not None:
        raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.already_sealed", body.signed)
    block = _signature(body.uri, canonical(body.signed), attachments, signer, at)
    return marked[: slot.start()] + block + marked[slot.start() :]


def countersign(document: bytes, signer: Signer, at: datetime) -> bytes:
    """One of the gateway's own documents sealed: a ds:Signature as the last child of its root, which carries an Id.

    The same profile without attachments. Deterministic: the same document, key and second give the same bytes.
    """
    root = parse(document)
    body = anatomy.document(root, document)
    if next(root.iter("{*}Signature"), None) is not None:
        raise refusal(Reason.SEAL_AMBIGUOUS, "seal.fault.already_sealed", body.signed)
    return _with_last_child(document, _signature(body.uri, canonical(body.signed), (), signer, at))


def countersign_canonical(document: bytes, identity: str, signer: Signer, at: datetime) -> bytes:
    """`countersign` for a document we wrote ourselves that is its own canonical form, `identity` the Id of its root.

    It is not parsed again, so nothing is checked here: the same bytes come out (a test compares), for a third of the
    cost. Receipts and reports are written so.
    """
    return _with_last_child(document, _signature(f"#{identity}", document, (), signer, at))


def _with_id(skeleton: bytes) -> bytes:
    """The skeleton with the envelope's Id. The start tag is found in the bytes: only a tag can begin with a raw `<`."""
    start = _ENVELOPE_START.search(skeleton)
    if start is None:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.no_envelope")
    tag = skeleton[start.end() : skeleton.find(b">", start.end())]
    if re.search(rb"\sId\s*=", tag):
        return skeleton
    return skeleton[: start.end()] + f' Id="{ENVELOPE_ID}"'.encode() + skeleton[start.end() :]


def _with_last_child(document: bytes, block: bytes) -> bytes:
    end = document.rindex(b"</")
    return document[:end] + block + document[end:]


def _signature(uri: str, signed: bytes, attachments: Sequence[tuple[str, str]], signer: Signer, at: datetime) -> bytes:
    """The whole ds:Signature element over the canonical octets `signed` and the attachments."""
    properties = signed_properties(signer.certificate_der, at)
    info = signed_info(signer.algorithm, references(uri, signed, attachments, properties))
    return block(info, signer.sign(info.encode()), signer.certificate_der, properties).encode()


def references(
    uri: str, signed: bytes, attachments: Sequence[tuple[str, str]], properties: str
) -> list[tuple[str, tuple[str, ...], bytes]]:
    """What a seal refers to, as `signed_info` takes it: the signed element, each attachment, its own properties."""
    return [
        (f' URI="{uri}"', (ENVELOPED, EXCLUSIVE_C14N), hashlib.sha256(signed).digest()),
        *((f' URI="cid:{content_id}"', (), bytes.fromhex(sha256)) for content_id, sha256 in attachments),
        (
            f' Type="{SIGNED_PROPERTIES_TYPE}" URI="#{PROPERTIES_ID}"',
            (EXCLUSIVE_C14N,),
            hashlib.sha256(properties.encode()).digest(),
        ),
    ]


def block(info: str, value: bytes, certificate_der: bytes, properties: str) -> str:
    """The ds:Signature element of these parts."""
    return (
        f'<ds:Signature{_DS_DECLARATION} Id="{SIGNATURE_ID}">{info}'
        f"<ds:SignatureValue>{_base64(value)}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{_certificate(certificate_der)[0]}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties{_XADES_DECLARATION} Target="#{SIGNATURE_ID}">'
        f"{properties}</xades:QualifyingProperties></ds:Object></ds:Signature>"
    )


def in_its_place(block: str) -> str:
    """The canonical form of a `block` within its document: there no namespace is declared again. Its parts are declared
    for themselves, since each is signed by itself."""
    start = block.index(_DS_DECLARATION) + len(_DS_DECLARATION)
    block = block[:start] + block[start:].replace(_DS_DECLARATION, "")
    start = block.index(_XADES_DECLARATION) + len(_XADES_DECLARATION)
    return block[:start] + block[start:].replace(_XADES_DECLARATION, "")


def signed_info(algorithm: str, references: Sequence[tuple[str, tuple[str, ...], bytes]]) -> str:
    """SignedInfo in exclusive canonical form. A reference is (its attributes as text, transforms, digest)."""
    return (
        f'<ds:SignedInfo{_DS_DECLARATION}><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}">'
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>'
        f"{''.join(_reference(*reference) for reference in references)}</ds:SignedInfo>"
    )


def signed_properties(certificate_der: bytes, at: datetime) -> str:
    """SignedProperties in exclusive canonical form: when, and by which certificate."""
    _, digest = _certificate(certificate_der)
    signed_at = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return (
        f'<xades:SignedProperties{_XADES_DECLARATION} Id="{PROPERTIES_ID}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{signed_at}Z</xades:SigningTime>"
        f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod{_DS_DECLARATION} Algorithm="{Digest.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue{_DS_DECLARATION}>{digest}</ds:DigestValue>"
        f"</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
        f"</xades:SignedSignatureProperties></xades:SignedProperties>"
    )


def _reference(attributes: str, transforms: tuple[str, ...], digest: bytes) -> str:
    steps = "".join(f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in transforms)
    listed = f"<ds:Transforms>{steps}</ds:Transforms>" if steps else ""
    return (
        f'<ds:Reference{attributes}>{listed}<ds:DigestMethod Algorithm="{Digest.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{_base64(digest)}</ds:DigestValue></ds:Reference>"
    )


@lru_cache(maxsize=64)
def _certificate(der: bytes) -> tuple[str, str]:
    """A certificate and its digest as a seal writes them: signers are few, and each seals many documents."""
    return _base64(der), _base64(hashlib.sha256(der).digest())


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
