"""A provider as an attacker would run one, or as a broken one answers: a small real server whose every answer a test
may change. What it does rightly by itself, it does as OpenID Connect says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Hostile:
    """What it says; a test changes it."""

    issuer: str
    now_s: int
    itself: dict[str, Any] = field(default_factory=dict)
    """Changes of what it says of itself."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Changes of its tokens' claims."""
    signs_with: str = "k1"
    shows: tuple[str, ...] = ("k1",)
    """The keys it shows."""
    token: str | None = None
    """In the place of a token made rightly."""
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    """By path, in the place of the right answer."""
    slow_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    """The paths it was asked, in their order."""
    nonce: str = ""

    def answer_to(self, address: str) -> str:
        """What a browser would bring back from an address it was sent to, as the console's path."""
        asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        self.nonce = asked["nonce"]
        return f"/provider/return?code=c&state={asked['state']}"

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        await asyncio.sleep(self.slow_s)
        if request.path in self.answers:
            answer = self.answers[request.path]()
            if isinstance(answer, web.HTTPException):
                raise answer
            return answer
        right = {"/.well-known/openid-configuration": self._itself, "/keys": self._keys, "/token": self._token}
        return web.json_response(right[request.path]())

    def _itself(self) -> dict[str, Any]:
        ends = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")}
        return {"issuer": self.issuer, **ends, "jwks_uri": f"{self.issuer}/keys", **self.itself}

    def _keys(self) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name("ES256")
        return {"keys": [{**json.loads(algorithm.to_jwk(key(one).public_key())), "kid": one} for one in self.shows]}

    def _token(self) -> dict[str, Any]:
        now = {"iat": self.now_s, "exp": self.now_s + 60, "auth_time": self.now_s}
        said = {
            "iss": self.issuer,
            "aud": "gateway",
            "sub": "lan@bo.example",
            "nonce": self.nonce,
            **now,
            **self.claims,
        }
        token = jwt.encode(said, key(self.signs_with), "ES256", headers={"kid": self.signs_with})
        return {"access_token": "an access token nobody uses", "token_type": "Bearer", "id_token": self.token or token}


@asynccontextmanager
async def hostile(now_s: int) -> AsyncIterator[Hostile]:
    """One that answers until the block ends."""
    here = Hostile("", now_s)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", here.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield here
    finally:
        await runner.cleanup()
