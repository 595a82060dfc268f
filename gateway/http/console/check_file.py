"""Trying a packet before it is sent: what the door would say, with nothing recorded."""

from __future__ import annotations

from functools import partial

from aiohttp import hdrs, web

from gateway.exchange import desk
from gateway.http.console.clerk import CLERK
from gateway.http.console.findings import ReportTold
from gateway.http.console.page import Page, Visit
from gateway.http.console.upload import Upload
from gateway.http.submission import receive, under_way
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

OF_THE_FORM = {Reason.PERSON_NOT_ALLOWED, Reason.CONTENT_TYPE, Reason.REQUEST_MALFORMED}
"""What is wrong with the form rather than with the file."""


async def form(visit: Visit) -> web.Response:
    """Choose a file, or drop it."""
    return visit.show("clerk_check.html", report=None)


async def examined(visit: Visit) -> web.Response:
    """What was found in it."""
    request, line = visit.request, visit.line
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    try:
        with under_way(visit.doors, visit.person.key) as stay:
            upload = partial(Upload, content_type, visit.token, line.limits)
            received = await receive(request, visit.doors, stay, upload)
            report = ReportTold.of(await desk.examine(line, visit.person, received), visit.lang)
    except Refused as no:
        if no.reason in OF_THE_FORM:
            raise
        report = ReportTold.of_refusal(no, visit.lang)
    return visit.show("clerk_check.html", report=report)


PAGES = (
    Page("GET", "/check", "console_check", form, CLERK),
    Page("POST", "/check", "console_check", examined, CLERK, brings_file=True),
)
