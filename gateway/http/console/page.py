"""What a page is, and what its code is handed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from gateway.exchange.acts import Actor
from gateway.exchange.entrance import Browser, Entrance, Inside
from gateway.exchange.line import Line
from gateway.exchange.provider_entrance import ProviderEntrance
from gateway.http.console import cookies
from gateway.http.console.render import Pages
from gateway.http.endpoints import Doors
from gateway.http.logline import Facts
from gateway.http.public import origin_of
from gateway.model.person import Person, Role

BASE = "/console"
FORM_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who entered (or, on a public page, of anybody)."""

    request: web.Request
    doors: Doors
    entrance: Entrance
    pages: Pages
    facts: Facts
    lang: str
    who: Inside | None
    form: Mapping[str, str] = field(default_factory=dict)
    """What a form sent, each field once; its token was checked."""
    provider: ProviderEntrance | None = None
    """The way in by an OpenID Connect provider, where there is one."""

    @property
    def line(self) -> Line:
        return self.doors.line

    @property
    def inside(self) -> Inside:
        """Who entered; only on pages that are not public."""
        assert self.who is not None, "only a public page is shown to nobody in particular"
        return self.who

    @property
    def person(self) -> Person:
        return self.inside.person

    @property
    def actor(self) -> Actor:
        """Who acts, for the ledger and the register."""
        return Actor(self.person.key, self.inside.by)

    @property
    def browser(self) -> Browser:
        """What this somebody comes with."""
        return Browser(cookies.BROWSER.read(self.request), self.request.headers.get("User-Agent", ""))

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]

    def asked(self, name: str) -> str:
        """A query parameter, or nothing; without the spaces around it."""
        return self.request.query.get(name, "").strip()

    def show(self, template: str, status: int = 200, **values: object) -> web.Response:
        """A page."""
        text = self.pages.render(template, self.lang, visit=self, **values)
        return web.Response(text=text, content_type="text/html", status=status)

    @property
    def origin(self) -> str:
        """Under which address this browser came to us."""
        return origin_of(self.request)

    def address(self, path: str) -> str:
        """The whole address of a page."""
        return f"{self.origin}{BASE}{path}"

    def to(self, path: str) -> web.Response:
        """Go to another page of the console, so that reloading it repeats no act."""
        return web.Response(status=303, headers={"Location": BASE + path})

    @property
    def token(self) -> str:
        """What every form of this session carries: a form from elsewhere cannot know it."""
        return form_token(self.inside.session) if self.who else ""


def form_token(session: str) -> str:
    """The token of a session's forms. Made of its digest: nothing more needs keeping."""
    return hmac.digest(session.encode(), b"form of the console", hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Page:
    """A row of the table of pages."""

    method: str
    path: str
    """Below the console's own."""
    name: str
    """The label of its metrics."""
    answering: Callable[[Visit], Awaitable[web.StreamResponse]]
    roles: tuple[Role, ...] = tuple(Role)
    """Who may come: any of these."""
    public: bool = False
    """True where nobody needs to have entered."""
    brings_file: bool = False
    """True for a form with a file: its page reads the body itself, and checks the token in it."""
    live: bool = False
    """True for a stream of events, which is no page."""
