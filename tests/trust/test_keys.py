"""Key files: what is used, what is refused, and that the refusal says what to type."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from gateway.model.words import LANGUAGES
from gateway.trust import KeyFileError, load_ed25519, load_signer
from tests.pki import Identity, key_pem, pki, write_key


def _files(folder: Path, identity: Identity, mode: int = 0o600) -> tuple[Path, Path]:
    certificate = folder / "agency.pem"
    certificate.write_bytes(identity.pem + pki().issuing.pem)
    return write_key(folder / "agency.key", identity.key_pem, mode), certificate


@pytest.mark.parametrize("name", ["p256", "p384", "rsa2048"])
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_key_file_signs(tmp_path: Path, name: str, mode: int) -> None:
    identity: Identity = getattr(pki(), name)
    signer = load_signer(*_files(tmp_path, identity, mode))
    assert signer.certificate_der == identity.der
    assert signer.chain_der == (pki().issuing.der,)
    assert signer.sign(b"data") == identity.signer.sign(b"data")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666, 0o700, 0o601])
def test_a_key_file_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    key, certificate = _files(tmp_path, pki().p256, mode)
    with pytest.raises(KeyFileError) as no:
        load_signer(key, certificate)
    for lang in LANGUAGES:
        assert f"chmod 600 {key}" in no.value.text(lang)
        assert f"{mode:04o}" in no.value.text(lang)


def test_key_and_certificate_must_belong_together(tmp_path: Path) -> None:
    key, certificate = _files(tmp_path, pki().p256)
    certificate.write_bytes(pki().p384.pem)
    with pytest.raises(KeyFileError, match="does not belong"):
        load_signer(key, certificate)


@pytest.mark.parametrize("identity", ["rsa1024", "p521"])
def test_a_key_outside_the_profile_is_refused_when_loaded(tmp_path: Path, identity: str) -> None:
    with pytest.raises(KeyFileError, match="no PEM certificate that can seal"):
        load_signer(*_files(tmp_path, getattr(pki(), identity)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no readable private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no readable private key"),
        (key_pem(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor ECDSA"),
    ],
)
def test_what_is_no_sealing_key_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    key, certificate = _files(tmp_path, pki().p256)
    write_key(key, content)
    with pytest.raises(KeyFileError, match=expected):
        load_signer(key, certificate)


def test_a_key_with_a_password_is_refused_with_the_command_that_removes_it(tmp_path: Path) -> None:
    key, certificate = _files(tmp_path, pki().p256)
    locked = pki().p256.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    write_key(key, locked)
    with pytest.raises(KeyFileError, match="openssl pkey -in"):
        load_signer(key, certificate)


def test_missing_files_are_named(tmp_path: Path) -> None:
    key, certificate = _files(tmp_path, pki().p256)
    certificate.unlink()
    with pytest.raises(KeyFileError, match=r"agency\.pem cannot be opened: No such file"):
        load_signer(key, certificate)
    with pytest.raises(KeyFileError, match=r"absent\.key cannot be opened: No such file"):
        load_ed25519(tmp_path / "absent.key")


def test_a_checkpoint_key_signs(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    note_key = load_ed25519(write_key(tmp_path / "note.key", key_pem(key)))
    assert note_key.public_bytes == key.public_key().public_bytes_raw()
    key.public_key().verify(note_key.sign(b"note"), b"note")


def test_only_an_ed25519_key_signs_checkpoints(tmp_path: Path) -> None:
    path = write_key(tmp_path / "note.key", pki().p256.key_pem)
    with pytest.raises(KeyFileError, match="openssl genpkey -algorithm ed25519"):
        load_ed25519(path)
    exchange = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(KeyFileError):
        load_ed25519(write_key(path, exchange))


def test_a_key_never_shows_in_what_is_printed(tmp_path: Path) -> None:
    note_key = load_ed25519(write_key(tmp_path / "note.key", key_pem(ed25519.Ed25519PrivateKey.generate())))
    assert repr(note_key) == "NoteKey()"
    assert repr(pki().p256.signer) == "KeySigner(ECDSA_SHA256)"
