"""Signatures of the field in the envelope (RSA and SHA-1, over the whole file): judged, reported, trusted for nothing.

Nobody ever verified them, so many were made from other bytes or from none; software that means a signature seals by
the strict profile (`verify.py`).
"""

from __future__ import annotations

import binascii
import hmac

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.edxml import OldSignature
from gateway.edxml.names import DSIG
from gateway.edxml.signature import EXAMPLE_DIGEST
from gateway.model.envelope import EnvelopeFault, EnvelopeSignature, EnvelopeState

KEY_BITS_MAX = 8192

_METHODS: dict[str, hashes.HashAlgorithm] = {
    f"{DSIG}rsa-sha1": hashes.SHA1(),  # noqa: S303 -- told whether it was computed, never relied on
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256(),
}


def judge_old(signature: OldSignature | None, digest: str | None) -> EnvelopeSignature:
    """What an old signature is worth. `digest`: hex, of the file as it covers it; None where that was not computed."""
    if signature is None:
        return EnvelopeSignature(EnvelopeState.ABSENT)
    state, fault = _judged(signature, digest)
    return EnvelopeSignature(state, fault, digest)


def _judged(signature: OldSignature, digest: str | None) -> tuple[EnvelopeState, EnvelopeFault | None]:
    if not (signature.digest_value and signature.value and signature.certificate):
        return EnvelopeState.PLACEHOLDER, EnvelopeFault.EMPTY
    if signature.digest_value == EXAMPLE_DIGEST:
        return EnvelopeState.PLACEHOLDER, EnvelopeFault.EXAMPLE
    der = _decoded(signature.certificate)
    if der is None or _ends_early(der):
        return EnvelopeState.PLACEHOLDER, EnvelopeFault.CUT
    if not signature.plain or signature.method not in _METHODS:
        return EnvelopeState.UNKNOWN, EnvelopeFault.METHOD
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return EnvelopeState.INVALID, EnvelopeFault.CERTIFICATE
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size > KEY_BITS_MAX:
        return EnvelopeState.UNKNOWN, EnvelopeFault.METHOD
    if digest is None:
        return EnvelopeState.UNKNOWN, EnvelopeFault.APART
    if not hmac.compare_digest(_decoded(signature.digest_value) or b"", bytes.fromhex(digest)):
        return EnvelopeState.INVALID, EnvelopeFault.DIGEST
    try:
        key.verify(
            _decoded(signature.value) or b"", signature.signed_info, padding.PKCS1v15(), _METHODS[signature.method]
        )
    except (InvalidSignature, UnsupportedAlgorithm):
        return EnvelopeState.INVALID, EnvelopeFault.VALUE
    return EnvelopeState.VALID, None


def _decoded(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text.encode(), strict_mode=True)
    except ValueError:  # binascii.Error, or text outside ASCII
        return None


def _ends_early(der: bytes) -> bool:
    """Whether a DER structure says it is longer than what is there (X.690, 8.1.3)."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    octets = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + octets], "big") if octets else der[1]
    return len(der) < 2 + octets + length
