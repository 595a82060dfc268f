"""Every certificate the tests use, made when they run: nothing with a key or an end date is checked in.

`pki()` is made once a session. Authorities: a root, an issuing one below it, and a root nobody trusts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.trust import KeySigner, TrustStore

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""The instant the tests live at."""

DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return key_pem(self.key)

    @property
    def signer(self) -> KeySigner:
        return KeySigner(self.key, self.der)

    def issue(self, name: str, key: Key, **options: object) -> Identity:
        """A certificate by this authority; `options` as in `certificate`."""
        return Identity(certificate(name, key, self, **options), key)


@dataclass(frozen=True)
class Pki:
    root: Identity
    issuing: Identity
    p256: Identity
    p384: Identity
    rsa2048: Identity
    rsa3072: Identity
    gateway: Identity
    expired: Identity
    not_yet_valid: Identity
    wrong_usage: Identity
    stranger: Identity
    """Of a root nobody trusts."""
    rsa1024: Identity
    p521: Identity
    self_signed: Identity

    @property
    def trust(self) -> TrustStore:
        return TrustStore([self.root.der], [self.issuing.der])


def p256(seed: str = "") -> ec.EllipticCurvePrivateKey:
    """A new key, or always the same one for a seed: what it seals is then the same at every run."""
    if seed:
        return ec.derive_private_key(int.from_bytes(hashlib.sha256(seed.encode()).digest()[1:], "big"), ec.SECP256R1())
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_key(path: Path, pem: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(pem)
    path.chmod(mode)
    return path


def certificate(
    name: str,
    key: Key,
    issuer: Identity | None = None,
    *,
    authority: bool = False,
    path_length: int | None = None,
    starts_at: datetime = NOW - 30 * DAY,
    ends_at: datetime = NOW + 365 * DAY,
    sign_documents: bool = True,
    extended: tuple[x509.ObjectIdentifier, ...] = (),
    extended_critical: bool = False,
    constraints: bool = True,
) -> x509.Certificate:
    """An X.509 certificate; self-signed without an issuer. `sign_documents=False` leaves only keyEncipherment."""
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=not authority and sign_documents,
        content_commitment=not authority and sign_documents,
        key_encipherment=not authority and not sign_documents,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(_serial_number(name, key))
        .not_valid_before(starts_at)
        .not_valid_after(ends_at)
        .add_extension(usage, critical=True)
    )
    if constraints:
        builder = builder.add_extension(
            x509.BasicConstraints(authority, path_length if authority else None), critical=True
        )
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=extended_critical)
    signing_key = issuer.key if issuer else key
    if isinstance(signing_key, ec.EllipticCurvePrivateKey):
        return builder.sign(signing_key, hashes.SHA256(), ecdsa_deterministic=True)
    return builder.sign(signing_key, None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _serial_number(name: str, key: Key) -> int:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return int.from_bytes(hashlib.sha256(name.encode() + public).digest()[:16], "big") >> 1 | 1


def self_issued(name: str, key: Key, **options: object) -> Identity:
    return Identity(certificate(name, key, **options), key)


@cache
def pki() -> Pki:
    """The whole test PKI, once a session (RSA keys take a second to make)."""
    root = self_issued("Trust root of the tests", p256("root"), authority=True, ends_at=NOW + 3650 * DAY)
    issuing = root.issue(
        "Issuing authority of the tests", p256("issuing"), authority=True, path_length=0, ends_at=NOW + 1825 * DAY
    )
    foreign = self_issued("Root nobody trusts", p256("foreign"), authority=True)
    return Pki(
        root=root,
        issuing=issuing,
        p256=issuing.issue("Bộ Kiểm thử P-256", p256("p256")),
        p384=issuing.issue("Bộ Kiểm thử P-384", ec.generate_private_key(ec.SECP384R1())),
        rsa2048=issuing.issue("Bộ Kiểm thử RSA-2048", rsa.generate_private_key(65537, 2048)),
        rsa3072=issuing.issue("Bộ Kiểm thử RSA-3072", rsa.generate_private_key(65537, 3072)),
        gateway=issuing.issue("Trục liên thông kiểm thử", p256("gateway")),
        expired=issuing.issue("Hết hạn", p256("expired"), ends_at=NOW - DAY),
        not_yet_valid=issuing.issue("Chưa có hiệu lực", p256("not_yet_valid"), starts_at=NOW + DAY),
        wrong_usage=issuing.issue(
            "Sai mục đích", p256("wrong_usage"), sign_documents=False, extended=(ExtendedKeyUsageOID.SERVER_AUTH,)
        ),
        stranger=foreign.issue("Người lạ", p256("stranger")),
        rsa1024=issuing.issue("Khóa yếu", rsa.generate_private_key(65537, 1024)),
        p521=issuing.issue("Đường cong khác", ec.generate_private_key(ec.SECP521R1())),
        self_signed=self_issued("Tự ký", p256("self_signed")),
    )
