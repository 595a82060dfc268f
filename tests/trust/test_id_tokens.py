"""ID tokens: one that holds says who entered; every way one may not hold has its word."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.id_tokens import Expected, IdToken, TokenFault, key_of, read_keys, verify_id_token

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW_S = int(AT.timestamp())
EXPECTED = Expected("https://sso.example", "truc", "nonce-1", leeway_s=30, age_s_max=3600)
CLAIMS = {
    "iss": "https://sso.example",
    "aud": "truc",
    "sub": "lan",
    "nonce": "nonce-1",
    "iat": NOW_S,
    "exp": NOW_S + 60,
    "auth_time": NOW_S - 10,
}


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
KEYS = {"RS256": rsa_key, "PS384": rsa_key, "ES256": lambda: P256, "ES384": lambda: P384}


def jwk(key: Any, kind: str, kid: str = "k1", **more: str) -> dict[str, Any]:
    public = key.public_key() if hasattr(key, "public_key") else key
    return {**json.loads(jwt.get_algorithm_by_name(kind).to_jwk(public)), "kid": kid, **more}


def signed(claims: dict[str, Any] | None = None, alg: str = "RS256", key: Any = None, **header: Any) -> str:
    said = {name: value for name, value in {**CLAIMS, **(claims or {})}.items() if value is not ...}
    return jwt.PyJWS().encode(json.dumps(said).encode(), key or KEYS[alg](), alg, headers={"kid": "k1", **header})


def read(token: str, *keys: dict[str, Any], expected: Expected = EXPECTED) -> IdToken:
    known = read_keys(json.dumps({"keys": keys or [jwk(rsa_key(), "RS256")]}).encode())
    key = key_of(token, known)
    if key is None:
        raise TokenFault("unknown_key")
    return verify_id_token(token, key, expected, AT)


def fault_of(token: str, *keys: dict[str, Any], expected: Expected = EXPECTED) -> str:
    with pytest.raises(TokenFault) as caught:
        read(token, *keys, expected=expected)
    return caught.value.what


@pytest.mark.parametrize("alg", ["RS256", "PS384", "ES256", "ES384", "EdDSA"])
def test_a_token_that_holds_says_who_entered_and_when(alg: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate() if alg == "EdDSA" else KEYS[alg]()
    said = read(signed(alg=alg, key=key), jwk(key, alg))
    assert said == IdToken("lan", datetime.fromtimestamp(NOW_S - 10, UTC))


@pytest.mark.parametrize(
    ("claims", "what"),
    [
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"iss": "https://sso.example/"}, "issuer"),
        ({"iss": ...}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["truc", "another"]}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": ...}, "audience"),
        ({"azp": "another"}, "authorized_party"),
        ({"nonce": "nonce-2"}, "nonce"),
        ({"nonce": ...}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"exp": NOW_S - 30}, "expired"),
        ({"exp": ...}, "times"),
        ({"exp": "tomorrow"}, "times"),
        ({"exp": True}, "times"),
        ({"exp": 1e300}, "times"),
        ({"iat": NOW_S + 31}, "not_yet"),
        ({"iat": ...}, "times"),
        ({"nbf": NOW_S + 31}, "not_yet"),
        ({"auth_time": ...}, "times"),
        ({"auth_time": NOW_S + 31}, "not_yet"),
        ({"auth_time": NOW_S - 3631}, "too_long_ago"),
        ({"sub": ...}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"sub": "lan\u202e"}, "subject"),
    ],
)
def test_what_does_not_hold_has_its_word(claims: dict[str, Any], what: str) -> None:
    assert fault_of(signed(claims)) == what


@pytest.mark.parametrize("claims", [{"exp": NOW_S - 29}, {"iat": NOW_S + 30}, {"aud": ["truc"]}, {"azp": "truc"}])
def test_clocks_may_be_a_little_apart_and_one_audience_may_stand_in_a_list(claims: dict[str, Any]) -> None:
    assert read(signed(claims)).subject == "lan"


def test_a_strength_asked_for_must_be_said() -> None:
    wanted = Expected(EXPECTED.issuer, "truc", "nonce-1", 30, 3600, ("high", "higher"))
    assert read(signed({"acr": "higher"}), expected=wanted).subject == "lan"
    assert fault_of(signed({"acr": "low"}), expected=wanted) == "strength"
    assert fault_of(signed(), expected=wanted) == "strength"


def test_a_token_without_a_signature_is_none() -> None:
    assert fault_of(jwt.encode(CLAIMS, None, "none")) == "algorithm"


def test_a_public_key_is_no_secret() -> None:
    """Key confusion: an HMAC under the bytes of the public key, which everybody has."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
        for one in ({"alg": "HS256", "kid": "k1"}, CLAIMS)
    )
    pem = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = jwt.get_algorithm_by_name("HS256").sign(head + b"." + body, pem)
    token = b".".join((head, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()
    assert fault_of(token) == "algorithm"
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "k1"}
    assert fault_of(token, secret) == "algorithm"
    assert read_keys(json.dumps({"keys": [secret]}).encode()) == ()


def test_a_key_checks_what_it_is_for_and_nothing_else() -> None:
    token = signed()
    key = rsa_key()
    assert fault_of(token, jwk(key, "RS256", use="enc")) == "unknown_key"
    assert fault_of(token, jwk(key, "RS256", alg="RS512")) == "unknown_key"
    assert fault_of(token, jwk(key, "RS256", kid="k2")) == "unknown_key"
    assert fault_of(token, jwk(P256, "ES256")) == "unknown_key"
    assert fault_of(token, jwk(rsa_key(2049), "RS256")) == "signature"
    two = [jwk(key, "RS256"), jwk(P256, "ES256")]
    del two[0]["kid"], two[1]["kid"]
    unnamed = jwt.encode(CLAIMS, key, "RS256")
    assert read(unnamed, *two).subject == "lan"
    assert fault_of(unnamed, jwk(key, "RS256"), jwk(rsa_key(2049), "RS256", "k2")) == "unknown_key"


def test_a_key_too_short_to_trust_is_not() -> None:
    weak = rsa_key(1024)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = signed(key=weak)
    assert fault_of(token, jwk(weak, "RS256")) == "key"


def test_a_curve_is_not_exchanged_for_another() -> None:
    with pytest.raises(Exception):  # noqa: B017 -- the library will not even sign so
        signed(alg="ES256", key=P384)
    assert fault_of(signed(alg="ES384"), jwk(P256, "ES256")) == "key"


def test_what_a_header_wants_understood_is_not() -> None:
    assert fault_of(signed(crit=["b64"], b64=True)) == "malformed"
    assert fault_of(signed(crit=["exp"], exp=1)) == "malformed"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "..", "e30.e30.", "x" * 20_000, "[".join("." * 3), signed() + "x", signed()[:-9]]
)
def test_what_is_no_token_is_said_to_be_none(token: str) -> None:
    assert fault_of(token) in {"malformed", "algorithm", "signature"}


def test_claims_that_are_no_object_are_malformed() -> None:
    for payload in (b"[]", b"\xff", b"[" * 9_000):
        token = jwt.PyJWS().encode(payload, rsa_key(), "RS256", headers={"kid": "k1"})
        assert fault_of(token) == "malformed"


@pytest.mark.parametrize("written", [b"", b"[]", b"{}", b'{"keys": 1}', b"[" * 100_000])
def test_what_is_no_key_set_is_said_to_be_none(written: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_keys(written)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted([*CLAIMS, "acr", "azp", "nbf"])), json_values)
def test_whatever_a_signed_claim_says_it_holds_or_has_its_word(name: str, value: Any) -> None:
    try:
        assert read(signed({name: value}, "ES256"), jwk(P256, "ES256")).subject
    except TokenFault as fault:
        assert fault.what


@given(st.dictionaries(st.sampled_from(["n", "e", "x", "y", "crv", "kty", "use", "alg", "d", "key_ops"]), json_values))
def test_whatever_a_key_is_made_of_the_token_does_not_hold(damage: dict[str, Any]) -> None:
    key = {**jwk(P256, "ES256"), **damage}
    try:
        read(signed(alg="ES256"), key)
    except TokenFault as fault:
        assert fault.what
