"""The pages everybody has: entering, leaving, their account, their language."""

from __future__ import annotations

import asyncio
import secrets

from aiohttp import web

from gateway.exchange.acts import SALT_BYTES, operator_act
from gateway.exchange.entrance import pseudonym
from gateway.http.console.page import BASE, Page, Visit
from gateway.http.console.threshold import LANGUAGE_COOKIE, named_only, set_cookie
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.words import LANGUAGES
from gateway.store.people import PutSecrets
from gateway.store.queries import people
from gateway.trust.passwords import PASSWORD_CHARS_MIN, fault_of, hashed

STATIC_KEPT = "public, max-age=31536000, immutable"


async def home(visit: Visit) -> web.Response:
    """The first page of whoever entered: the first way of the first role that is theirs."""
    ways = (rows for role, rows in visit.pages.ways.items() if visit.person.may(role))
    return visit.to(next((path for rows in ways for path, _ in rows), "/account"))


async def door(visit: Visit) -> web.Response:
    """The form to enter by."""
    if visit.who is not None:
        return visit.to(_then(visit.asked("then")))
    return visit.show("enter.html", then=_then(visit.asked("then")), key="", finding=None)


async def enter(visit: Visit) -> web.Response:
    """Enter, by name, password and code."""
    key, password, code, then = named_only(visit.form, "key", "password", "code", "then")
    try:
        cookie = await visit.entrance.enter(key, password, code)
    except Refused as no:
        if no.reason not in {Reason.PERSON_NOT_LET_IN, Reason.PERSON_LOCKED_OUT}:
            raise
        visit.facts.add(reason=no.reason.value)
        return visit.show("enter.html", no.reason.status, then=_then(then), key=key, finding=no.finding)
    answer = visit.to(_then(then))
    set_cookie(visit.request, answer, cookie)
    return answer


async def leave(visit: Visit) -> web.Response:
    """Leave: the session ends here, not only in the browser."""
    await visit.entrance.leave(visit.inside)
    answer = visit.to("/enter")
    set_cookie(visit.request, answer, "")
    return answer


async def account(visit: Visit) -> web.Response:
    """What somebody may do here, and their password."""
    return visit.show("account.html", fault=None, chars_min=PASSWORD_CHARS_MIN)


async def change_password(visit: Visit) -> web.Response:
    """Take a new password; every session ends, this one too."""
    old, new, again = named_only(visit.form, "old", "new", "again")
    row = await visit.line.store.read(people.person, visit.person.key)
    wrong = "again" if new != again else fault_of(new, visit.person.key)
    if wrong is None and not await visit.entrance.knows(row, old):
        wrong = "old"
    if wrong is not None or row is None:
        return visit.show("account.html", 422, fault=wrong, chars_min=PASSWORD_CHARS_MIN)
    at, salt = visit.line.clock(), secrets.token_bytes(SALT_BYTES)
    act = operator_act(visit.actor, "person.password", pseudonym(row), "", salt, at)
    fresh = await asyncio.to_thread(hashed, new)
    await visit.line.store.write(PutSecrets(visit.person.key, fresh, None, (), act))
    answer = visit.to("/enter")
    set_cookie(visit.request, answer, "")
    return answer


async def speak(visit: Visit) -> web.Response:
    """Choose the language of the screen, on this machine."""
    lang, then = named_only(visit.form, "lang", "then")
    answer = visit.to(_then(then))
    if lang in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, lang, path=BASE, samesite="Strict", max_age=31_536_000)
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


def _then(path: str) -> str:
    """Where to go next: only ever a path of our own."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


PAGES = (
    Page("GET", "", "console", home),
    Page("GET", "/", "console_home", home),
    Page("GET", "/enter", "console_enter", door, public=True),
    Page("POST", "/enter", "console_enter", enter, public=True),
    Page("POST", "/leave", "console_leave", leave),
    Page("GET", "/account", "console_account", account),
    Page("POST", "/account", "console_account", change_password),
    Page("POST", "/speak", "console_speak", speak, public=True),
    Page("GET", "/static/{name}", "console_static", static, public=True),
)
NOWHERE = Page("GET", "/{rest:.*}", "console_nowhere", nowhere, public=True)
"""Comes last."""
