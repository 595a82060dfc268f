"""The ds:Signature element, read strictly: exactly the elements, attributes and algorithms of the profile.

Reading is taking apart: `_parts` names the children an element must have and gives them; anything more, less or other
is a refusal. What is left over afterwards is nothing, so there is nothing an attacker could have hidden.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from gateway.model.reasons import Reason
from gateway.trust.algorithms import Algorithm, Digest
from gateway.trust.anatomy import blank
from gateway.trust.faults import local_name, refusal
from gateway.trust.names import (
    ENVELOPED,
    EXCLUSIVE_C14N,
    PROPERTIES_ID,
    SIGNATURE_ID,
    SIGNED_PROPERTIES_TYPE,
    ds,
    xades,
)

_SIGNING_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Digested:
    """What a DigestMethod and its DigestValue say, and the element that says it."""

    method: Digest
    value: bytes
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Block:
    """A Signature of the strict profile, taken apart. Nothing in it is verified yet."""

    algorithm: Algorithm
    envelope: Digested
    attachments: tuple[Digested, ...]
    properties: Digested
    value: bytes
    certificate_der: bytes
    """The hint of KeyInfo."""
    signed_at: datetime
    signed_certificate: Digested
    issuer_serial: bytes | None
    signed_info: etree._Element
    signed_properties: etree._Element


def read_block(signature: etree._Element, uri: str, content_ids: Sequence[str]) -> Block:
    """Take a Signature apart that must sign `uri`, then the attachments in this order, then its own properties.

    Refused(SEAL_STRUCTURE), (SEAL_ALGORITHM) or (SEAL_REFERENCES), the first of these that applies.
    """
    signed_info, value, key_info, holder = _parts(
        signature, {"Id": SIGNATURE_ID}, ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo"), ds("Object")
    )
    certificate_der = _key_info(key_info)
    signed_properties, signed_at, signed_certificate, issuer_serial = _properties(holder)
    if len(signed_info) < 2:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.children", signed_info, name="SignedInfo")
    _parts(
        signed_info,
        {},
        ds("CanonicalizationMethod"),
        ds("SignatureMethod"),
        *[ds("Reference")] * (len(signed_info) - 2),
    )
    canonicalization, method, *references = signed_info
    signature_bytes = _octets(value)
    algorithm = _algorithm(canonicalization, method)
    digests = _references(signed_info, references, uri, content_ids)
    return Block(
        algorithm=algorithm,
        envelope=digests[0],
        attachments=tuple(digests[1:-1]),
        properties=digests[-1],
        value=signature_bytes,
        certificate_der=certificate_der,
        signed_at=signed_at,
        signed_certificate=signed_certificate,
        issuer_serial=issuer_serial,
        signed_info=signed_info,
        signed_properties=signed_properties,
    )


def _algorithm(canonicalization: etree._Element, method: etree._Element) -> Algorithm:
    if _uri_of(canonicalization) != EXCLUSIVE_C14N:
        raise _unknown_algorithm(canonicalization)
    try:
        return Algorithm(_uri_of(method))
    except ValueError:
        raise _unknown_algorithm(method) from None


def _references(
    signed_info: etree._Element, references: Sequence[etree._Element], uri: str, content_ids: Sequence[str]
) -> list[Digested]:
    """The digests of the expected references: the signed element, each attachment, the signed properties."""
    expected: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({"URI": uri}, (ENVELOPED, EXCLUSIVE_C14N)),
        *(({"URI": f"cid:{content_id}"}, ()) for content_id in content_ids),
        ({"Type": SIGNED_PROPERTIES_TYPE, "URI": f"#{PROPERTIES_ID}"}, (EXCLUSIVE_C14N,)),
    ]
    if len(references) != len(expected):
        raise refusal(
            Reason.SEAL_REFERENCES,
            "seal.fault.reference_count",
            signed_info,
            expected=str(len(expected)),
            count=str(len(references)),
        )
    return [
        _reference(reference, attributes, transforms)
        for reference, (attributes, transforms) in zip(references, expected, strict=True)
    ]


def _reference(reference: etree._Element, attributes: dict[str, str], transforms: tuple[str, ...]) -> Digested:
    if dict(reference.items()) != attributes:
        raise refusal(Reason.SEAL_REFERENCES, "seal.fault.reference_uri", reference, expected=attributes["URI"])
    names = [ds("Transforms")] * bool(transforms) + [ds("DigestMethod"), ds("DigestValue")]
    *listed, method, value = _parts(reference, attributes, *names, reason=Reason.SEAL_REFERENCES)
    if listed:
        steps = _parts(listed[0], {}, *[ds("Transform")] * len(transforms), reason=Reason.SEAL_REFERENCES)
        if tuple(_uri_of(step) for step in steps) != transforms:
            raise refusal(Reason.SEAL_REFERENCES, "seal.fault.transforms", listed[0])
    digested = _digested(method, value)
    if attributes["URI"].startswith("cid:") and digested.method is not Digest.SHA256:
        raise _unknown_algorithm(method)  # attachments are hashed once, with SHA-256, while they arrive
    return digested


def _key_info(key_info: etree._Element) -> bytes:
    """The one certificate of KeyInfo: no KeyValue, KeyName, RetrievalMethod, no second certificate."""
    (data,) = _parts(key_info, {}, ds("X509Data"))
    (certificate,) = _parts(data, {}, ds("X509Certificate"))
    return _octets(certificate)


def _properties(holder: etree._Element) -> tuple[etree._Element, datetime, Digested, bytes | None]:
    """SignedProperties itself, SigningTime, and SigningCertificateV2's digest and IssuerSerial."""
    (qualifying,) = _parts(holder, {}, xades("QualifyingProperties"))
    (signed,) = _parts(qualifying, {"Target": f"#{SIGNATURE_ID}"}, xades("SignedProperties"))
    (own,) = _parts(signed, {"Id": PROPERTIES_ID}, xades("SignedSignatureProperties"))
    time, certificates = _parts(own, {}, xades("SigningTime"), xades("SigningCertificateV2"))
    (certificate,) = _parts(certificates, {}, xades("Cert"))
    names = [xades("CertDigest")] + [xades("IssuerSerialV2")] * (len(certificate) > 1)
    digest, *serial = _parts(certificate, {}, *names)
    method, value = _parts(digest, {}, ds("DigestMethod"), ds("DigestValue"))
    return signed, _signed_at(time), _digested(method, value), _octets(serial[0]) if serial else None


def _signed_at(element: etree._Element) -> datetime:
    text = _leaf(element)
    try:
        if _SIGNING_TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # a day or an hour that does not exist: the same answer as a wrong spelling
    raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.signing_time", element)


def _digested(method: etree._Element, value: etree._Element) -> Digested:
    try:
        return Digested(Digest(_uri_of(method)), _octets(value), value)
    except ValueError:
        raise _unknown_algorithm(method) from None


def _parts(
    element: etree._Element, attributes: dict[str, str], *names: str, reason: Reason = Reason.SEAL_STRUCTURE
) -> list[etree._Element]:
    """The children of `element`, which must be exactly these in this order, with white space at most around them."""
    children = list(element)
    between = [element.text, *[child.tail for child in children]]
    if (
        [child.tag for child in children] != list(names)
        or dict(element.items()) != attributes
        or (any(between) and not all(map(blank, between)))
    ):
        raise refusal(reason, "seal.fault.children", element, name=local_name(element))
    return children


def _uri_of(element: etree._Element) -> str:
    """The Algorithm of an element that carries nothing else: no parameter, no PrefixList, no HMACOutputLength."""
    uri = element.get("Algorithm")
    if uri is None or len(element) or len(element.keys()) != 1 or not blank(element.text):
        raise _unknown_algorithm(element)
    return uri


def _leaf(element: etree._Element) -> str:
    if len(element) or element.keys():
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.children", element, name=local_name(element))
    return element.text or ""


def _octets(element: etree._Element) -> bytes:
    """Base64 in its one canonical spelling: no white space, full padding, zero padding bits, not empty."""
    text = _leaf(element)
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        octets = b""
    if not octets or binascii.b2a_base64(octets, newline=False).decode() != text:
        raise refusal(Reason.SEAL_STRUCTURE, "seal.fault.base64", element, name=local_name(element))
    return octets


def _unknown_algorithm(element: etree._Element) -> Exception:
    return refusal(
        Reason.SEAL_ALGORITHM,
        "seal.fault.algorithm",
        element,
        name=local_name(element),
        uri=element.get("Algorithm", ""),
    )
