"""Every named PDF is found to be what it is named for, and the whole verdict follows from that."""

from __future__ import annotations

import pytest

from gateway.model.reasons import Reason
from gateway.model.refusal import Severity
from gateway.trust.pdf import verify_pdf
from gateway.trust.pdf_findings import STRICT, findings_of
from tests.trust.pdf.papers import world
from tests.vectors.pdf import VECTORS, PdfVector


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.name)
def test_a_pdf_is_found_to_be_what_it_is(vector: PdfVector) -> None:
    data, facts = vector.build(world())
    findings = findings_of(verify_pdf(data, facts), facts.expected, "/a", "a.pdf", STRICT)
    first = min(findings, key=lambda one: one.reason.precedence, default=None)
    assert (first.reason if first else None) is vector.reason
    if first is not None:
        assert dict(first.values).get("fault") == vector.fault
    assert {one.reason for one in findings} == {*filter(None, [vector.reason]), *vector.others}
    assert all(one.place.path == "/a" for one in findings)


def test_vectors_have_names_of_their_own() -> None:
    assert len({one.name for one in VECTORS}) == len(VECTORS)


BROKEN = {
    Reason.PDF_UNREADABLE, Reason.PDF_ENCRYPTED, Reason.PDF_CHANGED_AFTER_SIGNING, Reason.PDF_SIGNATURE_INVALID,
    Reason.PDF_SIGNATURE_UNTRUSTED, Reason.PDF_CERTIFICATE_VALIDITY, Reason.PDF_REVOKED, Reason.PDF_AGENCY_MISMATCH,
    Reason.PDF_ORDER,
}  # fmt: skip
SHOWN = {
    Reason.PDF_TOO_LARGE, Reason.PDF_SIGNER_MISMATCH, Reason.PDF_SIGNATURE_MISSING, Reason.PDF_UNSIGNED,
    Reason.PDF_SIGNING_TIME, Reason.PDF_EXPIRED_SINCE, Reason.PDF_REVOCATION_UNKNOWN,
}  # fmt: skip


def test_strict_refuses_what_is_broken_and_shows_what_is_only_unknown_or_missing() -> None:
    assert {reason for reason, severity in STRICT.items() if severity is Severity.REFUSE} == BROKEN
    assert {reason for reason, severity in STRICT.items() if severity is Severity.WARN} == SHOWN
