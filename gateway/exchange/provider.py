"""The OpenID Connect provider that knows people: asked for who they are, and believed as far as its token holds.

Authorization code with PKCE (RFC 7636, S256), OpenID Connect Core 1.0 and Discovery 1.0, the issuer in the answer
(RFC 9207), logout by OpenID Connect RP-Initiated Logout 1.0. Every address it names of itself must be of its issuer's
own origin: a browser is sent nowhere else, and no secret of ours either.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from gateway.exchange.line import Clock
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.trust.id_tokens import Expected, IdToken, Jwk, TokenFault, key_of, read_keys, read_object, verify_id_token

DISCOVERY = "/.well-known/openid-configuration"
KEPT = timedelta(hours=1)
"""How long what a provider says of itself, and its keys, are believed without asking again."""
KEYS_AGAIN = timedelta(seconds=10)
"""A token signed with a key not seen yet makes us ask for the keys anew, at most once in so long."""
ADDRESS_CHARS_MAX = 2_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """The provider people may enter by. Without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    secret_file: Path | None = None
    scopes: tuple[str, ...] = ("openid",)
    button: str = ""
    strengths: tuple[str, ...] = ()
    age_s_max: float = 28_800.0
    leeway_s: float = 30.0
    timeout_s: float = 10.0
    local_accounts: bool = True

    def fault(self) -> tuple[str, str] | None:
        """What is wrong with these together, and the key it is about; None: nothing."""
        if not self.issuer:
            return None if self.local_accounts else ("half_provider", "provider.issuer")
        if not self.client_id:
            return "half_provider", "provider.client_id"
        if "openid" not in self.scopes:
            return "half_provider", "provider.scopes"
        address = urlsplit(self.issuer)
        plain = address.scheme == "http" and address.hostname in LOOPBACK
        if not address.hostname or address.query or address.fragment or not (plain or address.scheme == "https"):
            return "open_provider", "provider.issuer"
        return None


class AwayError(Exception):
    """The provider could not be asked, or did not answer with what was asked for. The message is for the log."""


class Asker(Protocol):
    """The way to the provider. AwayError for whatever the network does; redirects are not followed."""

    async def get(self, url: str, timeout_s: float) -> bytes: ...

    async def post(
        self, url: str, fields: Mapping[str, str], login: tuple[str, str] | None, timeout_s: float
    ) -> tuple[int, bytes]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One asking of who somebody is: three secrets that bind the answer to the browser that asked."""

    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """RFC 7636, 4.2: BASE64URL(SHA256(verifier))."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Itself:
    """What the provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    names_itself: bool
    """Whether its answers always say whose they are (RFC 9207)."""
    takes_basic: bool
    """Whether the client's secret goes into the header, or else into the form."""


class Provider:
    """A provider as the gateway knows it: its addresses and keys are learned from itself, and kept for a while."""

    def __init__(self, rules: ProviderRules, secret: str, asker: Asker, clock: Clock) -> None:
        self.rules = rules
        self._secret, self._asker, self._clock = secret, asker, clock
        self._itself: tuple[datetime, Itself] | None = None
        self._keys: tuple[datetime, tuple[Jwk, ...]] | None = None

    @property
    def origin(self) -> str:
        """Where browsers are sent."""
        return origin_of(self.rules.issuer)

    async def address(self, question: Question, return_to: str) -> str:
        """Where a browser goes to be asked who its person is."""
        itself, rules = await self._known(), self.rules
        asked = {
            "response_type": "code",
            "client_id": rules.client_id,
            "redirect_uri": return_to,
            "scope": " ".join(rules.scopes),
            "state": question.state,
            "nonce": question.nonce,
            "code_challenge": question.challenge,
            "code_challenge_method": "S256",
            "max_age": str(int(rules.age_s_max)),
        } | ({"acr_values": " ".join(rules.strengths)} if rules.strengths else {})
        return _with(itself.authorization, asked)

    async def farewell(self, return_to: str) -> str | None:
        """Where a browser goes to leave the provider too; None where it offers no such thing, or cannot be asked.

        No token of the provider's is kept, so it is told who we are and asks its person itself.
        """
        try:
            itself = await self._known()
        except Unavailable:
            return None
        asked = {"client_id": self.rules.client_id, "post_logout_redirect_uri": return_to}
        return _with(itself.end_session, asked) if itself.end_session else None

    async def names_wrongly(self, said: str | None) -> bool:
        """Whether an answer that says it is of this issuer (None: says nothing) is another's (RFC 9207, 2.4)."""
        if said is None:
            return (await self._known()).names_itself
        return said != self.rules.issuer

    async def redeem(self, code: str, question: Question, return_to: str) -> IdToken:
        """Who entered there, for the code the browser brought.

        Refused(person.provider_refused) where the code is not good, Refused(person.provider_token) where the token does
        not hold, Unavailable(unavailable.provider) where the provider does not answer as it should.
        """
        itself, rules = await self._known(), self.rules
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_to,
            "code_verifier": question.verifier,
        }
        login = (rules.client_id, self._secret) if self._secret and itself.takes_basic else None
        if login is None:
            fields |= {"client_id": rules.client_id} | ({"client_secret": self._secret} if self._secret else {})
        try:
            status, body = await self._asker.post(itself.token, fields, login, rules.timeout_s)
            said = read_object(body)
        except (AwayError, ValueError) as fault:
            raise _away(f"token: {fault}") from fault
        if status == 400 and said.get("error") == "invalid_grant":
            raise Refused(found(Reason.PERSON_PROVIDER_REFUSED, what="invalid_grant"))
        if status != 200 or not isinstance(said.get("id_token"), str):
            raise _away(f"token: HTTP {status}, {said.get('error')}")
        expected = Expected(
            rules.issuer, rules.client_id, question.nonce, rules.leeway_s, rules.age_s_max, rules.strengths
        )
        try:
            return verify_id_token(said["id_token"], await self._key(said["id_token"], itself), expected, self._clock())
        except TokenFault as fault:
            raise Refused(found(Reason.PERSON_PROVIDER_TOKEN, what=fault.what)) from fault

    async def _known(self) -> Itself:
        at = self._clock()
        if self._itself is not None and timedelta() <= at - self._itself[0] < KEPT:
            return self._itself[1]
        try:
            written = await self._asker.get(self.rules.issuer.rstrip("/") + DISCOVERY, self.rules.timeout_s)
            itself = _itself(read_object(written), self.rules.issuer)
        except (AwayError, ValueError) as fault:
            raise _away(f"discovery: {fault}") from fault
        self._itself = (at, itself)
        return itself

    async def _key(self, token: str, itself: Itself) -> Jwk:
        """The key of a token. Providers change keys: one not seen yet is asked for. TokenFault, Unavailable."""
        at = self._clock()
        for kept in (KEPT, KEYS_AGAIN):
            if self._keys is None or not timedelta() <= at - self._keys[0] < kept:
                self._keys = (at, await self._ask_keys(itself.keys))
            if (key := key_of(token, self._keys[1])) is not None:
                return key
        raise TokenFault("unknown_key")

    async def _ask_keys(self, address: str) -> tuple[Jwk, ...]:
        try:
            return read_keys(await self._asker.get(address, self.rules.timeout_s))
        except (AwayError, ValueError) as fault:
            raise _away(f"keys: {fault}") from fault


def origin_of(address: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _itself(said: Mapping[str, Any], issuer: str) -> Itself:
    """ValueError where it is not this issuer that speaks, lacks what we need, or names addresses elsewhere."""
    if said.get("issuer") != issuer:
        raise ValueError("speaks of another issuer")
    if "S256" not in said.get("code_challenge_methods_supported", ["S256"]):
        raise ValueError("does not know PKCE with S256")
    ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Itself(
        _own(said, "authorization_endpoint", issuer),
        _own(said, "token_endpoint", issuer),
        _own(said, "jwks_uri", issuer),
        _own(said, "end_session_endpoint", issuer) if "end_session_endpoint" in said else None,
        said.get("authorization_response_iss_parameter_supported") is True,
        "client_secret_basic" in ways,
    )


def _own(said: Mapping[str, Any], name: str, issuer: str) -> str:
    address = said.get(name)
    if not isinstance(address, str) or len(address) > ADDRESS_CHARS_MAX or not address.isprintable():
        raise ValueError(f"no {name}")
    if origin_of(address) != origin_of(issuer):
        raise ValueError(f"{name} is elsewhere")
    return address


def _with(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _away(cause: str) -> Unavailable:
    return Unavailable(Reason.PROVIDER_UNAVAILABLE, retry_after_s=30, cause=cause[:200])
