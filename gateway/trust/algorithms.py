"""The algorithms of the strict profile: RSA from 2048 bits and P-256 / P-384, with SHA-256 or better. Nothing else.

XMLDSig writes an ECDSA value as r||s, each filled to the curve's size (RFC 4050, XMLDSig 1.1 clause 6.4.3), where
X.509 and the libraries use DER; the conversions live here.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
"""Longer keys cost the verifier more than they protect."""

_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
"""Order of each allowed curve's base point (SEC 2)."""


class KeyKind(Enum):
    ECDSA = "ECDSA"
    RSA = "RSA"


class Digest(StrEnum):
    """A digest method. The value is its XMLDSig URI; `algorithm_name` is hashlib's name."""

    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

    @property
    def algorithm_name(self) -> str:
        return self.name.lower()


class Algorithm(StrEnum):
    """A signature method. The value is its XMLDSig URI."""

    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"

    @property
    def kind(self) -> KeyKind:
        return KeyKind(self.name.partition("_")[0])

    @property
    def hash(self) -> hashes.HashAlgorithm:
        return _HASHES[self.name.partition("_")[2]]


_HASHES = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


def describe(key: object) -> str:
    """A key's kind and size as people write it: `RSA-2048`, `secp256r1`; the type's name for other kinds."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    return type(key).__name__


def allowed(key: object) -> PublicKey | None:
    """The key itself where the profile allows it, None for any other kind, curve or size."""
    if isinstance(key, rsa.RSAPublicKey) and RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _ORDERS:
        return key
    return None


def own_algorithm(key: PublicKey) -> Algorithm:
    """The method we sign with, given our key: the digest as strong as the curve."""
    if isinstance(key, rsa.RSAPublicKey):
        return Algorithm.RSA_SHA256
    return Algorithm.ECDSA_SHA384 if key.curve.name == "secp384r1" else Algorithm.ECDSA_SHA256


def fits(key: PublicKey, algorithm: Algorithm) -> bool:
    return (algorithm.kind is KeyKind.RSA) == isinstance(key, rsa.RSAPublicKey)


def sign(key: PrivateKey, algorithm: Algorithm, data: bytes) -> bytes:
    """The SignatureValue's bytes. Deterministic (RFC 6979, PKCS #1 v1.5): the same data gives the same value."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm.hash)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm.hash, deterministic_signing=True)))
    size_bytes = _coordinate_bytes(key.curve)
    return r.to_bytes(size_bytes, "big") + s.to_bytes(size_bytes, "big")


def verifies(key: PublicKey, algorithm: Algorithm, value: bytes, data: bytes) -> bool:
    """Does `value` (XMLDSig form) sign `data`? A value of the wrong length or out of range does not."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), algorithm.hash)
            return True
        der = _dss(value, key.curve)
        if der is None:
            return False
        key.verify(der, data, ec.ECDSA(algorithm.hash))
    except InvalidSignature:
        return False
    return True


def _dss(value: bytes, curve: ec.EllipticCurve) -> bytes | None:
    """r||s to DER; None unless both lie in [1, order). Low and high s are both honest, so both pass."""
    size_bytes = _coordinate_bytes(curve)
    if len(value) != 2 * size_bytes:
        return None
    r, s = int.from_bytes(value[:size_bytes], "big"), int.from_bytes(value[size_bytes:], "big")
    order = _ORDERS[curve.name]
    if not (0 < r < order and 0 < s < order):
        return None
    return encode_dss_signature(r, s)


def _coordinate_bytes(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8
