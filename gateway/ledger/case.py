"""The case: everything about one dispatch that somebody else can check, in one file: an ASiC-E container.

| member | what it is | checked with |
|---|---|---|
| mimetype, META-INF/manifest.xml | what ETSI EN 319 162-1 asks of a container | unzip |
| META-INF/signatures.xml | the gateway's seal over every other member | xmlsec1 |
| page.html | the case as a person reads it | a browser |
| README.txt | how to check the rest without us | eyes |
| checkpoint | the ledger's signed root (C2SP tlog-checkpoint) | openssl |
| checkpoint.tsr | a third party's time stamp over it (RFC 3161) | openssl ts |
| checkpoint.cosigned | the same root with the signatures of witnesses (C2SP tlog-cosignature) | openssl |
| entries/N.txt, entries/N.tlog-proof | an entry, and its way to the checkpoint (C2SP tlog-proof) | sha256sum |
| evidence/N-EVENT.xml | the sealed evidence of an event (ETSI EN 319 522) | xmlsec1 |
| reasons/N.bin | a salt of 16 bytes and the words whose digest entry N holds | sha256sum |
| receipt.xml, report.xml | the sealed receipt, the sealed examination report | xmlsec1 |
| gateway.pem, sender.pem | the certificates of receipt and report, and of the packet's own seal | xmlsec1 |
| certificates/DIGEST.pem | other certificates of the gateway that sealed something here | xmlsec1 |
| revocation/KEY.crl, .ocsp | what was known of revocation when PDFs were examined | openssl |
| packet/envelope.edxml, packet/attachments/NN | the packet, its base64 cut out, and its attachments | sha256sum |

Only the ledger's public key is needed beside it: the checkpoint's signature covers the entries, the entry of kind
`accept` holds the digests of receipt, report, certificates and packet, and the packet's digest covers envelope and
attachments. A case without receipt and packet proves one event and reveals nothing else (`for a third party`).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from gateway.ledger.archive import pack
from gateway.ledger.entry import EntryKind, decode
from gateway.ledger.note import unbase64
from gateway.ledger.page import page
from gateway.ledger.proof import Proof
from gateway.ledger.readme import readme
from gateway.trust import Signer
from gateway.trust.files import seal_files

MIMETYPE = "mimetype"
MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/manifest.xml"
SIGNATURES = "META-INF/signatures.xml"
README = "README.txt"
PAGE = "page.html"
CHECKPOINT = "checkpoint"
STAMP = "checkpoint.tsr"
COSIGNED = "checkpoint.cosigned"
RECEIPT = "receipt.xml"
REPORT = "report.xml"
GATEWAY_CERTIFICATE = "gateway.pem"
SENDER_CERTIFICATE = "sender.pem"
ENVELOPE = "packet/envelope.edxml"
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry, its index, and its inclusion proof in the tree of the case's checkpoint."""

    index: int
    entry: bytes
    steps: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Papers:
    """What a whole case holds of the packet itself."""

    receipt_xml: bytes
    report_xml: bytes
    gateway_certificate: bytes
    """DER of the certificate that sealed receipt and report."""
    envelope: bytes | None = None
    """The packet without its attachments' base64."""
    attachments: Sequence[bytes | None] = ()
    """Decoded attachments in the packet's order; None or missing: left out, only its digest is stated."""
    revocation: Mapping[str, bytes] = field(default_factory=dict)
    """By `trust.revocation.Source.key`: the answers the verification of PDFs rested on."""


@dataclass(frozen=True, slots=True)
class Case:
    """What goes into a case file. All entries are proven under the one checkpoint."""

    papers: Papers | None
    """None: a case for a third party, about the events in it and nothing else."""
    checkpoint: bytes
    """The signed note."""
    entries: Sequence[ProvenEntry]
    """The dispatch's entry of kind `accept`, those of its deliveries that the holder may see, and those of kind `key`
    that introduce the certificates in the case."""
    evidence: Mapping[tuple[int, str], bytes] = field(default_factory=dict)
    """By index and event."""
    reasons: Mapping[int, bytes] = field(default_factory=dict)
    """By index: salt and words."""
    stamp: bytes | None = None
    """A time-stamping authority's answer over the checkpoint."""
    cosigned: bytes | None = None
    """The checkpoint with the lines of witnesses."""


def write_case(case: Case, signer: Signer, at: datetime) -> bytes:
    """The case file, sealed by the gateway: the same case, key and second give the same bytes.

    ProofError(case.too_large) beyond `archive.CASE_BYTES_MAX`.
    """
    members = {README: readme(whole=case.papers is not None), CHECKPOINT: case.checkpoint}
    if case.stamp is not None:
        members[STAMP] = case.stamp
    if case.cosigned is not None:
        members[COSIGNED] = case.cosigned
    for one in sorted(case.entries, key=lambda entry: entry.index):
        members[entry_member(one.index)] = one.entry
        members[proof_member(one.index)] = Proof(one.entry, one.index, one.steps, case.checkpoint).encode()
    members |= {evidence_member(*name): xml for name, xml in sorted(case.evidence.items())}
    members |= {reason_member(index): said for index, said in sorted(case.reasons.items())}
    if case.papers is not None:
        members |= _papers(case.papers, case.entries)
    others = sealed_beside(case.papers, case.evidence.values(), signer.certificate_der)
    members |= {certificate_member(der): pem(der) for der in sorted(others)}
    return seal_case({PAGE: page(members), **members}, signer, at)


def seal_case(members: Mapping[str, bytes], signer: Signer, at: datetime) -> bytes:
    """The container around these members: type, manifest, and the gateway's seal over all of them."""
    inside = {MIMETYPE: MEDIA_TYPE.encode(), **members, MANIFEST: manifest(members)}
    digests = [(name, sha256(data).hexdigest()) for name, data in inside.items()]
    return pack({**inside, SIGNATURES: seal_files(digests, signer, at)})


def manifest(names: Iterable[str]) -> bytes:
    """META-INF/manifest.xml: what there is, and nothing else."""
    media = {".xml": "application/xml", ".txt": "text/plain", "html": "text/html"}
    rows = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" '
        f'manifest:media-type="{media.get(name[-4:], "application/octet-stream")}"/>'
        for name in names
    )
    return (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        f'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="{MEDIA_TYPE}"/>'
        f"{rows}</manifest:manifest>"
    ).encode()


def _papers(papers: Papers, entries: Iterable[ProvenEntry]) -> dict[str, bytes]:
    members = {
        RECEIPT: papers.receipt_xml,
        REPORT: papers.report_xml,
        GATEWAY_CERTIFICATE: pem(papers.gateway_certificate),
    }
    members |= {revocation_member(key): answer for key, answer in sorted(papers.revocation.items())}
    if papers.envelope is not None:
        certificate = seal_certificate(papers.envelope, _seal_digest(entries))
        if certificate is not None:
            members[SENDER_CERTIFICATE] = pem(certificate)
        members[ENVELOPE] = papers.envelope
        for number, attachment in enumerate(papers.attachments, start=1):
            if attachment is not None:
                members[attachment_member(number)] = attachment
    return members


def sealed_beside(papers: Papers | None, evidence: Iterable[bytes], own: bytes) -> set[bytes]:
    """DER of the certificates that sealed this evidence, or the container (`own`), and that no acceptance names."""
    return {*filter(None, map(sealed_by, evidence)), own} - ({papers.gateway_certificate} if papers else set())


def _seal_digest(entries: Iterable[ProvenEntry]) -> str:
    for one in entries:
        entry = decode(one.entry)
        if entry.kind is EntryKind.ACCEPT:
            return entry["seal_certificate"]
    raise AssertionError("a packet in a case is one that was accepted")


def entry_member(index: int) -> str:
    """Where the entry at `index` is."""
    return f"entries/{index}.txt"


def proof_member(index: int) -> str:
    """Where its proof is."""
    return f"entries/{index}.tlog-proof"


def evidence_member(index: int, event: str) -> str:
    """Where the evidence of an event is."""
    return f"evidence/{index}-{event}.xml"


def reason_member(index: int) -> str:
    """Where the words are whose digest entry `index` holds."""
    return f"reasons/{index}.bin"


def certificate_member(der: bytes) -> str:
    """Where a certificate of the gateway's is, by its SHA-256."""
    return f"certificates/{sha256(der).hexdigest()}.pem"


def revocation_member(key: str) -> str:
    """Where an answer about revocation is."""
    return f"revocation/{key}"


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


def sealed_by(xml: bytes) -> bytes | None:
    """DER of the certificate a sealed document of the gateway's names. A hint: verifying it is another matter."""
    match = _CERTIFICATE.search(xml)
    return unbase64(match[1]) if match else None
