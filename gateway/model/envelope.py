"""What the signature in a packet's envelope is worth, as the field's software writes it: told, and trusted for nothing.

The seal of the strict profile is something else: `SealFacts` says what was verified of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.words import text


class EnvelopeState(StrEnum):
    """What stands in the Signature slot."""

    ABSENT = "absent"
    SEAL = "seal"
    """It claims to be sealed by the strict profile; the findings say whether it is."""
    PLACEHOLDER = "placeholder"
    """Something fills the slot that nobody made from this packet."""
    INVALID = "invalid"
    VALID = "valid"
    """Digest and value hold by the certificate enclosed. Whose that is, and whether it is good, nobody looked at."""
    UNKNOWN = "unknown"
    """It could not be computed."""


class EnvelopeFault(StrEnum):
    """Why it is not valid."""

    EMPTY = "empty"
    """Placeholder: no digest, no value, or no certificate."""
    EXAMPLE = "example"
    """Placeholder: the digest is the one in a vendor's example."""
    CUT = "cut"
    """Placeholder: the certificate ends before its end."""
    CERTIFICATE = "certificate"
    """Invalid: what is enclosed as a certificate is none."""
    DIGEST = "digest"
    """Invalid: it was made for other bytes."""
    VALUE = "value"
    """Invalid: the value was not made by the certificate's key."""
    METHOD = "method"
    """Unknown: an algorithm or a transform this gateway does not compute."""
    APART = "apart"
    """Unknown: what was signed is the file with its attachments as typed, and it did not come so: they came beside the
    XML, stood before the signature, or the envelope is too large to be put in canonical form on the way."""


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """What was found in the Signature slot."""

    state: EnvelopeState
    fault: EnvelopeFault | None = None
    digest: str | None = None
    """Hex, of the file as the signature covers it; None where none was computed."""

    def text(self, lang: str) -> str:
        """What was found, as a sentence in `lang`."""
        return text(lang, f"envelope.{self.state}.{self.fault or 'plain'}")
