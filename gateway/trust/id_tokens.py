"""ID tokens of an OpenID Connect provider: who entered there, if the token holds.

OpenID Connect Core 1.0, 3.1.3.7, narrowed: one issuer, one audience, signatures by public key alone. What algorithm
may check a token is said here and by the key's own type, never by the token, so that no key serves as a secret.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

ALGORITHMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384"), "EC"),
    "EdDSA": "OKP",
}
"""What may sign a token, and with which type of key (RFC 7518, RFC 8037). No `none`, no HMAC."""
KEYS_MAX = 50
TOKEN_CHARS_MAX = 16_384
SUBJECT_CHARS_MAX = 255
"""OpenID Connect Core 1.0, 2: `sub`."""

Jwk = Mapping[str, Any]


class TokenFault(Exception):
    """The token does not hold. `what` is one word, for the log: the person learns only that it does not."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to be the answer to one question of ours."""

    issuer: str
    audience: str
    nonce: str
    leeway_s: float
    """How far the provider's clock may be from ours, either way."""
    age_s_max: float
    """How long ago the person may have proved there who they are."""
    strengths: Sequence[str] = ()
    """Accepted words for how they did (`acr`); empty: any, or none said."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a token that holds says. Roles and agencies are not among it: those are the register's to say."""

    subject: str
    authenticated_at: datetime


def read_keys(written: bytes) -> tuple[Jwk, ...]:
    """The keys of a provider (RFC 7517) that may check a signature. ValueError where this is no key set."""
    keys = read_object(written).get("keys")
    if not isinstance(keys, list):
        raise ValueError("no key set")  # noqa: TRY004 -- what a document says, not how this is called
    types = list(ALGORITHMS.values())  # no set: what a document says need not be hashable
    fit = [one for one in keys[:KEYS_MAX] if isinstance(one, dict) and one.get("kty") in types]
    return tuple(one for one in fit if one.get("use", "sig") == "sig")


def read_object(written: bytes) -> dict[str, Any]:
    """A JSON object. ValueError where it is none, or nested beyond reason."""
    try:
        said = json.loads(written)
    except RecursionError as deep:
        raise ValueError("nested too deep") from deep
    if not isinstance(said, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- what a document says, not how this is called
    return said


def key_of(token: str, keys: Sequence[Jwk]) -> Jwk | None:
    """The key a token asks for; None where there is none of that name (it may be newer than `keys`).

    TokenFault(malformed, algorithm) where no key would do.
    """
    header = _header(token)
    kid, kind = header.get("kid"), ALGORITHMS[header["alg"]]
    fit = [one for one in keys if one["kty"] == kind and one.get("alg", header["alg"]) == header["alg"]]
    named = fit if kid is None else [one for one in fit if one.get("kid") == kid]
    return named[0] if len(named) == 1 else None


def verify_id_token(token: str, key: Jwk, expected: Expected, at: datetime) -> IdToken:
    """What the token says, if it holds at this instant. TokenFault otherwise, with what is wrong in one word."""
    claims = _signed_claims(token, key)
    _check_parties(claims, expected)
    authenticated_at = _check_times(claims, expected, at)
    if expected.strengths and claims.get("acr") not in expected.strengths:
        raise TokenFault("strength")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX or not subject.isprintable():
        raise TokenFault("subject")
    return IdToken(subject, authenticated_at)


def _header(token: str) -> dict[str, Any]:
    if len(token) > TOKEN_CHARS_MAX:
        raise TokenFault("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError) as broken:
        raise TokenFault("malformed") from broken
    if header.get("alg") not in list(ALGORITHMS):
        raise TokenFault("algorithm")
    return header


def _signed_claims(token: str, key: Jwk) -> dict[str, Any]:
    algorithm = _header(token)["alg"]
    try:
        public = jwt.PyJWK(dict(key), algorithm)
        payload = jwt.PyJWS(options={"enforce_minimum_key_length": True}).decode(token, public, [algorithm])
    except jwt.PyJWTError as broken:
        raise TokenFault("key" if isinstance(broken, jwt.InvalidKeyError) else "signature") from broken
    try:
        return read_object(payload)
    except ValueError as broken:
        raise TokenFault("malformed") from broken


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    """Who said it, to whom, and that it answers this question and no other."""
    if claims.get("iss") != expected.issuer:
        raise TokenFault("issuer")
    audience = claims.get("aud")
    if audience not in (expected.audience, [expected.audience]):  # several audiences: others could use it against us
        raise TokenFault("audience")
    if claims.get("azp", expected.audience) != expected.audience:
        raise TokenFault("authorized_party")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise TokenFault("nonce")


def _check_times(claims: Mapping[str, Any], expected: Expected, at: datetime) -> datetime:
    """When the person proved who they are; the token is neither over nor from the future."""
    leeway = timedelta(seconds=expected.leeway_s)
    if _instant(claims, "exp") + leeway <= at:
        raise TokenFault("expired")
    issued_at = _instant(claims, "iat")
    if issued_at - leeway > at or ("nbf" in claims and _instant(claims, "nbf") - leeway > at):
        raise TokenFault("not_yet")
    authenticated_at = _instant(claims, "auth_time")
    if authenticated_at - leeway > at:
        raise TokenFault("not_yet")
    if authenticated_at + timedelta(seconds=expected.age_s_max) + leeway < at:
        raise TokenFault("too_long_ago")
    return authenticated_at


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    """An instant in whole or broken seconds since 1970. TokenFault(times) where it is none."""
    written = claims.get(name)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise TokenFault("times")
    try:
        return datetime.fromtimestamp(written, UTC)
    except (ValueError, OverflowError, OSError) as broken:
        raise TokenFault("times") from broken
