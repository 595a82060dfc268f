"""The pages everybody has: entering, leaving, their language."""

from __future__ import annotations

from aiohttp import web

from gateway.exchange.entrance import PROVIDER_METHOD
from gateway.http.console import cookies
from gateway.http.console.page import Page, Visit
from gateway.http.console.threshold import named_only
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused
from gateway.model.words import LANGUAGES
from gateway.store.people import Speak

STATIC_KEPT = "public, max-age=31536000, immutable"


async def home(visit: Visit) -> web.Response:
    """The first page of whoever entered: the first way of the first role that is theirs."""
    ways = (rows for role, rows in visit.pages.ways.items() if visit.person.may(role))
    return visit.to(next((path for rows in ways for path, _ in rows), "/account"))


async def door(visit: Visit) -> web.Response:
    """The form to enter by."""
    if visit.who is not None:
        return visit.to(way_to(visit.asked("then")))
    return show_door(visit, visit.asked("then"))


def show_door(visit: Visit, then: str, finding: Finding | None = None, key: str = "") -> web.Response:
    """The form to enter by, and beside it the way to the provider; `finding`: why the last try came to nothing."""
    rules = visit.provider.provider.rules if visit.provider else None
    status = finding.reason.status if finding else 200
    return visit.show("enter.html", status, then=way_to(then), key=key, finding=finding, provider=rules)


async def enter(visit: Visit) -> web.Response:
    """Enter, by name, password and code."""
    if visit.provider is not None and not visit.provider.provider.rules.local_accounts:
        raise web.HTTPNotFound
    key, password, code, then = named_only(visit.form, "key", "password", "code", "then")
    try:
        let = await visit.entrance.enter(key, password, code, visit.browser)
    except Refused as no:
        if no.reason not in {Reason.PERSON_NOT_LET_IN, Reason.PERSON_LOCKED_OUT}:
            raise
        visit.facts.add(reason=no.reason.value)
        return show_door(visit, then, no.finding, key)
    answer = visit.to(way_to(then))
    cookies.SESSION.give(visit.request, answer, let.session)
    cookies.BROWSER.give(visit.request, answer, let.browser)
    return answer


async def leave(visit: Visit) -> web.Response:
    """Leave: the session ends here, not only in the browser, and at the provider where somebody came from there."""
    await visit.entrance.leave(visit.inside)
    answer = visit.to("/enter")
    if visit.provider is not None and visit.inside.method == PROVIDER_METHOD:
        elsewhere = await visit.provider.provider.farewell(visit.address("/enter"))
        answer.headers["Location"] = elsewhere or answer.headers["Location"]
    cookies.SESSION.give(visit.request, answer, "")
    return answer


async def speak(visit: Visit) -> web.Response:
    """Choose the language of the screen: on this machine, and for whoever is in also elsewhere, the next time."""
    lang, then = named_only(visit.form, "lang", "then")
    answer = visit.to(way_to(then))
    if lang in LANGUAGES:
        cookies.LANGUAGE.give(visit.request, answer, lang)
        if visit.who is not None:
            await visit.line.store.write(Speak(visit.person.key, lang))
    return answer


async def nowhere(visit: Visit) -> web.Response:
    """No such page."""
    raise web.HTTPNotFound


async def static(visit: Visit) -> web.Response:
    """A style or a script; its name holds its digest."""
    found = visit.pages.static.get(visit.part("name"))
    if found is None:
        raise web.HTTPNotFound
    kind, content = found
    return web.Response(body=content, content_type=kind, charset="utf-8", headers={"Cache-Control": STATIC_KEPT})


def way_to(path: str) -> str:
    """Where to go next: only ever a path of our own."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


PAGES = (
    Page("GET", "", "console", home),
    Page("GET", "/", "console_home", home),
    Page("GET", "/enter", "console_enter", door, public=True),
    Page("POST", "/enter", "console_enter", enter, public=True),
    Page("POST", "/leave", "console_leave", leave),
    Page("POST", "/speak", "console_speak", speak, public=True),
    Page("GET", "/static/{name}", "console_static", static, public=True),
)
NOWHERE = Page("GET", "/{rest:.*}", "console_nowhere", nowhere, public=True)
"""Comes last."""
