"""The OpenAPI 3.1 document, made from the table of endpoints and the shapes of their bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway import __version__
from gateway.http.endpoints import Answer, Endpoint
from gateway.http.problem import MEDIA_TYPE
from gateway.http.shapes import NoQuery, ProblemShape
from gateway.model.reasons import Reason

REF = "#/components/schemas/{name}"

EVERYWHERE = (Reason.RATE_LIMITED, Reason.REQUEST_MALFORMED, Reason.CONTENT_ENCODING, Reason.INTERNAL)
"""Refusals any endpoint may give."""

_VARIABLE = re.compile(r"\{([a-z_]+)")


def document(endpoints: Iterable[Endpoint[Any]]) -> dict[str, Any]:
    """The whole document."""
    rows = tuple(endpoints)
    schemas, components = msgspec.json.schema_components(_shapes(rows), ref_template=REF)
    of = dict(zip(_shapes(rows), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(public_path(row.path), {})[row.method.lower()] = _operation(row, of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trục gateway",
            "version": __version__,
            "description": "Examines, seals, routes and proves official documents. Every error is a problem document.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
            },
        },
    }


def public_path(path: str) -> str:
    """A route's path without the patterns of its variable parts."""
    return re.sub(r"\{([a-z_]+):[^}]*\}", r"{\1}", path)


def _shapes(rows: tuple[Endpoint[Any], ...]) -> tuple[type[msgspec.Struct], ...]:
    used: dict[type[msgspec.Struct], None] = {ProblemShape: None}
    for row in rows:
        media = [row.body, *(answer.media for answer in row.answers.values())]
        used.update((shape, None) for one in media for shape in one.values() if shape is not None)
    return tuple(used)


def _operation(row: Endpoint[Any], of: Mapping[type[msgspec.Struct], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        "parameters": _parameters(row),
        "responses": {str(status): _answer(answer, of) for status, answer in row.answers.items()}
        | _problems(row, of[ProblemShape]),
        "security": [] if row.public else [{"token": []}, {"certificate": []}],
    }
    if row.body:
        operation["requestBody"] = {"required": True, "content": _content(row.body, of)}
    return operation


def _parameters(row: Endpoint[Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(row.path)
    ]
    parameters += [{"name": name, "in": "header", "schema": {"type": "string"}} for name in row.headers]
    if row.query is not NoQuery:
        (_,), components = msgspec.json.schema_components([row.query], ref_template=REF)
        query = components[row.query.__name__]
        parameters += [
            {"name": name, "in": "query", "required": name in query["required"], "schema": schema}
            for name, schema in query["properties"].items()
        ]
    return parameters


def _answer(answer: Answer, of: Mapping[type[msgspec.Struct], Any]) -> dict[str, Any]:
    return {"description": answer.description, "content": _content(answer.media, of)}


def _content(
    media: Mapping[str, type[msgspec.Struct] | None], of: Mapping[type[msgspec.Struct], Any]
) -> dict[str, Any]:
    return {name: {"schema": of[shape]} if shape is not None else {} for name, shape in media.items()}


def _problems(row: Endpoint[Any], problem: dict[str, Any]) -> dict[str, Any]:
    reasons: dict[int, list[Reason]] = {}
    own = () if row.public else (Reason.UNAUTHENTICATED,)
    for reason in sorted({*EVERYWHERE, *own, *row.refusals}, key=lambda one: one.precedence):
        reasons.setdefault(reason.status, []).append(reason)
    return {
        str(status): {
            "description": ", ".join(f"`{one}`" for one in several),
            "content": {MEDIA_TYPE: {"schema": problem}},
        }
        for status, several in sorted(reasons.items())
        if status not in row.answers
    }
