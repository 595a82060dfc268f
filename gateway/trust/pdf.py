"""Signatures in PDF attachments: one function from bytes and known facts to a report.

What is checked and what each answer means for a clerk: docs/pdf-signatures.md. No network; the revocation snapshot, the
paths already verified, the clock and the limits are arguments. Big files belong in a worker thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.model.pdf import PdfFault, PdfReport, PdfSignature
from gateway.trust.chains import Chains
from gateway.trust.pdf_file import PdfLimits, read_signatures
from gateway.trust.pdf_signature import Judge
from gateway.trust.revocation import RevocationSnapshot
from gateway.trust.subjects import Expected


@dataclass(frozen=True, slots=True)
class PdfKnown:
    """The facts a verification rests on: the same facts give the same report."""

    chains: Chains
    """Paths to the configured anchors; shared by all verifications, for it remembers."""
    snapshot: RevocationSnapshot
    at: datetime
    """When the file arrived."""
    expected: Expected = field(default_factory=Expected)
    limits: PdfLimits = field(default_factory=PdfLimits)
    clock: Callable[[], float] = time.monotonic
    """Seconds; for the limit on time alone."""


def verify_pdf(data: bytes | Path, known: PdfKnown) -> PdfReport:
    """Verify every signature of a PDF. Any bytes in, a report out; OSError where a path cannot be read.

    At 0.1 s and more for files of some megabytes this is work for a thread, never for an event loop.
    """
    if isinstance(data, Path):
        size = data.stat().st_size
        if size > known.limits.bytes_max:
            return PdfReport((), PdfFault.BYTES, size, known.at, known.snapshot.taken_at)
        data = data.read_bytes()
    found = read_signatures(data, known.limits, known.clock)
    if isinstance(found, PdfFault):
        return PdfReport((), found, len(data), known.at, known.snapshot.taken_at)
    judge = Judge(known.chains, known.snapshot, known.at, known.expected)
    stamps = [judge.stamp(one) if one.is_stamp else None for one in found]
    signatures: list[PdfSignature] = []
    for place, signed in enumerate(found):
        if not signed.is_stamp:
            proven_at = min((stamp for stamp in stamps[place:] if stamp is not None), default=None)
            signatures.append(judge.signature(len(signatures) + 1, signed, proven_at))
    return PdfReport(tuple(signatures), None, len(data), known.at, known.snapshot.taken_at)
