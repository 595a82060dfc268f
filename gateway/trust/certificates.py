"""Certificates of seals: read once, and trusted for as long as everything on their path is valid.

A document-sealing certificate is no TLS certificate: it names an agency, not a host, and has no subjectAltName. So the
path validator of `cryptography` runs with extension policies of our own; chain building, signatures, validity, name
constraints, path lengths and key strength stay the library's work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.trust.algorithms import PublicKey, allowed, describe
from gateway.trust.faults import refusal

PATH_ISSUERS_MAX = 4
"""Issuing authorities between a seal's certificate and its anchor. Both Vietnamese hierarchies have one or two."""

SEALING_USAGES = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # id-kp-documentSigning, RFC 9336
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # document signing as Microsoft's authorities write it
    }
)
"""Extended usages of certificates that people and agencies sign with; others are made for machines."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate whose key the profile allows."""

    der: bytes
    sha256: str
    subject: str
    period: Period
    key: PublicKey
    issuer_serial: bytes
    """DER of the IssuerSerial (RFC 5035) that names it, as XAdES IssuerSerialV2 carries it."""


@lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> Certificate:
    """A certificate from its DER. Refused(SEAL_KEY) where it cannot be read or its key is outside the profile."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.public_bytes()
    except (ValueError, TypeError, UnsupportedAlgorithm) as broken:
        raise refusal(Reason.SEAL_KEY, "seal.fault.certificate_unreadable") from broken
    strong = allowed(key)
    if strong is None:
        raise refusal(Reason.SEAL_KEY, "seal.fault.key_outside_profile", key=describe(key))
    return Certificate(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        subject=subject,
        period=Period(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        key=strong,
        issuer_serial=_issuer_serial(issuer, certificate.serial_number),
    )


class TrustStore:
    """The authorities whose certificates may seal. Anchors and intermediates are DER; both are configuration.

    Intermediates never come from a packet: what the sender sends decides nothing about whom we trust.
    """

    def __init__(self, anchors: Sequence[bytes], intermediates: Sequence[bytes] = ()) -> None:
        """ValueError where a certificate cannot be read or there is no anchor."""
        trusted = [x509.load_der_x509_certificate(der) for der in anchors]
        self._store = Store(trusted)
        self._intermediates = [x509.load_der_x509_certificate(der) for der in intermediates]
        self._authorities = (*trusted, *self._intermediates)
        self._trusted: dict[bytes, Period] = {}
        self.digest = hashlib.sha256(b"".join(sorted(hashlib.sha256(der).digest() for der in anchors))).hexdigest()
        """SHA-256, lower-case hex, over the digests of the anchors in order: which authorities these are."""

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """DER of every authority that is trusted, anchors first."""
        return tuple(one.public_bytes(Encoding.DER) for one in self._authorities)

    def verify(self, certificate_der: bytes, at: datetime) -> None:
        """None where a path leads to an anchor and all of it is valid at `at`.

        Refused(SEAL_KEY) where its key is outside the profile, Refused(SEAL_CERTIFICATE_UNTRUSTED) where no path is
        ever valid, Refused(SEAL_CERTIFICATE_VALIDITY) where one is, but not at this instant.
        """
        period = self._trusted.get(certificate_der)
        if period is not None and period.covers(at):
            return
        read_certificate(certificate_der)  # the path validator does not judge the strength of the last key on it
        leaf = x509.load_der_x509_certificate(certificate_der)
        try:
            self._trusted[certificate_der] = self._path_period(leaf, at)
        except VerificationError as failed:
            raise self._refusal(leaf, at) from failed

    def _path_period(self, leaf: x509.Certificate, at: datetime) -> Period:
        """When every certificate of the path found at `at` is valid; VerificationError where there is no path."""
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(at)
            .max_chain_depth(PATH_ISSUERS_MAX)
            .extension_policies(ca_policy=_AUTHORITY_POLICY, ee_policy=_SEAL_POLICY)
            .build_client_verifier()
        )
        path = verifier.verify(leaf, self._intermediates).chain
        return Period(
            max(one.not_valid_before_utc for one in path),
            min(one.not_valid_after_utc for one in path),
        )

    def _refusal(self, leaf: x509.Certificate, at: datetime) -> Exception:
        """Why there is no path now. A path that is ever valid is valid when the last of its certificates begins."""
        subject = leaf.subject.rfc4514_string()
        for begins_at in sorted({one.not_valid_before_utc for one in (leaf, *self._authorities)}, reverse=True):
            try:
                period = self._path_period(leaf, begins_at)
            except VerificationError:
                continue
            return refusal(
                Reason.SEAL_CERTIFICATE_VALIDITY,
                "seal.fault.certificate_not_valid_at",
                subject=subject,
                at=at.isoformat(),
                starts_at=period.starts_at.isoformat() if period.starts_at else "",
                ends_at=period.ends_at.isoformat() if period.ends_at else "",
            )
        return refusal(Reason.SEAL_CERTIFICATE_UNTRUSTED, "seal.fault.certificate_without_path", subject=subject)


def _must_be_authority(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an issuer that is no certification authority")


def _must_sign_certificates(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError("an issuer without keyCertSign")


def _must_not_be_authority(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority's certificate cannot seal a document")


def _must_sign_documents(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not (usage.digital_signature or usage.content_commitment):
        raise ValueError("a certificate for neither digitalSignature nor contentCommitment")


def _must_allow_sealing(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and SEALING_USAGES.isdisjoint(usage):
        raise ValueError("a certificate whose extended usages are all for machines")


_AUTHORITY_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _must_be_authority)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _must_sign_certificates)
)
_SEAL_POLICY = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _must_not_be_authority)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _must_sign_documents)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _must_allow_sealing)
)


def _issuer_serial(issuer: bytes, serial: int) -> bytes:
    """IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER } with one directoryName (RFC 5035)."""
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True)
    directory_name = _tlv(0xA4, issuer)
    return _tlv(0x30, _tlv(0x30, directory_name) + _tlv(0x02, number))


def _tlv(tag: int, content: bytes) -> bytes:
    """One DER value: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
