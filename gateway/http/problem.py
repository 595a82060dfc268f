"""Every error, in one shape (RFC 9457): refusals, our own unavailability, what aiohttp objects to, and bugs.

Texts follow Accept-Language, Vietnamese by default. What may reveal something goes to the log, never to the peer. A
door whose callers know another shape marks its requests with a voice of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import hdrs, web
from msgspec import UNSET

from gateway.http.faults import fault_found
from gateway.http.logline import LOG, facts_of
from gateway.http.shapes import FindingShape, ProblemShape
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Unavailable, found
from gateway.model.words import LANGUAGES

MEDIA_TYPE = "application/problem+json"

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Voice:
    """How a door says no: the answer's status, body and content type. Everything else about a no is the same for
    all."""

    say: Callable[[web.BaseRequest, Finding, tuple[Finding, ...]], web.Response]


VOICE = web.RequestKey("voice", Voice)
"""The voice of the door a request came to; absent where that is the native API."""


def language(request: web.BaseRequest) -> str:
    """The language the caller prefers among ours; Vietnamese where it states none."""
    return preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def preferred(wishes: str) -> str:
    """The best of our languages in an Accept-Language header."""
    best, best_weight = LANGUAGES[0], 0.0
    for wish in wishes.split(",")[:16]:
        tag, _, parameter = wish.partition(";")
        name = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if name in LANGUAGES and weight > best_weight:
            best, best_weight = name, weight
    return best


def _weight(parameter: str) -> float:
    name, _, number = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0


def refusal(request: web.BaseRequest, no: Refused) -> web.Response:
    """The answer to a submission or request that is at fault, with every finding."""
    return _answer(request, no.finding, no.findings)


def unavailable(request: web.BaseRequest, no: Unavailable) -> web.Response:
    """The answer where we cannot now; Retry-After says when to come back."""
    facts_of(request).add(cause=no.cause)
    return _answer(request, Finding(no.reason), (), retry_after_s=no.retry_after_s)


def foreign(request: web.BaseRequest, no: web.HTTPException) -> web.Response:
    """What aiohttp raised by itself, in our shape."""
    match no:
        case web.HTTPNotFound():
            return _answer(request, found(Reason.NOT_FOUND), ())
        case web.HTTPMethodNotAllowed():
            finding = found(Reason.METHOD_NOT_ALLOWED, where=request.path, method=no.method)
            return _answer(request, finding, (), headers={hdrs.ALLOW: ", ".join(sorted(no.allowed_methods))})
        case web.HTTPRequestEntityTooLarge():
            return _answer(request, found(Reason.BODY_TOO_LARGE), ())
        case web.HTTPClientError():
            return malformed(request, fault_found(Reason.REQUEST_MALFORMED, "objection", what=no.reason))
        case _:
            return bug(request, no)


def malformed(request: web.BaseRequest, finding: Finding) -> web.Response:
    """The answer to a request that cannot be understood. The connection closes: what follows on it is not trusted."""
    answer = _answer(request, finding, ())
    answer.force_close()
    return answer


def bug(request: web.BaseRequest, error: BaseException) -> web.Response:
    """The last resort: the traceback to the log, an incident id to the peer, nothing more."""
    facts = facts_of(request)
    LOG.error("bug", request_id=facts.request_id, exc_info=error)
    return _answer(request, Finding(Reason.INTERNAL), ())


def _answer(
    request: web.BaseRequest,
    finding: Finding,
    findings: tuple[Finding, ...],
    retry_after_s: int | None = None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    reason = finding.reason
    facts_of(request).add(reason=reason.value)
    voice: Voice = request.get(VOICE, _PROBLEM)
    answer = voice.say(request, finding, findings)
    answer.headers[hdrs.CONTENT_LANGUAGE] = language(request)
    answer.headers.update(headers or {})
    if retry_after_s is not None:
        answer.headers[hdrs.RETRY_AFTER] = str(retry_after_s)
    if reason in _CLOSING or _never_asked_for(request):
        answer.force_close()
    return answer


def _never_asked_for(request: web.BaseRequest) -> bool:
    """Whether the caller still holds a body back (`Expect: 100-continue`): its next request would be read as that."""
    return hdrs.EXPECT in request.headers and not request.content.at_eof()


def _problem_details(request: web.BaseRequest, finding: Finding, findings: tuple[Finding, ...]) -> web.Response:
    lang, reason = language(request), finding.reason
    problem = ProblemShape(
        type=f"/v1/reasons/{reason}",
        title=finding.title(lang),
        status=reason.status,
        detail=finding.detail(lang),
        reason=reason,
        hint=finding.hint(lang),
        incident=facts_of(request).request_id,
        instance=request.path if request.path else UNSET,
        findings=tuple(FindingShape.of(one, lang) for one in findings),
    )
    answer = web.Response(body=_ENCODER.encode(problem), status=reason.status, content_type=MEDIA_TYPE)
    if reason is Reason.UNAUTHENTICATED:
        answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return answer


_PROBLEM = Voice(_problem_details)

_CLOSING = frozenset({Reason.BODY_TOO_SLOW, Reason.BODY_TRUNCATED, Reason.BODY_TOO_LARGE, Reason.INTERNAL})
"""After these the rest of the body is not worth reading."""


async def problems(
    request: web.BaseRequest, answering: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What `answering` gives; whatever it raises, as a problem. A caller that went away is not a fault of anybody."""
    try:
        return await answering()
    except ConnectionError:
        raise
    except Exception as error:
        answer = _problem(request, error)
        if request.writer.output_size > 0:  # half an answer is out: only a broken connection still tells the truth
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the answer could not be completed") from error
        return answer


def _problem(request: web.BaseRequest, error: Exception) -> web.Response:
    match error:
        case Refused():
            return refusal(request, error)
        case Unavailable():
            return unavailable(request, error)
        case web.HTTPException():
            return foreign(request, error)
        case _:
            return bug(request, error)
