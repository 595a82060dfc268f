"""The case: everything about one dispatch that somebody else can check, in one file of plain standard formats.

| member | what it is | checked with |
|---|---|---|
| README.txt | how to check the rest without us | eyes |
| checkpoint | the ledger's signed root (C2SP tlog-checkpoint) | openssl |
| entries/N.txt, entries/N.tlog-proof | an entry, and its way to the checkpoint (C2SP tlog-proof) | sha256sum |
| receipt.xml, report.xml | the sealed receipt, the sealed examination report | xmlsec1 |
| gateway.pem | the certificate of both seals | xmlsec1 |
| sender.pem | the certificate of the packet's own seal | xmlsec1 |
| packet/envelope.edxml, packet/attachments/NN | the packet, its base64 cut out, and its attachments | sha256sum |

Only the ledger's public key is needed beside it: the checkpoint's signature covers the entries, the entry of kind
`accept` holds the digests of receipt, report, certificates and packet, and the packet's digest covers envelope and
attachments.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from gateway.ledger.archive import pack
from gateway.ledger.entry import EntryKind, decode
from gateway.ledger.note import unbase64
from gateway.ledger.proof import Proof
from gateway.ledger.readme import readme

README = "README.txt"
CHECKPOINT = "checkpoint"
RECEIPT = "receipt.xml"
REPORT = "report.xml"
GATEWAY_CERTIFICATE = "gateway.pem"
SENDER_CERTIFICATE = "sender.pem"
ENVELOPE = "packet/envelope.edxml"


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry, its index, and its inclusion proof in the tree of the case's checkpoint."""

    index: int
    entry: bytes
    steps: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What goes into a case file. All entries are proven under the one checkpoint."""

    receipt_xml: bytes
    report_xml: bytes
    gateway_certificate: bytes
    """DER of the certificate that sealed receipt and report."""
    checkpoint: bytes
    """The signed note."""
    entries: Sequence[ProvenEntry]
    """The dispatch's entry of kind `accept`, and those of its deliveries that the holder may see."""
    envelope: bytes | None = None
    """The packet without its attachments' base64."""
    attachments: Sequence[bytes | None] = ()
    """Decoded attachments in the packet's order; None or missing: left out, only its digest is stated."""


def write_case(case: Case) -> bytes:
    """The case file: the same case gives the same bytes. ProofError(case.too_large) beyond `archive.CASE_BYTES_MAX`."""
    members = {
        README: readme(),
        RECEIPT: case.receipt_xml,
        REPORT: case.report_xml,
        GATEWAY_CERTIFICATE: pem(case.gateway_certificate),
        CHECKPOINT: case.checkpoint,
    }
    for one in sorted(case.entries, key=lambda entry: entry.index):
        members[entry_member(one.index)] = one.entry
        members[proof_member(one.index)] = Proof(one.entry, one.index, one.steps, case.checkpoint).encode()
    if case.envelope is not None:
        certificate = seal_certificate(case.envelope, _seal_digest(case.entries))
        if certificate is not None:
            members[SENDER_CERTIFICATE] = pem(certificate)
        members[ENVELOPE] = case.envelope
        for number, attachment in enumerate(case.attachments, start=1):
            if attachment is not None:
                members[attachment_member(number)] = attachment
    return pack(members)


def entry_member(index: int) -> str:
    """Where the entry at `index` is."""
    return f"entries/{index}.txt"


def proof_member(index: int) -> str:
    """Where its proof is."""
    return f"entries/{index}.tlog-proof"


def attachment_member(number: int) -> str:
    """Numbered from 1 in the packet's order: names people gave to files do no harm inside the packet."""
    return f"packet/attachments/{number:02}"


def pem(der: bytes) -> bytes:
    """A certificate as text, in the one spelling a case has it in."""
    return ssl.DER_cert_to_PEM_cert(der).encode()


_CERTIFICATE = re.compile(rb"X509Certificate>([A-Za-z0-9+/=]+)</")


def seal_certificate(envelope: bytes, digest: str) -> bytes | None:
    """DER of the certificate with this SHA-256, where the packet's seal carries it: the digest decides."""
    for written in _CERTIFICATE.findall(envelope):
        der = unbase64(written)
        if der is not None and sha256(der).hexdigest() == digest:
            return der
    return None


def _seal_digest(entries: Iterable[ProvenEntry]) -> str:
    for one in entries:
        entry = decode(one.entry)
        if entry.kind is EntryKind.ACCEPT:
            return entry["seal_certificate"]
    raise AssertionError("a case is about an accepted dispatch")
