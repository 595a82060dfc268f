"""Explaining a refusal by schema: where, what was met, what was expected, in the words of whoever must mend it.

lxml has decided already; its messages speak of facets and wildcards. xmlschema names the place and what would have
fitted, but takes thirty times as long, so it is asked only here and only about packets of ordinary size.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

import xmlschema
from lxml import etree
from xmlschema.validators import (
    XMLSchemaChildrenValidationError,
    XMLSchemaValidationError,
    XsdAttributeGroup,
    XsdElement,
    XsdEnumerationFacets,
    XsdGroup,
    XsdMaxLengthFacet,
    XsdMinLengthFacet,
    XsdPatternFacets,
)

from gateway.edxml.findings import explained, local_name, path_of
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding

FINDINGS_MAX = 20
EXPLAINED_ELEMENTS_MAX = 1_500
"""Beyond this many elements only lxml's places are told: explaining takes about 30 ms for a thousand."""


_ATTRIBUTE = re.compile(r"'([^']+)'")


class _Explainers(threading.local):
    def __init__(self) -> None:
        self._compiled: dict[Path, xmlschema.XMLSchema10] = {}

    def of(self, path: Path) -> xmlschema.XMLSchema10:
        if path not in self._compiled:
            self._compiled[path] = xmlschema.XMLSchema10(path, defuse="always", allow="local")
        return self._compiled[path]


_explainers = _Explainers()


def explain(root: etree._Element, schema: Path, errors: etree._ListErrorLog) -> tuple[Finding, ...]:
    """FORM_SCHEMA findings for a tree that does not fit the schema file, at most 20 and at least one."""
    findings: tuple[Finding, ...] = ()
    if sum(1 for _ in islice(root.iter(), EXPLAINED_ELEMENTS_MAX + 1)) <= EXPLAINED_ELEMENTS_MAX:
        findings = tuple(islice(_explanations(root, _explainers.of(schema)), FINDINGS_MAX))
    return findings or _places(errors)


def _explanations(root: etree._Element, schema: xmlschema.XMLSchema10) -> Iterator[Finding]:
    for error in schema.iter_errors(cast(xmlschema.aliases.ElementType, root)):
        element = error.elem if isinstance(error.elem, etree._Element) else root
        if isinstance(error, XMLSchemaChildrenValidationError):
            yield _child_finding(error, element)
        else:
            fault, values = _worded(error, element)
            yield _finding(fault, element, **values)


def _worded(error: XMLSchemaValidationError, element: etree._Element) -> tuple[str, dict[str, str]]:
    """Which fault of the catalogue an error is, and the values its sentence shows."""
    value, reason = (element.text or "").strip(), error.reason or ""
    match error.validator:
        case XsdMaxLengthFacet() as facet:
            return "too_long", {"limit": str(facet.value), "length": str(len(value))}
        case XsdMinLengthFacet():
            return "empty", {}
        case XsdEnumerationFacets() as facet:
            return "enumeration", {"value": value, "expected": ", ".join(map(str, facet.enumeration))}
        case XsdPatternFacets() as facet:
            return "pattern", {"value": value, "expected": " | ".join(str(one.get("value")) for one in facet)}
        case XsdAttributeGroup():
            named = _ATTRIBUTE.search(reason)
            fault = "attribute_missing" if "missing" in reason else "attribute_unexpected"
            return fault, {"attribute": named[1] if named else ""}
        case XsdElement() if len(element):
            return "child_in_text", {}
        case XsdGroup():
            return "stray_text", {}
        case xmlschema.XMLSchema10():
            return "root", {}
    return "other", {}


def _child_finding(error: XMLSchemaChildrenValidationError, parent: etree._Element) -> Finding:
    """A child missing, one too many, or one that does not belong there."""
    expected = ", ".join(local_name(one.name) for one in error.expected or () if one.name) or "–"
    child: object = error.invalid_child
    if not isinstance(child, etree._Element):
        return explained(Reason.FORM_SCHEMA, "missing", path_of(parent), parent.sourceline, name=expected)
    if any(one.tag == child.tag for one in child.itersiblings(preceding=True)):
        return _finding("twice", child)
    return _finding("unexpected", child, parent=local_name(parent.tag), expected=expected)


def _finding(fault: str, element: etree._Element, **values: str) -> Finding:
    name = local_name(element.tag)
    return explained(Reason.FORM_SCHEMA, fault, path_of(element), element.sourceline, name=name, **values)


def _places(errors: etree._ListErrorLog) -> tuple[Finding, ...]:
    """What lxml says: the lines."""
    lines = dict.fromkeys(error.line for error in errors)
    return tuple(explained(Reason.FORM_SCHEMA, "line", line=line) for line in islice(lines, FINDINGS_MAX))
