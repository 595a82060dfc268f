"""Schematron: a published schema of rules (`schemas/form.sch`), compiled once to one XSLT 1.0 pass over a packet.

What is published is what runs: the gateway has no second wording of these rules. The compiled pass writes only what
failed, so a packet without faults costs its tests and nothing else; a general Schematron processor also reports every
rule that fired, and costs several times as much (docs/form-rules.md).

Supported is what the schema uses: `ns`, schema and rule `let`, `pattern`, `rule`, `assert` with `role`, `see`,
`subject` and `diagnostics`, `value-of`. A rule's context is an absolute path: found by its steps, without a search
through the packet, and not to be led astray by elements of the same name elsewhere.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from gateway.edxml.findings import VALUE_CHARS_MAX, local_name, quoted

SCH = "http://purl.oclc.org/dsdl/schematron"
XSL = "http://www.w3.org/1999/XSL/Transform"

ELEMENTS_MAX = 1_000
FAILURES_MAX = 20
"""A rule looks at that many elements of a packet and speaks of that many: what is more was made to keep us busy."""

_TEXTS = (("", "vi"), (".sua", "vi"), (".en", "en"), (".fix", "en"))
"""Endings of a rule's texts: the finding (its assert's own text) and the advice, in Vietnamese and in English."""

_POSITION = f"""
<xsl:template xmlns:xsl="{XSL}" name="position">
  <at>
    <xsl:for-each select="ancestor-or-self::*">/<xsl:value-of select="count(preceding-sibling::*)"/></xsl:for-each>
  </at>
</xsl:template>"""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with gaps: `pieces` has one more than `gaps`, which are XPath expressions from the rule's context."""

    pieces: tuple[str, ...]
    gaps: tuple[str, ...] = ()

    def filled(self, values: tuple[str, ...]) -> str:
        """The sentence with one value a gap."""
        parts = [self.pieces[0]]
        for value, piece in zip(values, self.pieces[1:], strict=True):
            parts += [value, piece]
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Assertion:
    """One rule of the schema. Mappings are by language."""

    id: str
    role: str
    pattern: str
    """Title of its pattern."""
    law: Mapping[str, str]
    finding: Mapping[str, Sentence]
    advice: Mapping[str, Sentence]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All its texts, in the order in which the compiled pass writes their values."""
        return (self.finding["vi"], self.advice["vi"], self.finding["en"], self.advice["en"])


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that a packet breaks: at which element, and its texts with their gaps filled, by language."""

    assertion: Assertion
    path: str
    line: int | None
    finding: Mapping[str, str]
    advice: Mapping[str, str]


class Schematron:
    """A schema of rules, ready to run in any thread. KeyError or etree.XSLTParseError for a schema that is broken."""

    def __init__(self, path: Path) -> None:
        schema = etree.parse(str(path)).getroot()
        self.assertions = tuple(_assertions(schema))
        self._by_id = {one.id: one for one in self.assertions}
        self._stylesheet = etree.tostring(_stylesheet(schema, self._by_id))
        self._threads = threading.local()

    def failures(self, root: etree._Element) -> tuple[Failure, ...]:
        """Every rule the document breaks, in the order of the schema; at most 20 times each, once for an element."""
        hits = self._pass()(root).getroot()
        if not len(hits):
            return ()
        places = _Places(root)
        met = Counter[str]()
        failures = []
        for hit in hits:
            rule = hit.get("rule", "")
            met[rule] += 1
            if met[rule] <= FAILURES_MAX:
                failures.append(self._failure(places, hit))
        return tuple(failures)

    def _pass(self) -> etree.XSLT:
        """The compiled pass: one a thread, since libxslt keeps state in it."""
        compiled: etree.XSLT | None = getattr(self._threads, "compiled", None)
        if compiled is None:
            compiled = etree.XSLT(etree.fromstring(self._stylesheet), access_control=etree.XSLTAccessControl.DENY_ALL)
            self._threads.compiled = compiled
        return compiled

    def _failure(self, places: _Places, hit: etree._Element) -> Failure:
        assertion = self._by_id[hit.get("rule", "")]
        where, *found = (child.text or "" for child in hit)
        element, path = places.at(where.strip())
        values = [_shown(" ".join(value.split())) for value in found]
        texts = []
        for sentence in assertion.sentences:
            count = len(sentence.gaps)
            texts.append(sentence.filled(tuple(values[:count])))
            del values[:count]
        return Failure(
            assertion,
            path,
            element.sourceline,
            finding={"vi": texts[0], "en": texts[2]},
            advice={"vi": texts[1], "en": texts[3]},
        )


class _Places:
    """Elements and their paths by what the pass writes of them: `/0/2/1`, the number of each step among its siblings.

    Findings of one packet share most of their steps, so the children of an element are numbered once.
    """

    def __init__(self, root: etree._Element) -> None:
        self._below = {"": [(root, f"/{local_name(root.tag)}")]}

    def at(self, where: str) -> tuple[etree._Element, str]:
        before, _, number = where.rpartition("/")
        if before not in self._below:
            self._below[before] = _children(*self.at(before))
        return self._below[before][int(number)]


def _children(parent: etree._Element, path: str) -> list[tuple[etree._Element, str]]:
    """The element children with their paths, written as `edxml` writes them: [n] where a name stands more than once."""
    children = [child for child in parent if isinstance(child.tag, str)]
    tags = [str(child.tag) for child in children]
    twins, met = Counter(tags), Counter[str]()
    placed = []
    for child, tag in zip(children, tags, strict=True):
        met[tag] += 1
        position = f"[{met[tag]}]" if twins[tag] > 1 else ""
        placed.append((child, f"{path}/{_shown(local_name(tag))}{position}"))
    return placed


def _shown(value: str) -> str:
    """`quoted`, without its cost for what is short and harmless: nearly everything."""
    return value if len(value) <= VALUE_CHARS_MAX and value.isprintable() else quoted(value)


def _assertions(schema: etree._Element) -> Iterator[Assertion]:
    by_id = {element.get("id"): element for element in schema.iter(_sch("p"), _sch("diagnostic"))}
    for pattern in schema.iter(_sch("pattern")):
        title = _sentence(pattern[0]).pieces[0]
        for element in pattern.iter(_sch("assert")):
            rule, law = element.get("id", ""), element.get("see", "").removeprefix("#")
            texts = [_sentence(by_id[rule + ending] if ending else element) for ending, _ in _TEXTS]
            yield Assertion(
                id=rule,
                role=element.get("role", ""),
                pattern=title,
                law={"vi": _sentence(by_id[law]).pieces[0], "en": _sentence(by_id[f"{law}.en"]).pieces[0]},
                finding={"vi": texts[0], "en": texts[2]},
                advice={"vi": texts[1], "en": texts[3]},
            )


def _sentence(element: etree._Element) -> Sentence:
    pieces, gaps = [element.text or ""], []
    for value_of in element:
        gaps.append(value_of.get("select", ""))
        pieces.append(value_of.tail or "")
    pieces[0], pieces[-1] = pieces[0].lstrip(), pieces[-1].rstrip()
    if len(pieces) == 1:
        pieces = [pieces[0].strip()]
    return Sentence(tuple(pieces), tuple(gaps))


def _stylesheet(schema: etree._Element, assertions: Mapping[str, Assertion]) -> etree._Element:
    """The schema as a stylesheet whose output is `hits/hit[@rule]/at, v*`: the place, then the value of each gap."""
    namespaces = {one.get("prefix", ""): one.get("uri", "") for one in schema.iter(_sch("ns"))}
    sheet = etree.Element(_xsl("stylesheet"), {"version": "1.0"}, nsmap={"xsl": XSL, **namespaces})
    _variables(schema, sheet)
    sheet.append(etree.fromstring(_POSITION))
    hits = etree.SubElement(etree.SubElement(sheet, _xsl("template"), match="/"), "hits")
    for rule in schema.iter(_sch("rule")):
        each = etree.SubElement(hits, _xsl("for-each"), select=rule.get("context", ""))
        each = etree.SubElement(each, _xsl("if"), test=f"position() <= {ELEMENTS_MAX}")
        _variables(rule, each)
        # One test for all asserts of a rule comes first: nearly every packet keeps nearly every rule.
        kept = " and ".join(f"({element.get('test')})" for element in rule.iter(_sch("assert")))
        some = etree.SubElement(each, _xsl("if"), test=f"not({kept})")
        for element in rule.iter(_sch("assert")):
            broken = etree.SubElement(some, _xsl("if"), test=f"not({element.get('test')})")
            hit = etree.SubElement(broken, "hit", rule=element.get("id", ""))
            _place(hit, element.get("subject"))
            for sentence in assertions[element.get("id", "")].sentences:
                for gap in sentence.gaps:
                    etree.SubElement(etree.SubElement(hit, "v"), _xsl("value-of"), select=gap)
    return sheet


def _variables(element: etree._Element, target: etree._Element) -> None:
    for let in element.iterchildren(_sch("let")):
        etree.SubElement(target, _xsl("variable"), name=let.get("name", ""), select=let.get("value", ""))


def _place(hit: etree._Element, subject: str | None) -> None:
    """The subject's first element, or the context where there is no such element."""
    if subject:
        first = etree.SubElement(hit, _xsl("for-each"), select=f"({subject})[1]")
        etree.SubElement(first, _xsl("call-template"), name="position")
        hit = etree.SubElement(hit, _xsl("if"), test=f"not({subject})")
    etree.SubElement(hit, _xsl("call-template"), name="position")


def _sch(name: str) -> str:
    return f"{{{SCH}}}{name}"


def _xsl(name: str) -> str:
    return f"{{{XSL}}}{name}"
