"""The one shape of errors, asserted in one place.

{"type": "/v1/reasons/<code>", "title": …, "status": …, "detail": …, "reason": "<code>", "hint": …, "incident": …,
 "instance": "<path>", "findings": [{"reason", "severity", "title", "detail", "hint", "path"?, "line"?}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.model.reasons import Reason

REQUIRED = {"type", "title", "status", "detail", "reason", "hint", "incident"}
ALLOWED = REQUIRED | {"instance", "findings"}
IN_A_FINDING = {"reason", "severity", "title", "detail", "hint"}


def assert_problem(answer: tuple[int, bytes, Mapping[str, str]], reason: Reason, lang: str = "vi") -> dict[str, Any]:
    """`answer` (status, body, headers) is a problem document for `reason`, whole and consistent."""
    status, body, headers = answer
    assert headers["Content-Type"].partition(";")[0] == "application/problem+json", (status, body)
    problem: dict[str, Any] = json.loads(body)
    assert set(problem) >= REQUIRED and set(problem) <= ALLOWED, problem
    assert problem["reason"] == reason.value, problem
    assert problem["status"] == status == reason.status
    assert problem["type"] == f"/v1/reasons/{reason}"
    assert headers["Content-Language"] == lang
    assert problem["title"] and problem["detail"] and problem["hint"]
    assert "{" not in problem["detail"], "a placeholder was not filled"
    assert headers["X-Request-Id"] == problem["incident"]
    assert "Traceback" not in body.decode() and "gateway/" not in body.decode()
    for finding in problem.get("findings", ()):
        assert set(finding) >= IN_A_FINDING and set(finding) <= IN_A_FINDING | {"path", "line"}
    if reason in {Reason.RATE_LIMITED, *(one for one in Reason if one.startswith("unavailable."))}:
        assert int(headers["Retry-After"]) >= 1
    return problem
