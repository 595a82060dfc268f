"""Explaining a refusal by schema: where, what was met, what was expected, in the words of whoever must mend it.

lxml has decided already; its messages speak of facets and wildcards. xmlschema names the place and what would have
fitted, but takes thirty times as long, so it is asked only here and only about packets of ordinary size. It is also
loaded only by the first refusal, in the functions below: 11 MB and 0.15 s that a gateway and most verbs never need.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from lxml import etree

from gateway.edxml.findings import explained, local_name, path_of
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding

FINDINGS_MAX = 20
EXPLAINED_ELEMENTS_MAX = 1_500
"""Beyond this many elements only lxml's places are told: explaining takes about 30 ms for a thousand."""

_ATTRIBUTE = re.compile(r"'([^']+)'")

Explanations = Callable[[etree._Element], Iterator[Finding]]
"""What a schema says of a tree that does not fit it."""


class _Explainers(threading.local):
    def __init__(self) -> None:
        self._compiled: dict[Path, Explanations] = {}

    def of(self, path: Path) -> Explanations:
        if path not in self._compiled:
            self._compiled[path] = _compiled(path)
        return self._compiled[path]


_explainers = _Explainers()


def explain(root: etree._Element, schema: Path, errors: etree._ListErrorLog) -> tuple[Finding, ...]:
    """FORM_SCHEMA findings for a tree that does not fit the schema file, at most 20 and at least one."""
    findings: tuple[Finding, ...] = ()
    if sum(1 for _ in islice(root.iter(), EXPLAINED_ELEMENTS_MAX + 1)) <= EXPLAINED_ELEMENTS_MAX:
        findings = tuple(islice(_explainers.of(schema)(root), FINDINGS_MAX))
    return findings or _places(errors)


def _compiled(path: Path) -> Explanations:
    from xmlschema import XMLSchema10
    from xmlschema.aliases import ElementType
    from xmlschema.validators import XMLSchemaChildrenValidationError

    schema = XMLSchema10(path, defuse="always", allow="local")

    def explanations(root: etree._Element) -> Iterator[Finding]:
        for error in schema.iter_errors(cast(ElementType, root)):
            element = error.elem if isinstance(error.elem, etree._Element) else root
            if isinstance(error, XMLSchemaChildrenValidationError):
                expected = [one.name for one in error.expected or () if one.name]
                yield _child_finding(element, error.invalid_child, expected)
            else:
                fault, values = _worded(error.validator, element, error.reason or "")
                yield _finding(fault, element, **values)

    return explanations


def _worded(validator: object, element: etree._Element, reason: str) -> tuple[str, dict[str, str]]:
    """Which fault of the catalogue it is that this part of the schema found, and the values its sentence shows."""
    from xmlschema import XMLSchema10
    from xmlschema.validators import (
        XsdAttributeGroup,
        XsdElement,
        XsdEnumerationFacets,
        XsdGroup,
        XsdMaxLengthFacet,
        XsdMinLengthFacet,
        XsdPatternFacets,
    )

    value = (element.text or "").strip()
    match validator:
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
        case XMLSchema10():
            return "root", {}
    return "other", {}


def _child_finding(parent: etree._Element, child: object, expected: Iterable[str]) -> Finding:
    """A child missing, one too many, or one that does not belong there."""
    names = ", ".join(map(local_name, expected)) or "–"
    if not isinstance(child, etree._Element):
        return explained(Reason.FORM_SCHEMA, "missing", path_of(parent), parent.sourceline, name=names)
    if any(one.tag == child.tag for one in child.itersiblings(preceding=True)):
        return _finding("twice", child)
    return _finding("unexpected", child, parent=local_name(parent.tag), expected=names)


def _finding(fault: str, element: etree._Element, **values: str) -> Finding:
    name = local_name(element.tag)
    return explained(Reason.FORM_SCHEMA, fault, path_of(element), element.sourceline, name=name, **values)


def _places(errors: etree._ListErrorLog) -> tuple[Finding, ...]:
    """What lxml says: the lines."""
    lines = dict.fromkeys(error.line for error in errors)
    return tuple(explained(Reason.FORM_SCHEMA, "line", line=line) for line in islice(lines, FINDINGS_MAX))
