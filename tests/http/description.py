"""The served OpenAPI document, as a judge of live answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from openapi_schema_validator import OAS31Validator


class Description:
    """An OpenAPI document; `check` validates an answer against it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def operations(self) -> set[tuple[str, str]]:
        return {(method.upper(), path) for path, item in self.document["paths"].items() for method in item}

    def check(self, method: str, path: str, answer: tuple[int, bytes, Mapping[str, str]]) -> Any:
        """The JSON of an answer whose status, media type and schema are the described ones."""
        status, body, headers = answer
        responses = self.document["paths"][path][method.lower()]["responses"]
        assert str(status) in responses, f"{method} {path} answers {status}, which is not described: {body!r}"
        content = responses[str(status)]["content"]
        media = headers["Content-Type"].partition(";")[0]
        assert media in content, f"{media} is not described for {method} {path} {status}"
        value = json.loads(body)
        root = {"components": self.document["components"], **content[media]["schema"]}
        OAS31Validator(root).validate(value)
        return value
