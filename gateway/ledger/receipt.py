"""The receipt: the gateway's statement to a sender, as XML that is its own canonical form.

What `write_receipt` writes equals its exclusive C14N, so the bytes a seal digests are the bytes written here, and
`read_receipt` can demand them back to the last one. Schema: `schemas/receipt.xsd`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.ledger.canonical import NotCanonicalError, attribute, plain, text
from gateway.ledger.entry import read_instant, write_instant
from gateway.ledger.fault import Fault, ProofError

RECEIPT_NAMESPACE = "urn:vn:truc:receipt:1"
RECEIPT_ID = "receipt"
RECEIPT_BYTES_MAX = 1024 * 1024
"""A thousand addressees and 28 attachments come to some 150 KiB."""


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt states."""

    dispatch_id: str
    origin: str
    """Name of the ledger that holds the dispatch."""
    peer: str
    """Key of the connected system that submitted."""
    sender: str
    """Key of the agency the packet speaks for."""
    packet_digest: str
    """Lower-case hex (`model.packet.packet_digest`)."""
    admitted_at: datetime
    attachments: tuple[tuple[str, str, int], ...] = ()
    """(content id, SHA-256 in lower-case hex, size in bytes), in the packet's order."""
    addressees: tuple[tuple[str, str], ...] = ()
    """(key of the agency, the identifier the sender wrote)."""
    document_id: str | None = None
    findings: tuple[str, ...] = ()
    """Reasons of the warnings the packet was admitted with."""
    seal_certificate: str | None = None
    """SHA-256 of the certificate that sealed the packet, lower-case hex; None: admitted unsealed."""


def write_receipt(facts: ReceiptFacts) -> bytes:
    """The receipt, not yet sealed. ProofError(receipt.form) for text that XML cannot hold."""
    try:
        return _written(facts)
    except NotCanonicalError as wrong:
        raise ProofError(Fault.RECEIPT_FORM, what=wrong) from wrong


def _written(facts: ReceiptFacts) -> bytes:
    document_id = "" if facts.document_id is None else f"<DocumentId>{text(facts.document_id)}</DocumentId>"
    certificate = f"<SealCertificate>{facts.seal_certificate}</SealCertificate>" if facts.seal_certificate else ""
    attachments = "".join(
        f'<Attachment contentId="{attribute(content_id)}" sha256="{sha256}" size="{size}"></Attachment>'
        for content_id, sha256, size in facts.attachments
    )
    addressees = "".join(
        f'<Addressee addressedAs="{attribute(written)}" key="{attribute(key)}"></Addressee>'
        for key, written in facts.addressees
    )
    findings = "".join(f'<Finding reason="{attribute(reason)}"></Finding>' for reason in facts.findings)
    return (
        f'<Receipt xmlns="{RECEIPT_NAMESPACE}" Id="{RECEIPT_ID}">'
        f"<DispatchId>{text(facts.dispatch_id)}</DispatchId>"
        f"<Origin>{text(facts.origin)}</Origin>"
        f"<Peer>{text(facts.peer)}</Peer>"
        f"<Sender>{text(facts.sender)}</Sender>"
        f"{document_id}"
        f"<PacketDigest>{facts.packet_digest}</PacketDigest>"
        f"<Attachments>{attachments}</Attachments>"
        f"<Addressees>{addressees}</Addressees>"
        f"<AdmittedAt>{write_instant(facts.admitted_at)}</AdmittedAt>"
        "<Verdict>admitted</Verdict>"
        f"<Findings>{findings}</Findings>"
        f"{certificate}"
        "</Receipt>"
    ).encode()


def read_receipt(canonical: bytes) -> ReceiptFacts:
    """What a receipt states, from the canonical bytes its seal digested (`trust.verify_countersigned` gives them).

    ProofError(receipt.form) unless `canonical` is exactly what `write_receipt` writes for the facts read.
    """
    if len(canonical) > RECEIPT_BYTES_MAX:
        raise ProofError(Fault.RECEIPT_FORM, what=f"{len(canonical)} > {RECEIPT_BYTES_MAX}")
    try:
        match = _RECEIPT.fullmatch(canonical.decode())
    except UnicodeDecodeError as wrong:
        raise ProofError(Fault.RECEIPT_FORM, what="UTF-8") from wrong
    if match is None:
        raise ProofError(Fault.RECEIPT_FORM, what="schemas/receipt.xsd")
    part = match.groupdict()
    facts = ReceiptFacts(
        dispatch_id=plain(part["dispatch"]),
        origin=plain(part["origin"]),
        peer=plain(part["peer"]),
        sender=plain(part["sender"]),
        document_id=None if part["document"] is None else plain(part["document"]),
        packet_digest=part["packet"],
        attachments=tuple(
            (plain(content_id), sha256, int(size))
            for content_id, sha256, size in _ATTACHMENT.findall(match["attachments"])
        ),
        addressees=tuple((plain(key), plain(written)) for written, key in _ADDRESSEE.findall(match["addressees"])),
        admitted_at=_instant(part["at"]),
        findings=tuple(plain(reason) for reason in _FINDING.findall(match["findings"])),
        seal_certificate=part["seal"],
    )
    if write_receipt(facts) != canonical:
        raise ProofError(Fault.RECEIPT_FORM, what="C14N")
    return facts


_ATTACHMENT = re.compile(
    '<Attachment contentId="([^"<]*)" sha256="([0-9a-f]{64})" size="(0|[1-9][0-9]{0,17})"></Attachment>'
)
_ADDRESSEE = re.compile('<Addressee addressedAs="([^"<]*)" key="([^"<]*)"></Addressee>')
_FINDING = re.compile('<Finding reason="([^"<]*)"></Finding>')
_RECEIPT = re.compile(
    f'<Receipt xmlns="{RECEIPT_NAMESPACE}" Id="{RECEIPT_ID}">'
    "<DispatchId>(?P<dispatch>[^<]*)</DispatchId>"
    "<Origin>(?P<origin>[^<]*)</Origin>"
    "<Peer>(?P<peer>[^<]*)</Peer>"
    "<Sender>(?P<sender>[^<]*)</Sender>"
    "(?:<DocumentId>(?P<document>[^<]*)</DocumentId>)?"
    "<PacketDigest>(?P<packet>[0-9a-f]{64})</PacketDigest>"
    "<Attachments>(?P<attachments>(?:<Attachment [^<]*></Attachment>)*)</Attachments>"
    "<Addressees>(?P<addressees>(?:<Addressee [^<]*></Addressee>)*)</Addressees>"
    "<AdmittedAt>(?P<at>[^<]*)</AdmittedAt>"
    "<Verdict>admitted</Verdict>"
    "<Findings>(?P<findings>(?:<Finding [^<]*></Finding>)*)</Findings>"
    "(?:<SealCertificate>(?P<seal>[0-9a-f]{64})</SealCertificate>)?"
    "</Receipt>"
)
"""Only a frame: that nothing was skipped or bent is shown by writing the facts again."""


def _instant(written: str) -> datetime:
    try:
        return read_instant(written)
    except ProofError as wrong:
        raise ProofError(Fault.RECEIPT_FORM, what=wrong.values["what"]) from wrong
