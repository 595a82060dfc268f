"""The cookies of the console: what each is for, who may read it, and on which ways it travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Cookie:
    """One of them. No script reads it, and under TLS no other host sets it (`__Host-`, RFC 6265bis 4.1.3.2)."""

    name: str
    same_site: Literal["Strict", "Lax"]
    lasts_s: int | None = None
    """None: until the browser is closed."""

    def of(self, request: web.Request) -> str:
        """Its name on this connection: without TLS (on the machine itself) a browser would not keep a `__Host-` one."""
        return f"__Host-{self.name}" if request.secure else self.name

    def read(self, request: web.Request) -> str:
        """What the browser brought, or nothing."""
        return request.cookies.get(self.of(request), "")

    def give(self, request: web.Request, answer: web.Response, value: str) -> None:
        """Give it, or take it back where `value` is empty."""
        lasts_s = self.lasts_s if value else 0
        answer.set_cookie(
            self.of(request), value, path="/", httponly=True, secure=request.secure, samesite=self.same_site,
            max_age=lasts_s,
        )  # fmt: skip


SESSION = Cookie("truc", "Strict")
BROWSER = Cookie("truc-browser", "Strict", 90 * 86_400)
"""That somebody entered from this browser before: wrong tries made elsewhere do not lock it."""
QUESTION = Cookie("truc-question", "Lax", 600)
"""What the provider was asked for this browser. Lax: it must come along when the provider sends the browser back."""
LANGUAGE = Cookie("truc-lang", "Strict", 31_536_000)
