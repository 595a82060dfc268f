"""RFC 3161 time stamps: the question to an authority, and what its answer proves.

Reading and verifying is `rfc3161-client`'s (OpenSSL below it); the nonce is an argument, so the question is ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from asn1crypto import tsp  # type: ignore[import-untyped]
from cryptography import x509
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

NONCE_BYTES = 8
RESPONSE_BYTES_MAX = 256 * 1024
"""A token with three certificates in it has some 6 KiB."""
SHA256_OID = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


class StampFault(StrEnum):
    """One way in which a time stamp fails, in the order they are looked for."""

    FORM = "form"
    """No answer of RFC 3161."""
    REFUSED = "refused"
    """The authority would not stamp."""
    IMPRINT = "imprint"
    """It is over something else."""
    NONCE = "nonce"
    """It answers another question: an old answer, played again."""
    SIGNATURE = "signature"
    """Its signature or its chain does not hold at the time it states, or its certificate is not for time stamps."""
    TIME = "time"
    """Its time is not within bounds of our clock."""


class StampError(ValueError):
    """A time stamp that does not hold. The message is for the operator."""

    def __init__(self, fault: StampFault, what: object) -> None:
        self.fault = fault
        super().__init__(f"{fault}: {what}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a time stamp proves: the data existed at `stamped_at`, says this authority."""

    stamped_at: datetime
    authority: str
    """Subject of its certificate."""


@dataclass(frozen=True, slots=True)
class Window:
    """Within which an answer's time must lie: between question and answer, as far as the two clocks may differ."""

    asked_at: datetime
    answered_at: datetime
    skew: timedelta

    def check(self, stamped_at: datetime) -> None:
        """StampError(TIME) for a time outside."""
        if not self.asked_at - self.skew <= stamped_at <= self.answered_at + self.skew:
            raise StampError(StampFault.TIME, f"it says {stamped_at}, our clock said {self.asked_at}")


def request(data: bytes, nonce: bytes) -> bytes:
    """The question: SHA-256 of `data`, a nonce, and the wish for the authority's certificate in the answer."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
    asked = {"version": 1, "message_imprint": imprint, "nonce": int.from_bytes(nonce), "cert_req": True}
    encoded: bytes = tsp.TimeStampReq(asked).dump()
    return encoded


def open_stamp(response: bytes, data: bytes, anchors: Sequence[bytes], nonce: bytes | None = None) -> Stamp:
    """What the answer `response` proves about `data`, if its chain leads to one of `anchors` (DER). StampError.

    The chain is judged at the time the stamp states: an authority's certificate may have ended since.
    """
    answer = _read(response)
    stamped_at, answered_nonce = _stated(answer, data)
    if nonce is not None and answered_nonce != int.from_bytes(nonce):
        raise StampError(StampFault.NONCE, answered_nonce)
    roots = [x509.load_der_x509_certificate(der) for der in anchors]
    try:
        VerifierBuilder(roots=roots).build().verify_message(answer, data)
        authority = _authority(answer).subject.rfc4514_string()
    except (VerificationError, ValueError) as wrong:
        raise StampError(StampFault.SIGNATURE, wrong) from wrong
    return Stamp(stamped_at, authority)


def stated(response: bytes, data: bytes) -> datetime:
    """When an answer says that `data` existed. Whose word that is has not been looked at. StampError."""
    return _stated(_read(response), data)[0]


def _stated(answer: TimeStampResponse, data: bytes) -> tuple[datetime, int | None]:
    """The time and the nonce of an answer over `data`."""
    try:
        info, imprint = answer.tst_info, answer.tst_info.message_imprint
        over, nonce, stamped_at = imprint.message, info.nonce, info.gen_time.astimezone(UTC)
    except ValueError as wrong:
        raise StampError(StampFault.FORM, wrong) from wrong
    if imprint.hash_algorithm != SHA256_OID or over != hashlib.sha256(data).digest():
        raise StampError(StampFault.IMPRINT, over.hex())
    return stamped_at, nonce


def _read(response: bytes) -> TimeStampResponse:
    if len(response) > RESPONSE_BYTES_MAX:
        raise StampError(StampFault.FORM, f"{len(response)} > {RESPONSE_BYTES_MAX}")
    try:
        answer = decode_timestamp_response(response)
    except ValueError as wrong:
        raise StampError(StampFault.FORM, wrong) from wrong
    if answer.status != 0:
        raise StampError(StampFault.REFUSED, "; ".join(answer.status_string) or answer.status)
    if answer.as_bytes() != response:
        raise StampError(StampFault.FORM, "DER")
    return answer


def authority_until(response: bytes) -> tuple[str, datetime]:
    """Who made an answer that was verified, and until when its certificate holds. StampError, ValueError."""
    certificate = _authority(_read(response))
    return certificate.subject.rfc4514_string(), certificate.not_valid_after_utc


def _authority(answer: TimeStampResponse) -> x509.Certificate:
    """The certificate of whoever signed. ValueError where it is not enclosed."""
    (signer,) = answer.signed_data.signer_infos
    for der in answer.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate
    raise ValueError("the authority's certificate is not in its answer")
