"""Signature values: XMLDSig's form, deterministic, and strict about what is no value at all."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.algorithms import Algorithm, KeyKind, allowed, describe, fits, own_algorithm, sign, verifies
from tests.pki import Identity, pki

ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNERS = ("p256", "p384", "rsa2048", "rsa3072")


def _identity(name: str) -> Identity:
    identity: Identity = getattr(pki(), name)
    return identity


METHODS = [
    (name, algorithm)
    for name in SIGNERS
    for algorithm in Algorithm
    if name.startswith("r") == ("RSA" in algorithm.name)
]


@pytest.mark.parametrize(("name", "algorithm"), METHODS)
def test_what_a_key_signs_its_public_key_verifies(name: str, algorithm: Algorithm) -> None:
    key = _identity(name).key
    assert fits(key.public_key(), algorithm)
    value = sign(key, algorithm, b"data")
    assert verifies(key.public_key(), algorithm, value, b"data")
    assert not verifies(key.public_key(), algorithm, value, b"Data")


@pytest.mark.parametrize("name", SIGNERS)
def test_the_same_data_gets_the_same_value(name: str) -> None:
    signer = _identity(name).signer
    assert signer.sign(b"data") == signer.sign(b"data")


@pytest.mark.parametrize(("name", "size_bytes"), [("p256", 64), ("p384", 96), ("rsa2048", 256), ("rsa3072", 384)])
def test_a_value_has_the_length_of_its_key(name: str, size_bytes: int) -> None:
    assert len(_identity(name).signer.sign(b"data")) == size_bytes


def test_a_high_s_is_as_honest_as_a_low_one() -> None:
    key = pki().p256.key
    value = sign(key, Algorithm.ECDSA_SHA256, b"data")
    s = int.from_bytes(value[32:], "big")
    mirrored = value[:32] + (ORDER_P256 - s).to_bytes(32, "big")
    assert verifies(key.public_key(), Algorithm.ECDSA_SHA256, mirrored, b"data")


@given(value=st.binary(max_size=100))
def test_no_bytes_make_verification_fail_in_another_way(value: bytes) -> None:
    for name in ("p256", "p384", "rsa2048"):
        public = _identity(name).key.public_key()
        assert not verifies(public, own_algorithm(public), value, b"data")


@given(bit=st.integers(0, 64 * 8 - 1))
def test_a_flipped_bit_makes_a_value_false(bit: int) -> None:
    key = pki().p256.key
    value = bytearray(sign(key, Algorithm.ECDSA_SHA256, b"data"))
    value[bit // 8] ^= 1 << bit % 8
    assert not verifies(key.public_key(), Algorithm.ECDSA_SHA256, bytes(value), b"data")


def test_only_keys_of_the_profile_are_allowed() -> None:
    for good in SIGNERS:
        public = _identity(good).key.public_key()
        assert allowed(public) is public
    for bad in (
        pki().rsa1024.key.public_key(),
        pki().p521.key.public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ec.generate_private_key(ec.BrainpoolP256R1()).public_key(),
    ):
        assert allowed(bad) is None


def test_a_key_is_described_by_kind_and_size() -> None:
    assert describe(pki().rsa1024.key.public_key()) == "RSA-1024"
    assert describe(pki().p384.key.public_key()) == "secp384r1"
    assert describe(ed25519.Ed25519PrivateKey.generate().public_key()) == "Ed25519PublicKey"


def test_every_method_says_its_kind_and_hash() -> None:
    for algorithm in Algorithm:
        kind, digest = algorithm.name.split("_")
        assert algorithm.kind is KeyKind(kind)
        assert algorithm.hash.name == digest.lower()
        assert algorithm.value.endswith(f"{kind}-{digest}".lower())


def test_we_sign_with_a_digest_as_strong_as_the_curve() -> None:
    assert own_algorithm(pki().p256.key.public_key()) is Algorithm.ECDSA_SHA256
    assert own_algorithm(pki().p384.key.public_key()) is Algorithm.ECDSA_SHA384
    assert isinstance(pki().rsa3072.key, rsa.RSAPrivateKey)
    assert own_algorithm(pki().rsa3072.key.public_key()) is Algorithm.RSA_SHA256
