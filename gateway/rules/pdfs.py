"""The signatures inside PDF attachments, as part of an examination (step 5).

Reading a PDF takes tens of milliseconds, so it stands apart from `examine`: whoever calls it decides in which thread,
and joins what is found with `with_pdfs`. A file in which no signature can be is not read at all.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.model.agency import Directory
from gateway.model.packet import Attachment, Document, Packet
from gateway.model.pdf import PdfReport
from gateway.model.refusal import Finding, Severity
from gateway.rules.examine import Examination, PdfCheck, PdfChecks
from gateway.rules.form import ATTACHMENTS
from gateway.trust.chains import Chains
from gateway.trust.pdf import PdfKnown, verify_pdf
from gateway.trust.pdf_file import HEADER_REACH_BYTES, PdfLimits, header_fault
from gateway.trust.pdf_findings import STRICT, findings_of
from gateway.trust.revocation import RevocationSnapshot
from gateway.trust.subjects import Expected
from gateway.trust.wrapped import ZIP_HEAD, unwrapped

PDF_HEAD = b"%PDF-"
PDF_ENDING = ".pdf"
PDF_TYPE = "application/pdf"

_MARKS = (b"ByteRange", b"/Encrypt")
"""A signature says in clear which bytes it stands for, and encryption is said in the trailer: neither can be inside a
compressed object (ISO 32000-2, 7.5.7 and 12.8.1)."""
_ESCAPED_MARK = re.compile(rb"#(?:42|79|74|65|52|61|6[eE]|67|45|63|72|70)")
"""A letter of these names written as its number: no writer does so, and whoever does may want to hide it."""


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What the verification of PDFs rests on: the same facts give the same findings."""

    anchors: str
    """Digest of the anchor stores below the chains (`trust.anchors.digest_of`)."""
    chains: Chains
    snapshot: RevocationSnapshot
    limits: PdfLimits
    directory: Directory


@dataclass(frozen=True, slots=True)
class PdfSource:
    """A PDF of a packet, and where its bytes are."""

    attachment: Attachment
    is_main: bool
    """The document itself; the others are its annexes."""
    data: bytes | Path


def is_pdf(attachment: Attachment, head: bytes) -> bool:
    """By its name or its first bytes: a file that pretends to be another kind is looked at too. What one vendor's
    library wrapped in a ZIP is known by its type."""
    if attachment.wrapped and attachment.content_type == PDF_TYPE:
        return True
    return head.startswith(PDF_HEAD) or (attachment.name or "").lower().endswith(PDF_ENDING)


def pdfs_of(packet: Packet, heads: Sequence[bytes], data: Sequence[bytes | Path]) -> tuple[PdfSource, ...]:
    """The PDFs among a document's attachments; `heads` are their first bytes. A status has none."""
    if not isinstance(packet.content, Document):
        return ()
    announced = [one.content_id for one in packet.content.manifest]
    main = announced[0] if announced else packet.attachments[0].content_id if packet.attachments else ""
    return tuple(
        PdfSource(one, one.content_id == main, where)
        for one, head, where in zip(packet.attachments, heads, data, strict=True)
        if is_pdf(one, head)
    )


def may_be_signed(data: bytes | Path) -> bool:
    """Whether a signature, or encryption that may hide one, can be in it. A search of bytes, so it costs next to
    nothing. OSError where the file cannot be read."""
    if isinstance(data, bytes):
        return _marked(data)
    with data.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _marked(content)


def _marked(content: bytes | mmap.mmap) -> bool:
    return any(content.find(mark) >= 0 for mark in _MARKS) or _ESCAPED_MARK.search(content) is not None


def check_pdfs(examination: Examination, sources: Iterable[PdfSource], facts: PdfFacts) -> Examination:
    """An admitted examination with what its PDFs say joined to it; refused where the policy refuses what was found.

    OSError where a file cannot be read.
    """
    packet, sender = examination.packet, examination.sender
    policy, at = examination.policy, examination.examined_at
    assert packet is not None and sender is not None and policy is not None, "only an admitted packet has PDFs to check"
    severities = {reason: policy.severity(str(reason), own) for reason, own in STRICT.items()}
    checks: list[PdfCheck] = []
    findings: list[Finding] = []
    for source in sources:
        one, content = source.attachment, packet.content
        assert isinstance(content, Document)
        expected = Expected(
            facts.directory.lineage(sender), content.sender.name, content.signer.full_name, source.is_main
        )
        report = _report(source.data, PdfKnown(facts.chains, facts.snapshot, at, expected, facts.limits))
        checks.append(PdfCheck(one.content_id, one.sha256, report))
        findings.extend(findings_of(report, expected, ATTACHMENTS, one.name or "", severities))
    pdfs = PdfChecks(facts.anchors, facts.snapshot.version, facts.snapshot.taken_at, tuple(checks))
    joined = replace(examination, findings=(*examination.findings, *findings), pdfs=pdfs)
    if any(one.severity is Severity.REFUSE for one in findings):
        return replace(joined, packet=None, sender=None, addressees=())
    return joined


def _report(data: bytes | Path, known: PdfKnown) -> PdfReport:
    head, size = _head(data)
    if head.startswith(ZIP_HEAD) and (inner := unwrapped(data, known.limits.bytes_max)) is not None:
        return replace(verify_pdf(inner, known), unwrapped=True)
    if may_be_signed(data):
        return verify_pdf(data, known)
    return PdfReport((), header_fault(head), size, known.at, known.snapshot.taken_at)


def _head(data: bytes | Path) -> tuple[bytes, int]:
    """The first bytes, as far as a header is looked for, and the size."""
    if isinstance(data, bytes):
        return data, len(data)
    with data.open("rb") as file:
        return file.read(HEADER_REACH_BYTES), data.stat().st_size
