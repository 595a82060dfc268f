"""Entering by the provider: going there, and coming back."""

from __future__ import annotations

from aiohttp import web

from gateway.exchange.provider_entrance import ProviderEntrance
from gateway.http.console import cookies
from gateway.http.console.page import Page, Visit
from gateway.http.console.way_in import show_door, way_to
from gateway.http.faults import fault
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Unavailable

RETURN = "/provider/return"


async def go(visit: Visit) -> web.Response:
    """To the provider. A form leads here, so nobody is sent by an address somebody else wrote."""
    then = way_to(visit.form.get("then", ""))
    try:
        address, cookie = await _provider(visit).begin(then, visit.address(RETURN))
    except Unavailable as no:
        return _not_let_in(visit, no, then)
    answer = web.Response(status=303, headers={"Location": address})
    cookies.QUESTION.give(visit.request, answer, cookie)
    return answer


async def come_back(visit: Visit) -> web.Response:
    """From the provider, with its answer in the address.

    The page that follows is asked for by a page of ours, not by this address: a browser sends the new cookie, which is
    for us alone (SameSite=Strict), only with what we ask for ourselves.
    """
    said = dict(visit.request.query)
    if len(said) != len(visit.request.query):
        raise fault(Reason.REQUEST_MALFORMED, "parameter_repeated")
    provider, brought = _provider(visit), cookies.QUESTION.read(visit.request)
    try:
        session, then = await provider.enter(brought, said, visit.address(RETURN), visit.browser.agent)
    except (Refused, Unavailable) as no:
        return _not_let_in(visit, no, "/")
    if visit.who is not None:
        await visit.entrance.leave(visit.who)
    answer = visit.show("entered.html", then=way_to(then))
    cookies.SESSION.give(visit.request, answer, session)
    cookies.QUESTION.give(visit.request, answer, "")
    return answer


def _provider(visit: Visit) -> ProviderEntrance:
    if visit.provider is None:
        raise web.HTTPNotFound
    return visit.provider


def _not_let_in(visit: Visit, no: Refused | Unavailable, then: str) -> web.Response:
    """The door again, with why. What exactly was wrong with an answer is for the log."""
    finding = no.finding if isinstance(no, Refused) else Finding(no.reason)
    cause = no.cause if isinstance(no, Unavailable) else dict(finding.values).get("what", "")
    visit.facts.add(reason=finding.reason.value, cause=cause)
    answer = show_door(visit, then, finding)
    if finding.reason is not Reason.PROVIDER_UNAVAILABLE:
        cookies.QUESTION.give(visit.request, answer, "")
    return answer


PAGES = (
    Page("POST", "/provider", "console_provider", go, public=True),
    Page("GET", RETURN, "console_provider_return", come_back, public=True),
)
