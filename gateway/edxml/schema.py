"""Validation by schema: lxml decides, at 0.03 ms a packet; only on a refusal xmlschema explains."""

from __future__ import annotations

import threading
from enum import StrEnum
from pathlib import Path

from lxml import etree

from gateway.edxml.characters import check_characters
from gateway.edxml.explain import explain
from gateway.edxml.parse import Parsed
from gateway.model.refusal import Finding


class Profile(StrEnum):
    """What a packet is held against."""

    READ = "read"
    """What is accepted: any order, optional parts, the field's oddities."""
    STRICT = "strict"
    """What we emit."""


def schema_path(name: str) -> Path:
    """A published schema or profile by file name: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_schemas"
    return (inside if inside.is_dir() else package.parent / "schemas") / name


class _Schemas(threading.local):
    """One set of compiled schemas a thread: a shared one mixes the errors of two documents."""

    def __init__(self) -> None:
        self._compiled: dict[Profile, etree.XMLSchema] = {}

    def of(self, profile: Profile) -> etree.XMLSchema:
        if profile not in self._compiled:
            self._compiled[profile] = etree.XMLSchema(file=str(schema_path(f"edxml-{profile}.xsd")))
        return self._compiled[profile]


_schemas = _Schemas()


def validate(parsed: Parsed, profile: Profile = Profile.READ) -> tuple[Finding, ...]:
    """Faults of form a schema or a character rule finds: FORM_SCHEMA, FORM_CHARACTERS; empty where there is none.

    At most 20 of each, in document order, with path, line, and in plain words what was met and what was expected.
    """
    schema = _schemas.of(profile)
    characters = check_characters(parsed)
    if schema.validate(parsed.root):
        return characters
    return (*explain(parsed.root, schema_path(f"edxml-{profile}.xsd"), schema.error_log), *characters)
