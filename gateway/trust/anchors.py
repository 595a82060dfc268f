"""Trust anchors: the roots a signer's certificate may lead to, in stores that are configured and named.

Viet Nam has two: the Government's authority for state agencies (Ban Cơ yếu Chính phủ) and the national root above the
public authorities (NEAC). They are apart, so that a report can say by which one a signature is trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class AnchorError(ValueError):
    """A trust anchor folder cannot be used. The message says which file and why; it is for the operator."""


@dataclass(frozen=True, slots=True)
class AnchorStore:
    """A named set of roots, with the issuing authorities below them that signatures in the field leave out."""

    name: str
    roots: tuple[bytes, ...]
    """DER of self-signed certificates, trusted because they are here."""
    intermediates: tuple[bytes, ...] = ()
    """DER of issuing authorities. Not trusted by being here: their path to a root is verified like any other."""


def digest_of(stores: Iterable[AnchorStore]) -> str:
    """SHA-256, lower-case hex, over the names of the stores and the digests of their certificates: who is trusted."""
    rows = [
        f"{store.name} {hashlib.sha256(der).hexdigest()}\n"
        for store in stores
        for der in (*store.roots, *store.intermediates)
    ]
    return hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()


def load_anchors(name: str, folder: Path) -> AnchorStore:
    """The store in a folder of PEM or DER files (`*.pem`, `*.crt`, `*.cer`): self-signed ones are roots, the others
    intermediates. AnchorError where a file is no certificate, or there is no root.
    """
    roots: list[bytes] = []
    intermediates: list[bytes] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".pem", ".crt", ".cer"}):
        for certificate in _certificates(path):
            der = certificate.public_bytes(Encoding.DER)
            (roots if certificate.issuer == certificate.subject else intermediates).append(der)
    if not roots:
        raise AnchorError(f"{folder}: no self-signed certificate, so store {name!r} would trust nothing")
    return AnchorStore(name, tuple(roots), tuple(intermediates))


def _certificates(path: Path) -> list[x509.Certificate]:
    data = path.read_bytes()
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as broken:
        raise AnchorError(f"{path}: not a certificate ({broken})") from broken
