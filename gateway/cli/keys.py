"""Keys for a gateway that begins: made once, readable by their owner alone, never written over a file that is there."""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.store.durable import flush_folder
from gateway.trust.derived import KEY_BYTES

SELF_SIGNED_DAYS = 365
"""A certificate nobody else vouches for is for trying things out; a year is long enough for that."""

Builder = TypeVar("Builder", x509.CertificateBuilder, x509.CertificateSigningRequestBuilder)
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def new_seal_key() -> ec.EllipticCurvePrivateKey:
    """P-256: outside verifiers know no EdDSA in XML signatures."""
    return ec.generate_private_key(ec.SECP256R1())


def new_ledger_key() -> ed25519.Ed25519PrivateKey:
    """Ed25519, the algorithm of signed notes."""
    return ed25519.Ed25519PrivateKey.generate()


def new_deriving_key() -> bytes:
    """The content of the file that shared secrets are derived from."""
    return f"{secrets.token_hex(KEY_BYTES)}\n".encode()


def key_pem(key: PrivateKey) -> bytes:
    """PKCS #8, unencrypted: the file's mode protects it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def self_signed_pem(key: ec.EllipticCurvePrivateKey, name: str, at: datetime) -> bytes:
    """A certificate that says of itself who it is: for a first try, not for production."""
    subject = _name(name)
    certificate = (
        _usages(x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()))
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))  # clocks of other machines may be behind
        .not_valid_after(at + timedelta(days=SELF_SIGNED_DAYS))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def request_pem(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """What an authority needs to issue the certificate (PKCS #10)."""
    request = _usages(x509.CertificateSigningRequestBuilder().subject_name(_name(name))).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that must not exist yet: whole or not at all, durable when this returns. FileExistsError."""
    scratch = path.with_name(f".{path.name}")
    scratch.unlink(missing_ok=True)
    try:
        file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(file, "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        path.hardlink_to(scratch)
        flush_folder(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usages(builder: Builder) -> Builder:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return builder.add_extension(usage, critical=True).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
