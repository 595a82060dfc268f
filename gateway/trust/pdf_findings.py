"""What a report on a PDF means for the verdict: findings with their reasons, at the severity of a policy.

In transition everything about PDFs warns: that is how the field is today, where receivers took documents with a broken
signature in them. Strict refuses what is broken, invalid or revoked; what is unknown warns under every policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from gateway.model.pdf import (
    LaterChange,
    PdfFault,
    PdfReport,
    PdfRole,
    PdfSignature,
    Revocation,
    TimeSource,
    Validity,
)
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Severity, found
from gateway.trust.pdf_signature import CLOCK_SKEW
from gateway.trust.subjects import Expected

STRICT: Mapping[Reason, Severity] = MappingProxyType(
    {
        Reason.PDF_TOO_LARGE: Severity.WARN,
        Reason.PDF_UNREADABLE: Severity.REFUSE,
        Reason.PDF_ENCRYPTED: Severity.REFUSE,
        Reason.PDF_CHANGED_AFTER_SIGNING: Severity.REFUSE,
        Reason.PDF_SIGNATURE_INVALID: Severity.REFUSE,
        Reason.PDF_SIGNATURE_UNTRUSTED: Severity.REFUSE,
        Reason.PDF_CERTIFICATE_VALIDITY: Severity.REFUSE,
        Reason.PDF_REVOKED: Severity.REFUSE,
        Reason.PDF_AGENCY_MISMATCH: Severity.REFUSE,
        Reason.PDF_ORDER: Severity.REFUSE,
        Reason.PDF_SIGNER_MISMATCH: Severity.WARN,
        Reason.PDF_SIGNATURE_MISSING: Severity.WARN,
        Reason.PDF_UNSIGNED: Severity.WARN,
        Reason.PDF_SIGNING_TIME: Severity.WARN,
        Reason.PDF_EXPIRED_SINCE: Severity.WARN,
        Reason.PDF_REVOCATION_UNKNOWN: Severity.WARN,
    }
)
"""The strict policy. Unsigned and incompletely signed files warn: annexes and scanned copies are sent so by right."""

TRANSITION: Mapping[Reason, Severity] = MappingProxyType(dict.fromkeys(STRICT, Severity.WARN))
"""What the field sends today is let through, and said."""

_VIET_NAM = timezone(timedelta(hours=7))
_TEXT_CHARS_MAX = 120


def findings_of(
    report: PdfReport,
    expected: Expected,
    path: str = "",
    name: str = "",
    severities: Mapping[Reason, Severity] = TRANSITION,
) -> tuple[Finding, ...]:
    """Everything a report has against a PDF, signature by signature. `name` is the attachment's, for the texts."""
    file = name[:_TEXT_CHARS_MAX] or "–"
    return tuple(
        replace(one, severity=severities[one.reason], values=(("file", file), *one.values))
        for one in _findings(report, expected, path)
    )


def _findings(report: PdfReport, expected: Expected, path: str) -> Iterator[Finding]:
    if report.fault is not None:
        yield _unread(report.fault, path)
        return
    if not report.signatures:
        yield found(Reason.PDF_UNSIGNED, path)
        return
    for signature in report.signatures:
        yield from _of_one(signature, report, path)
    yield from _of_all(report.signatures, expected, path)


def _unread(fault: PdfFault, path: str) -> Finding:
    if fault is PdfFault.ENCRYPTED:
        return found(Reason.PDF_ENCRYPTED, path)
    too_large = fault in {PdfFault.BYTES, PdfFault.WORK}
    return found(Reason.PDF_TOO_LARGE if too_large else Reason.PDF_UNREADABLE, path, fault=fault)


def _of_one(one: PdfSignature, report: PdfReport, path: str) -> Iterator[Finding]:
    def say(reason: Reason, **values: str) -> Finding:
        who = (one.signer or one.subject or "–")[:_TEXT_CHARS_MAX]
        return found(reason, path, None, position=one.position, signer=who, **values)

    if one.byte_fault is not None:
        yield say(Reason.PDF_CHANGED_AFTER_SIGNING, fault=one.byte_fault)
    elif one.later_change is LaterChange.OTHER and one.valid:
        yield say(Reason.PDF_CHANGED_AFTER_SIGNING, fault="appended")
    if one.signature_fault is not None:
        yield say(Reason.PDF_SIGNATURE_INVALID, fault=one.signature_fault)
    if not one.subject:
        return  # nothing is known of a certificate that could not be read
    if one.path_fault is not None:
        yield say(Reason.PDF_SIGNATURE_UNTRUSTED, fault=one.path_fault)
    elif one.validity is Validity.NOT_THEN:
        yield say(Reason.PDF_CERTIFICATE_VALIDITY, signed_at=_clock(one.signed_at))
    elif one.validity is Validity.EXPIRED_SINCE:
        yield say(Reason.PDF_EXPIRED_SINCE, signed_at=_clock(one.signed_at))
    if one.revocation is Revocation.REVOKED and not _signed_before_revocation(one):
        yield say(Reason.PDF_REVOKED, revoked_at=_clock(one.revoked_at) if one.revoked_at else "–")
    elif one.revocation is Revocation.UNKNOWN and one.trusted:
        yield say(Reason.PDF_REVOCATION_UNKNOWN)
    if one.stamp_refused:
        yield say(Reason.PDF_SIGNING_TIME, fault="stamp", signed_at=_clock(one.signed_at))
    elif one.signed_at > report.examined_at + CLOCK_SKEW:
        yield say(Reason.PDF_SIGNING_TIME, fault="future", signed_at=_clock(one.signed_at))


def _signed_before_revocation(one: PdfSignature) -> bool:
    """Only a time stamp proves it: whoever holds a stolen key writes any signing time."""
    return one.time_source is TimeSource.TIME_STAMP and one.revoked_at is not None and one.signed_at < one.revoked_at


def _of_all(signatures: tuple[PdfSignature, ...], expected: Expected, path: str) -> Iterator[Finding]:
    """Who signed, and in what order: the competent person, then the agency (Decree 30/2020, Articles 13.7 and 17)."""
    agencies = [one for one in signatures if one.role is PdfRole.AGENCY]
    persons = [one for one in signatures if one.role is PdfRole.PERSON]
    others = [one for one in signatures if one.role is PdfRole.UNKNOWN]
    if agencies and not any(one.matches is not False for one in agencies):
        yield found(Reason.PDF_AGENCY_MISMATCH, path, signer=agencies[-1].signer[:_TEXT_CHARS_MAX])
    if not expected.is_main:
        return
    if persons and not any(one.matches is not False for one in persons):
        written = (expected.signer_name or "–")[:_TEXT_CHARS_MAX]
        yield found(Reason.PDF_SIGNER_MISMATCH, path, signer=persons[-1].signer[:_TEXT_CHARS_MAX], written=written)
    if others:
        return  # a certificate that names neither by its marks may be either
    if agencies and persons and agencies[0].position < persons[0].position:
        yield found(Reason.PDF_ORDER, path, position=agencies[0].position)
    elif not agencies:
        yield found(Reason.PDF_SIGNATURE_MISSING, path, fault="agency")
    elif not persons:
        yield found(Reason.PDF_SIGNATURE_MISSING, path, fault="person")


def _clock(at: datetime) -> str:
    """An instant as a clerk's clock in Viet Nam shows it, with its offset."""
    return f"{at.astimezone(_VIET_NAM):%Y-%m-%d %H:%M} (+07:00)"
