"""Certificates of destruction: which content is gone, by which rule, and the digests that stay in its place.

With the digests of envelope and attachments the digest of the packet can be made anew, which receipt and ledger name:
what is proven of the dispatch stays proven. The ledger's `retention` entry holds the certificate's own digest. Schema:
`schemas/destruction.xsd`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gateway.ledger.canonical import Element, NotCanonicalError, read, write
from gateway.ledger.entry import Form, read_instant, write_instant
from gateway.ledger.fault import Fault, ProofError

DESTRUCTION_NAMESPACE = "urn:vn:truc:destruction:1"
DESTRUCTION_ID = "destruction"
DESTRUCTION_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DestroyedPart:
    """An attachment. Its bytes stay where another dispatch holds the same (`kept`)."""

    sha256: str
    size_bytes: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class DestructionFacts:
    """What a certificate states."""

    origin: str
    """Name of the ledger."""
    dispatch_id: str
    accepted_index: int
    packet_digest: str
    envelope_sha256: str
    envelope_bytes: int
    attachments: tuple[DestroyedPart, ...]
    kept_until: date
    """The last day of its period."""
    basis: str
    """The rule of the period."""
    by: str
    """Salted digest of who destroyed it."""
    destroyed_at: datetime


def write_destruction(facts: DestructionFacts) -> bytes:
    """The certificate, not yet sealed. ProofError(destruction.form) for text that XML cannot hold."""
    children = [
        Element("Origin", text=facts.origin),
        Element("Accepted", {"dispatch": facts.dispatch_id, "index": str(facts.accepted_index)}),
        Element("PacketDigest", text=facts.packet_digest),
        Element("Envelope", {"sha256": facts.envelope_sha256, "size": str(facts.envelope_bytes)}),
        *(
            Element("Attachment", {"kept": str(one.kept).lower(), "sha256": one.sha256, "size": str(one.size_bytes)})
            for one in facts.attachments
        ),
        Element("Period", {"until": facts.kept_until.isoformat()}, text=facts.basis),
        Element("DestroyedBy", {"digest": facts.by}),
        Element("DestroyedAt", text=write_instant(facts.destroyed_at)),
    ]
    try:
        return write(
            Element("Destruction", {"Id": DESTRUCTION_ID, "version": "1"}, tuple(children)), DESTRUCTION_NAMESPACE
        )
    except NotCanonicalError as wrong:
        raise ProofError(Fault.DESTRUCTION_FORM, what=wrong) from wrong


def read_destruction(canonical: bytes) -> DestructionFacts:
    """What a certificate states, from the canonical bytes its seal digested.

    ProofError(destruction.form) unless `canonical` is exactly what `write_destruction` writes for the facts read.
    """
    if len(canonical) > DESTRUCTION_BYTES_MAX:
        raise ProofError(Fault.DESTRUCTION_FORM, what=f"{len(canonical)} > {DESTRUCTION_BYTES_MAX}")
    try:
        root = read(canonical, DESTRUCTION_NAMESPACE)
        facts = DestructionFacts(
            origin=root["Origin"].text,
            dispatch_id=root["Accepted"].need("dispatch"),
            accepted_index=int(root["Accepted"].need("index")),
            packet_digest=root["PacketDigest"].text,
            envelope_sha256=root["Envelope"].need("sha256"),
            envelope_bytes=int(root["Envelope"].need("size")),
            attachments=tuple(
                DestroyedPart(one.need("sha256"), int(one.need("size")), one.need("kept") == "true")
                for one in root.all("Attachment")
            ),
            kept_until=date.fromisoformat(root["Period"].need("until")),
            basis=root["Period"].text,
            by=root["DestroyedBy"].need("digest"),
            destroyed_at=read_instant(root["DestroyedAt"].text),
        )
    except (ProofError, ValueError) as wrong:
        raise ProofError(Fault.DESTRUCTION_FORM, what=str(wrong)[:120]) from wrong
    digests = (facts.packet_digest, facts.envelope_sha256, facts.by, *(one.sha256 for one in facts.attachments))
    if write_destruction(facts) != canonical or not all(map(Form.DIGEST.value.fullmatch, digests)):
        raise ProofError(Fault.DESTRUCTION_FORM, what="schemas/destruction.xsd")
    return facts
