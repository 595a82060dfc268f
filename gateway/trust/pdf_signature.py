"""One signature of a PDF: does its value fit its key, when was it made, does its certificate lead to a root of ours?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import cms  # type: ignore[import-untyped]
from cryptography import x509
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter, validate_sig_integrity
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy

from gateway.model.pdf import (
    ByteFault,
    PathFault,
    PdfRole,
    PdfSignature,
    Revocation,
    SignatureFault,
    TimeSource,
    Validity,
)
from gateway.trust.chains import Chain, Chains, Purpose, Standing
from gateway.trust.pdf_file import Signed
from gateway.trust.revocation import RevocationSnapshot
from gateway.trust.subjects import Expected, Subject, read_subject

CLOCK_SKEW = timedelta(minutes=5)
"""By how much a signer's clock may be ahead of ours."""

STAMPS_MAX = 4
"""Time stamps of one signature that are looked at."""

_ALGORITHMS = CMSAlgorithmUsagePolicy.lift_policy(DisallowWeakAlgorithmsPolicy())  # type: ignore[no-untyped-call]
_NOBODY = Subject("", "", PdfRole.UNKNOWN, None)


@dataclass(frozen=True, slots=True)
class Judge:
    """What signatures are judged by."""

    chains: Chains
    snapshot: RevocationSnapshot
    at: datetime
    """Arrival."""
    expected: Expected

    def signature(self, position: int, signed: Signed, proven_at: datetime | None) -> PdfSignature:
        """The facts about one signature. `proven_at` is the earliest instant a time stamp over the document proves that
        the signature existed, if there is one. Never raises for what the bytes say.
        """
        try:
            if signed.cms is not None:
                return self._read(position, signed, signed.cms, proven_at)
        except Exception:  # noqa: S110 - CMS of a stranger, parsed lazily: whatever it raises, it is no signature
            pass
        return self._broken(position, signed)

    def stamp(self, signed: Signed) -> datetime | None:
        """The instant a time stamp over the document proves; None where it does not hold."""
        try:
            if signed.cms is None or signed.byte_fault is not None:
                return None
            return self._stamped_at(signed.cms.signed_data, signed.digest)
        except Exception:  # as above: what cannot be read proves nothing
            return None

    def _read(
        self, position: int, signed: Signed, found: EmbeddedPdfSignature, proven_at: datetime | None
    ) -> PdfSignature:
        der = found.signer_cert.dump()
        embedded = [one.dump() for one in found.other_embedded_certs]
        subject = read_subject(x509.load_der_x509_certificate(der), der, self.expected)
        intact, fault = _value(found.signed_data, signed.digest, "data")
        signed_at, source, stamp_refused = self._time(found, proven_at)
        chain = self.chains.find(der, embedded, signed_at, Purpose.SIGNING)
        standing = self._standing(chain)
        return PdfSignature(
            position=position,
            subject=subject.text,
            signer=subject.common_name,
            role=subject.role,
            certificate_sha256=hashlib.sha256(der).hexdigest(),
            byte_fault=signed.byte_fault or (None if intact else ByteFault.DIGEST),
            signature_fault=fault,
            trusted_by=chain.store if isinstance(chain, Chain) else None,
            path_fault=None if isinstance(chain, Chain) else chain,
            validity=self._validity(chain, signed_at, source),
            revocation=standing.revocation,
            revoked_at=standing.revoked_at,
            signed_at=signed_at,
            time_source=source,
            stamp_refused=stamp_refused,
            later_change=signed.later_change,
            matches=subject.matches,
        )

    def _broken(self, position: int, signed: Signed) -> PdfSignature:
        return PdfSignature(
            position=position,
            subject=_NOBODY.text,
            signer=_NOBODY.common_name,
            role=_NOBODY.role,
            certificate_sha256="",
            byte_fault=signed.byte_fault,
            signature_fault=SignatureFault.STRUCTURE,
            trusted_by=None,
            path_fault=PathFault.UNKNOWN_ROOT,
            validity=Validity.VALID,
            revocation=Revocation.UNKNOWN,
            revoked_at=None,
            signed_at=self.at,
            time_source=TimeSource.ARRIVAL,
            stamp_refused=False,
            later_change=signed.later_change,
            matches=None,
        )

    def _time(self, found: EmbeddedPdfSignature, proven_at: datetime | None) -> tuple[datetime, TimeSource, bool]:
        """When it was signed, who says so, and whether a time stamp was there that proves nothing."""
        value = found.signer_info["signature"].native
        stamps = list(_stamps(found))
        instants = [stamped for stamp in stamps if (stamped := self._stamped_over(stamp, value)) is not None]
        refused = bool(stamps) and not instants
        if proven_at is not None:
            instants.append(proven_at)
        if instants:
            return min(instants), TimeSource.TIME_STAMP, refused
        claimed = found.self_reported_timestamp
        if claimed is None or claimed.utcoffset() is None:
            return self.at, TimeSource.ARRIVAL, refused
        return claimed, TimeSource.SIGNING_TIME, refused

    def _stamped_over(self, stamp: cms.SignedData, value: bytes) -> datetime | None:
        try:
            return self._stamped_at(stamp, value=value)
        except Exception:  # a stranger's time stamp: what cannot be read proves nothing
            return None

    def _stamped_at(self, stamp: cms.SignedData, digest: bytes = b"", value: bytes = b"") -> datetime | None:
        """The instant in a time stamp over a digest or over a value; None unless it holds and its authority is ours."""
        content = stamp["encap_content_info"]["content"]
        facts = content.parsed
        algorithm = facts["message_imprint"]["hash_algorithm"]["algorithm"].native
        imprint = facts["message_imprint"]["hashed_message"].native
        own = extract_signer_info(stamp)["digest_algorithm"]["algorithm"].native
        if imprint != (digest or _hash(algorithm, value)):
            return None
        intact, fault = _value(stamp, _hash(own, bytes(content)), "tst_info")
        if not intact or fault is not None:
            return None
        stamped_at: datetime = facts["gen_time"].native
        certificates = extract_certificate_info(stamp)
        chain = self.chains.find(
            certificates.signer_cert.dump(),
            [one.dump() for one in certificates.other_certs],
            stamped_at,
            Purpose.TIME_STAMPING,
        )
        if not isinstance(chain, Chain) or not chain.covers(stamped_at) or stamped_at > self.at + CLOCK_SKEW:
            return None
        standing = self._standing(chain)
        revoked = standing.revoked_at is not None and standing.revoked_at <= stamped_at
        return None if revoked else stamped_at

    def _standing(self, chain: Chain | PathFault) -> Standing:
        if not isinstance(chain, Chain):
            return Standing(Revocation.UNKNOWN)
        return self.chains.standing(chain, self.snapshot, self.at)

    def _validity(self, chain: Chain | PathFault, signed_at: datetime, source: TimeSource) -> Validity:
        if not isinstance(chain, Chain):
            return Validity.VALID  # nothing to hold it against; the path's own fault is told
        if not chain.covers(signed_at):
            return Validity.NOT_THEN
        if source is not TimeSource.TIME_STAMP and not chain.covers(self.at):
            return Validity.EXPIRED_SINCE
        return Validity.VALID


def _stamps(found: EmbeddedPdfSignature) -> Iterator[cms.SignedData]:
    for number, stamp in enumerate(extract_tst_data_iter(found.signer_info, signed=False)):
        if number == STAMPS_MAX:
            return
        yield stamp


def _value(signed_data: cms.SignedData, digest: bytes, content_type: str) -> tuple[bool, SignatureFault | None]:
    """Whether the digest signed is this one, and why the value does not count, if so."""
    signer_info = extract_signer_info(signed_data)
    certificate = extract_certificate_info(signed_data).signer_cert
    intact, valid = validate_sig_integrity(signer_info, certificate, content_type, digest)
    if not valid:
        return intact, SignatureFault.VALUE
    algorithm, digest_algorithm = signer_info["signature_algorithm"], signer_info["digest_algorithm"]
    accepted = (
        _ALGORITHMS.signature_algorithm_allowed(algorithm, None, certificate.public_key)
        and _ALGORITHMS.digest_algorithm_allowed(digest_algorithm, None)
        and _ALGORITHMS.digest_combination_allowed(algorithm, digest_algorithm, None)
    )
    return intact, None if accepted else SignatureFault.ALGORITHM


def _hash(algorithm: str, data: bytes) -> bytes:
    if algorithm not in {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}:
        raise ValueError(f"no time stamp over {algorithm}")
    return hashlib.new(algorithm, data).digest()
