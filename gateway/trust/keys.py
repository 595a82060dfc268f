"""Keys from files, behind an interface narrow enough for a hardware token.

A token (PKCS#11) can sign bytes and show its certificate, nothing more; so that is all a `Signer` promises. A key file
that others can read is refused: its thief could seal in the gateway's name.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.model.refusal import Refused
from gateway.model.words import text
from gateway.trust.algorithms import Algorithm, PrivateKey, own_algorithm, sign
from gateway.trust.certificates import read_certificate


class Signer(Protocol):
    """Whoever holds a sealing key: a file here, a hardware token elsewhere."""

    @property
    def algorithm(self) -> Algorithm: ...

    @property
    def certificate_der(self) -> bytes: ...

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """Issuers, nearest first, as far as the holder has them. They travel beside a seal, never inside."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The XMLDSig value over `data`: r||s for ECDSA, deterministic."""
        ...


class KeyFileError(Exception):
    """A key file we will not use. `text(lang)` says what to do about it, down to the command."""

    def __init__(self, fault: str, **values: str) -> None:
        self._fault = fault
        self._values = values
        super().__init__(self.text("en"))

    def text(self, lang: str) -> str:
        return text(lang, self._fault, **self._values)


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer whose key is in this process's memory."""

    key: PrivateKey
    certificate_der: bytes
    chain_der: tuple[bytes, ...] = ()
    algorithm: Algorithm = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", own_algorithm(self.key.public_key()))

    def sign(self, data: bytes) -> bytes:
        return sign(self.key, self.algorithm, data)

    def __repr__(self) -> str:
        return f"KeySigner({self.algorithm.name})"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 key that signs checkpoints."""

    key: ed25519.Ed25519PrivateKey

    @property
    def public_bytes(self) -> bytes:
        """The 32 bytes that stand in a note's verifier key."""
        return self.key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)

    def __repr__(self) -> str:
        return "NoteKey()"


def load_signer(key_path: Path, certificate_path: Path) -> KeySigner:
    """The signer of a PEM key (PKCS #8, unencrypted, mode 0600 or 0400) and a PEM certificate, its issuers after it.

    KeyFileError where a file is missing, open to others or unreadable, the key is outside the seal profile, or key and
    certificate do not belong together.
    """
    key = _private_key(key_path)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise KeyFileError("key.wrong_kind", path=str(key_path))
    try:
        first, *rest = x509.load_pem_x509_certificates(_content(certificate_path))
        certificate = read_certificate(first.public_bytes(serialization.Encoding.DER))
    except (ValueError, Refused) as broken:
        raise KeyFileError("key.certificate_unusable", path=str(certificate_path)) from broken
    if certificate.key != key.public_key():
        raise KeyFileError("key.not_of_certificate", path=str(key_path), certificate=str(certificate_path))
    chain = tuple(issuer.public_bytes(serialization.Encoding.DER) for issuer in rest)
    return KeySigner(key, certificate.der, chain)


def load_ed25519(path: Path) -> NoteKey:
    """The checkpoint key of a PEM file (PKCS #8, unencrypted, mode 0600 or 0400). KeyFileError as `load_signer`."""
    key = _private_key(path)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise KeyFileError("key.not_ed25519", path=str(path))
    return NoteKey(key)


def load_password(path: Path) -> str:
    """The password in a file that only its owner can read, without the end of its line. KeyFileError otherwise."""
    try:
        return _content(path, private=True).decode().rstrip("\r\n")
    except UnicodeDecodeError as broken:
        raise KeyFileError("key.unreadable", path=str(path)) from broken


def check_key_file(path: Path) -> None:
    """KeyFileError where a private key's file is missing or open to others; for keys that a library loads by itself."""
    _content(path, private=True)


def _private_key(path: Path) -> object:
    pem = _content(path, private=True)
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError as locked:
        raise KeyFileError("key.encrypted", path=str(path)) from locked
    except (ValueError, UnsupportedAlgorithm) as broken:
        raise KeyFileError("key.unreadable", path=str(path)) from broken


def _content(path: Path, private: bool = False) -> bytes:
    """A file's bytes; the mode is asked of the open file, so it cannot change between the question and the reading."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if private and mode & 0o177:
                raise KeyFileError("key.open_to_others", path=str(path), mode=f"{mode:04o}")
            return file.read()
    except OSError as absent:
        raise KeyFileError("key.absent", path=str(path), cause=absent.strerror or "") from absent
