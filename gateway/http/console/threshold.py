"""What every page has before its own work: who is asking, may they, and did the form come from a page of ours.

Errors leave here as pages too, in words, with the reason's title, what was met and what to do.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, quote

from aiohttp import hdrs, web

from gateway.exchange.entrance import Entrance, Inside, check_role
from gateway.exchange.provider_entrance import ProviderEntrance
from gateway.http.console import cookies
from gateway.http.console.page import BASE, FORM_BYTES_MAX, Page, Visit, form_token
from gateway.http.console.render import Pages
from gateway.http.endpoints import Doors
from gateway.http.faults import fault
from gateway.http.logline import LOG, facts_of
from gateway.http.problem import language
from gateway.http.public import origin_of
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Unavailable, found
from gateway.model.words import LANGUAGES

LIVE, AGAIN = "X-Live", "again"
"""What a page sends that fetches itself anew, by a script or (in its address) without one. Nobody asked for it, so it
keeps no session alive, nor does a stream."""
FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 200

POLICY: Final = (
    "default-src 'none'",
    "object-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
HEADERS: Final = {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def headers_with(provider: ProviderEntrance | None) -> Mapping[str, str]:
    """What every page says of itself to the browser. Forms lead to us and, on entering and leaving, to the provider."""
    forms = "form-action 'self'" + (f" {provider.provider.origin}" if provider else "")
    return {"Content-Security-Policy": "; ".join((*POLICY, forms)), **HEADERS}


def serving(
    page: Page, doors: Doors, entrance: Entrance, pages: Pages, provider: ProviderEntrance | None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The page as aiohttp calls it."""
    headers = headers_with(provider)

    async def serve(request: web.Request) -> web.StreamResponse:
        facts = facts_of(request)
        visit = Visit(request, doors, entrance, pages, facts, _language(request, None), None, provider=provider)
        try:
            cookie = cookies.SESSION.read(request)
            who = await entrance.inside(cookie, used=not _by_itself(page, request))
            visit = replace(visit, lang=_language(request, who), who=who)
            answer = await _answer(page, visit)
        except (Refused, Unavailable, web.HTTPException) as no:
            answer = _error(visit, no)
        except ConnectionError:
            raise
        except Exception as bug:
            LOG.error("bug", request_id=facts.request_id, exc_info=bug)
            answer = _error(visit, Refused(found(Reason.INTERNAL)))
        if not answer.prepared:
            answer.headers.update(headers)
        return answer

    return serve


def _by_itself(page: Page, request: web.Request) -> bool:
    return page.live or LIVE in request.headers or AGAIN in request.query


async def _answer(page: Page, visit: Visit) -> web.StreamResponse:
    try:
        return await _let(page, visit)
    except Refused as no:
        if visit.who is not None and (action := _refused_as(page, visit.who, no.reason)):
            await visit.entrance.refused(visit.who, action, page.name)
        raise


def _refused_as(page: Page, who: Inside, reason: Reason) -> str | None:
    """What the ledger calls a refusal to somebody inside; None for what no rule forbids: mistyped, or not there."""
    if reason is Reason.PERSON_NOT_ALLOWED:
        return "refused.form" if who.person.may(*page.roles) else "refused.role"
    return "refused.unknown" if reason is Reason.NOT_FOUND and page.method == "POST" else None


async def _let(page: Page, visit: Visit) -> web.StreamResponse:
    if visit.who is not None:
        visit.facts.add(person=visit.who.by[:16])
    if not page.public:
        if visit.who is None:
            return _ask_to_enter(page, visit)
        check_role(visit.who, *page.roles)
    if page.method != "POST":
        return await page.answering(visit)
    _check_origin(visit.request)
    if page.brings_file:
        return await page.answering(visit)
    form = await _read_form(visit)
    if visit.who is not None and not hmac.compare_digest(form.pop("token", ""), form_token(visit.who.session)):
        raise fault(Reason.PERSON_NOT_ALLOWED, "form_token")
    return await page.answering(replace(visit, form=form))


def _ask_to_enter(page: Page, visit: Visit) -> web.Response:
    """Whoever is not inside enters first, and then comes where they wanted."""
    if page.live:
        raise Refused(found(Reason.PERSON_NOT_LET_IN))
    wanted = visit.request.path_qs.removeprefix(BASE) if page.method == "GET" else "/"
    return visit.to(f"/enter?then={quote(wanted, safe='/')}")


def _check_origin(request: web.Request) -> None:
    """A form sent from another site is refused by what the browser says of it, before anything is read."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get(hdrs.ORIGIN)
    if site not in {"same-origin", "none"} or origin not in {None, origin_of(request)}:
        raise fault(Reason.PERSON_NOT_ALLOWED, "form_elsewhere")


async def _read_form(visit: Visit) -> dict[str, str]:
    """The fields of a form, each once. Repeated names are joined by spaces: boxes that were ticked."""
    request = visit.request
    if request.content_type != FORM:
        raise fault(Reason.CONTENT_TYPE, "content_type", written=request.content_type)
    body = await visit.doors.transfers.read_small(request, FORM_BYTES_MAX)
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as wrong:
        raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form") from wrong
    for name, value in pairs:
        fields[name] = f"{fields[name]} {value}" if name in fields else value
    return fields


def _language(request: web.Request, who: Inside | None) -> str:
    chosen = cookies.LANGUAGE.read(request)
    if chosen in LANGUAGES:
        return chosen
    return who.person.lang if who is not None else language(request)


def _error(visit: Visit, no: Refused | Unavailable | web.HTTPException) -> web.Response:
    match no:
        case Refused():
            finding = no.finding
        case Unavailable():
            visit.facts.add(cause=no.cause)
            finding = Finding(no.reason)
        case web.HTTPException():
            finding = found(Reason.NOT_FOUND if no.status == 404 else Reason.REQUEST_MALFORMED)
    visit.facts.add(reason=finding.reason.value)
    return visit.show("error.html", finding.reason.status, finding=finding, incident=visit.facts.request_id)


def named_only(fields: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """The values of these fields, nothing where one was not sent."""
    return tuple(fields.get(name, "") for name in names)
