"""Verifying a seal: structure, algorithms, references, key, certificate, properties, digests, signature; then only what
was digested is handed out.

The order is the order of the reasons (`model.reasons`). Structure comes before cryptography, because a true signature
over the wrong thing is still a true signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.edxml import Parsed
from gateway.model.packet import SealFacts
from gateway.model.reasons import Reason
from gateway.trust import anatomy
from gateway.trust.algorithms import describe, fits, verifies
from gateway.trust.block import Block, Digested, read_block
from gateway.trust.certificates import Certificate, TrustStore, read_certificate
from gateway.trust.faults import refusal
from gateway.trust.tree import canonical, canonical_without, parse
from gateway.trust.written import Recognised, Written, recognise

CLOCK_SKEW_MAX = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours before its signing time is in the future."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A seal that holds."""

    canonical: bytes
    """Exactly the octets Reference 1 digested: the only form from which a verified packet may be read."""
    facts: SealFacts


def verify(
    parsed: Parsed,
    attachments: Sequence[tuple[str, str]],
    certificates: Sequence[bytes],
    trust: TrustStore,
    at: datetime,
    packet: Written | None = None,
) -> Verified:
    """Verify a packet's seal at the instant `at`. Refused(seal.*), the first broken rule by precedence.

    `attachments` are (content id, SHA-256 hex of the decoded bytes) as received; `certificates` are the DER of the
    sender's certificates in the directory, the only source of the key: KeyInfo must name one of them. `packet` is what
    `written` made of it: where it is as packets are, and its seal holds, that is known sooner (`trust/written.py`).
    """
    seal = None if packet is None else recognise(parsed, packet, attachments, certificates)
    if packet is not None and seal is not None and _holds(seal, trust, at):
        facts = SealFacts(seal.certificate.sha256, seal.certificate.subject, seal.signed_at, seal.algorithm.name)
        return Verified(packet.octets, facts)
    return _verify(parsed, attachments, certificates, trust, at)


def _holds(seal: Recognised, trust: TrustStore, at: datetime) -> bool:
    certificate = seal.certificate
    trust.verify(certificate.der, at)
    return (
        certificate.period.covers(seal.signed_at)
        and seal.signed_at <= at + CLOCK_SKEW_MAX
        and verifies(certificate.key, seal.algorithm, seal.value, seal.signed_info)
    )


def _verify(
    parsed: Parsed,
    attachments: Sequence[tuple[str, str]],
    certificates: Sequence[bytes],
    trust: TrustStore,
    at: datetime,
) -> Verified:
    """The long way: every part by itself, in the order of the reasons."""
    anatomy.check_sealed(parsed.root)
    body = anatomy.packet(parsed.root, parsed.skeleton)
    signature = anatomy.signature_in_place(body)
    anatomy.check_attachments(parsed.root, attachments)
    block = read_block(signature, body.uri, [content_id for content_id, _ in attachments])
    certificate = _certificate(block, certificates)
    trust.verify(certificate.der, at)
    _check_properties(block, certificate)
    if block.signed_at > at + CLOCK_SKEW_MAX:
        raise refusal(
            Reason.SEAL_PROPERTIES, "seal.fault.signed_in_future", block.signed_properties,
            signed_at=block.signed_at.isoformat(), at=at.isoformat(),
        )  # fmt: skip
    for (content_id, sha256), digested in zip(attachments, block.attachments, strict=True):
        if digested.value != bytes.fromhex(sha256):
            raise refusal(
                Reason.SEAL_ATTACHMENT_DIGEST, "seal.fault.attachment_changed", digested.element, content_id=content_id
            )
    octets = canonical_without(body.signed, signature)
    _check_signature(block, certificate, octets)
    return Verified(octets, _facts(block, certificate))


def verify_countersigned(xml: bytes, certificate_der: bytes) -> bytes:
    """Verify one of the gateway's own documents with its certificate alone: no directory, authority or clock.

    Gives the canonical octets that were signed; who pins the certificate says whom to trust. Refused(seal.*) otherwise.
    """
    root = parse(xml)
    anatomy.check_sealed(root)
    body = anatomy.document(root, xml)
    signature = anatomy.signature_in_place(body)
    block = read_block(signature, body.uri, ())
    certificate = _certificate(block, (certificate_der,))
    _check_properties(block, certificate)
    octets = canonical_without(body.signed, signature)
    _check_signature(block, certificate, octets)
    return octets


def countersigner(xml: bytes) -> bytes:
    """The certificate (DER) that a document's seal carries. Whose it is, and whether the seal holds, nobody checked."""
    root = parse(xml)
    anatomy.check_sealed(root)
    body = anatomy.document(root, xml)
    return read_block(anatomy.signature_in_place(body), body.uri, ()).certificate_der


def _certificate(block: Block, certificates: Sequence[bytes]) -> Certificate:
    """The sender's certificate as the directory has it. KeyInfo only says which of several."""
    if block.certificate_der not in certificates:
        raise refusal(Reason.SEAL_KEY, "seal.fault.certificate_not_in_directory", block.signed_info)
    certificate = read_certificate(block.certificate_der)
    if not fits(certificate.key, block.algorithm):
        raise refusal(
            Reason.SEAL_KEY,
            "seal.fault.key_of_other_kind",
            block.signed_info,
            key=describe(certificate.key),
            method=block.algorithm.name,
        )
    return certificate


def _check_properties(block: Block, certificate: Certificate) -> None:
    """The signed properties name the very certificate, and a time at which it was valid."""
    if not _matches(block.signed_certificate, certificate.der):
        raise refusal(Reason.SEAL_PROPERTIES, "seal.fault.signed_certificate", block.signed_properties)
    if block.issuer_serial not in (None, certificate.issuer_serial):
        raise refusal(Reason.SEAL_PROPERTIES, "seal.fault.issuer_serial", block.signed_properties)
    if not certificate.period.covers(block.signed_at):
        raise refusal(
            Reason.SEAL_PROPERTIES, "seal.fault.signed_outside_validity", block.signed_properties,
            signed_at=block.signed_at.isoformat(),
        )  # fmt: skip


def _check_signature(block: Block, certificate: Certificate, octets: bytes) -> None:
    if not _matches(block.properties, canonical(block.signed_properties)):
        raise refusal(Reason.SEAL_DIGEST, "seal.fault.properties_changed", block.properties.element)
    if not _matches(block.envelope, octets):
        raise refusal(Reason.SEAL_DIGEST, "seal.fault.content_changed", block.envelope.element)
    if not verifies(certificate.key, block.algorithm, block.value, canonical(block.signed_info)):
        raise refusal(Reason.SEAL_SIGNATURE, "seal.fault.signature_false", block.signed_info)


def _matches(digested: Digested, octets: bytes) -> bool:
    return hashlib.new(digested.method.algorithm_name, octets).digest() == digested.value


def _facts(block: Block, certificate: Certificate) -> SealFacts:
    return SealFacts(certificate.sha256, certificate.subject, block.signed_at, block.algorithm.name)
