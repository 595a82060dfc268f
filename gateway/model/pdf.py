"""What was found about the signatures inside a PDF attachment: values only, no verdict.

A signature is never just "good": whether its bytes are intact, whether its value fits the signer's key, whether its
certificate leads to a root we know, whether that certificate was revoked, and what was added to the file afterwards are
separate facts, kept apart. *Unknown* is an answer of its own and never turned into a good one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PdfRole(StrEnum):
    """In what part a certificate signs (Decree 30/2020, Articles 13 and 17): the person first, then the agency."""

    PERSON = "person"
    AGENCY = "agency"
    UNKNOWN = "unknown"


class Revocation(StrEnum):
    """What the revocation snapshot says of a certificate and of every authority above it."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """No list or answer that is fresh enough was at hand. Not good, not bad: shown as it is."""


class TimeSource(StrEnum):
    """Where the instant of a signature comes from, best first."""

    TIME_STAMP = "time_stamp"
    """A time-stamping authority under one of our roots signed it (RFC 3161)."""
    SIGNING_TIME = "signing_time"
    """The signer's own claim."""
    ARRIVAL = "arrival"
    """Nothing in the file says when; it existed when it arrived."""


class LaterChange(StrEnum):
    """What was appended to the file after a signature."""

    NONE = "none"
    """Nothing: the signature covers the whole file."""
    SIGNATURES = "signatures"
    """Further signatures and what keeps them verifiable, nothing else."""
    OTHER = "other"
    """Something that may change what a reader sees."""


class PathFault(StrEnum):
    """Why a certificate leads to no root we know."""

    UNKNOWN_ROOT = "unknown_root"
    USAGE = "usage"
    """The path is there, but the certificate is not for this purpose."""
    WEAK = "weak"
    """Something on the path uses an algorithm or key that is no longer accepted."""
    BROKEN = "broken"
    """A path is there but does not hold: a signature, a constraint or a length on it fails."""


class Validity(StrEnum):
    """The instant of a signature against the validity periods on its certificate's path."""

    VALID = "valid"
    EXPIRED_SINCE = "expired_since"
    """Valid at the time the signer claims, expired on arrival, and no time stamp proves the claim."""
    NOT_THEN = "not_then"


class SignatureFault(StrEnum):
    """Why a signature's value does not count, where it does not."""

    STRUCTURE = "structure"
    """Not a signature this gateway can read: broken, of an outdated kind, or without its certificate."""
    ALGORITHM = "algorithm"
    """SHA-1, a short key, or digest and signature algorithms that do not fit each other."""
    VALUE = "value"
    """The value was not made by the certificate's key over these attributes."""


class ByteFault(StrEnum):
    """Why a signature does not hold the bytes it stands for."""

    RANGE = "range"
    """It leaves out more than its own place."""
    DIGEST = "digest"
    """The bytes are not the ones signed."""


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature in a PDF."""

    position: int
    """1 for the first one made."""
    subject: str
    """The certificate's subject as RFC 4514 writes it; empty where there is no readable certificate."""
    signer: str
    """The subject's common name."""
    role: PdfRole
    certificate_sha256: str
    """Lower-case hex; empty where there is no readable certificate."""
    byte_fault: ByteFault | None
    signature_fault: SignatureFault | None
    trusted_by: str | None
    """Name of the anchor store its path leads to."""
    path_fault: PathFault | None
    validity: Validity
    revocation: Revocation
    revoked_at: datetime | None
    signed_at: datetime
    time_source: TimeSource
    stamp_refused: bool
    """True where there is a time stamp that does not verify, so that it proves nothing."""
    later_change: LaterChange
    matches: bool | None
    """Agency: is it the sender's certificate? Person: is it the name in SignerInfo? None: there was no way to tell."""

    @property
    def intact(self) -> bool:
        """The bytes it stands for are the ones signed."""
        return self.byte_fault is None

    @property
    def valid(self) -> bool:
        """Its value was made by the key of its certificate."""
        return self.signature_fault is None

    @property
    def trusted(self) -> bool:
        """Its certificate leads to a root we know."""
        return self.trusted_by is not None

    @property
    def covers_whole_file(self) -> bool:
        return self.later_change is LaterChange.NONE


class PdfFault(StrEnum):
    """Why nothing can be said about the signatures in a file."""

    NOT_PDF = "not_pdf"
    ZIP = "zip"
    PREFIX = "prefix"
    """A PDF header, but not at the first byte: another program may read another file in it."""
    MALFORMED = "malformed"
    ENCRYPTED = "encrypted"
    BYTES = "bytes"
    WORK = "work"
    """Reading it to the end would take more objects, time or signatures than one file may have."""


@dataclass(frozen=True, slots=True)
class PdfReport:
    """Everything found about the signatures of one PDF. `signatures` is in the order of signing."""

    signatures: tuple[PdfSignature, ...]
    fault: PdfFault | None
    size_bytes: int
    examined_at: datetime
    snapshot_at: datetime | None
    """When the revocation snapshot in use was taken; None: there was none."""
    unwrapped: bool = False
    """The PDF was the only file in a ZIP; that one was looked at."""
