"""The envelope of every answer: JSON, in ASCII alone, since the SDK reads some answers as US-ASCII.

An ErrorCode is the code of the Reason, as everywhere else (docs/reference/reasons.md); `0` is success.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from gateway.http.endpoints import JSON
from gateway.http.logline import facts_of
from gateway.http.problem import Voice, language
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding
from gateway.model.words import text

SUCCESS: Mapping[str, object] = {"status": "OK", "ErrorCode": "0", "ErrorDesc": "Success"}
FINDINGS_TOLD_MAX = 5


def written(value: object) -> bytes:
    """A value as JSON in ASCII."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def succeed(**members: object) -> web.Response:
    """The answer to an operation that was done; `members` are `data`, `DocId` or `count`."""
    return web.Response(body=written({**SUCCESS, **members}), content_type=JSON)


def around_data(quote: bytes = b"") -> tuple[bytes, bytes]:
    """What stands before and behind `data` in an answer that is too large to be made at once."""
    head = written({**SUCCESS, "data": None}).removesuffix(b"null}")
    return head + quote, quote + b"}"


def _fail(request: web.BaseRequest, finding: Finding, findings: tuple[Finding, ...]) -> web.Response:
    """A no. It always has a DocId, empty: without one the SDK makes nothing of an answer to sendEdoc."""
    lang, reason = language(request), finding.reason
    details = dict.fromkeys(one.detail(lang) for one in (finding, *findings))
    sentences = [*list(details)[:FINDINGS_TOLD_MAX], finding.hint(lang)]
    if reason is Reason.INTERNAL:
        sentences.append(text(lang, "axis.incident", id=facts_of(request).request_id))
    description = " ".join(f"{one.rstrip('.')}." for one in sentences)
    answer = {"status": "FAIL", "ErrorCode": reason.value, "ErrorDesc": description, "DocId": ""}
    return web.Response(body=written(answer), status=reason.status, content_type=JSON)


VOICE = Voice(_fail)
"""How the dialect says no: with the Reason's HTTP status, and a body that is never anything but this JSON."""
