"""What the rules of form cost, run in every way that was considered: `python -m benchmarks.form_rules`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import saxonche
from lxml import etree, isoschematron

from gateway.edxml import Limits, parse, schema_path, validate
from gateway.rules.facts import FACT_RULES, Facts
from gateway.rules.form_rules import check_form_rules, form_schematron
from gateway.rules.policy import STRICT
from gateway.rules.schematron import SCH
from tests.rules.packets import AT, DIRECTORY, DOCUMENT, claim_of, skeleton
from tests.vectors.form_rules import VECTORS

ROUNDS = 60


def cost_ms(action: Callable[[], object], calls: int) -> float:
    """Milliseconds a call, the best of many rounds: what the work costs when nothing disturbs it."""
    action()
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(calls):
            action()
        best = min(best, (time.perf_counter() - started) / calls)
    return best * 1000


def main() -> None:
    xml = skeleton(DOCUMENT, {})
    parsed = parse(xml, Limits())
    claim = claim_of(parsed)
    flawed = parse(skeleton(DOCUMENT, {k: v for one in VECTORS[3:23] for k, v in one.refuses.items()}), Limits())
    path = schema_path("form.sch")
    schema = etree.parse(str(path))
    general = isoschematron.Schematron(schema)
    rules = form_schematron()
    print(f"a good packet of {len(xml)} bytes, {len(rules.assertions)} published rules, {len(FACT_RULES)} others")
    for name, action, calls in (
        ("parse", lambda: parse(xml, Limits()), 50),
        ("XSD and characters", lambda: validate(parsed), 50),
        ("published rules, one compiled pass", lambda: rules.failures(parsed.root), 50),
        ("rules about facts", lambda: [b for r in FACT_RULES for b in r.check(Facts(claim, DIRECTORY, AT))], 50),
        ("all rules of form", lambda: check_form_rules(parsed, claim, DIRECTORY, AT, STRICT), 50),
        ("one XPath a rule from Python", xpaths(schema, parsed.root), 5),
        ("lxml.isoschematron", lambda: general.validate(parsed.root), 1),
        ("the committee's XSLT on Saxon", saxon(path, xml), 5),
    ):
        print(f"{cost_ms(action, calls):9.3f} ms  {name}")
    count = len(rules.failures(flawed.root))
    more = cost_ms(lambda: rules.failures(flawed.root), 20) - cost_ms(lambda: rules.failures(parsed.root), 20)
    print(f"{more / count:9.3f} ms  more for each of {count} findings")


def xpaths(schema: etree._ElementTree, root: etree._Element) -> Callable[[], object]:
    """Every test as one compiled XPath over its context, variables put in place of their names."""
    namespaces = {one.get("prefix", ""): one.get("uri", "") for one in schema.iter(f"{{{SCH}}}ns")}
    shared = {let.get("name", ""): let.get("value", "") for let in schema.getroot().iterchildren(f"{{{SCH}}}let")}
    compiled = []
    for rule in schema.iter(f"{{{SCH}}}rule"):
        lets = dict(shared)
        for let in rule.iterchildren(f"{{{SCH}}}let"):
            lets[let.get("name", "")] = _spelled_out(let.get("value", ""), lets)
        context = etree.XPath(rule.get("context", ""), namespaces=namespaces)
        compiled += [
            (context, etree.XPath(f"boolean({_spelled_out(one.get('test', ''), lets)})", namespaces=namespaces))
            for one in rule.iterchildren(f"{{{SCH}}}assert")
        ]
    return lambda: [test(node) for context, test in compiled for node in context(root)]


def _spelled_out(expression: str, lets: dict[str, str]) -> str:
    for name in sorted(lets, key=len, reverse=True):
        expression = expression.replace(f"${name}", f"({lets[name]})")
    return expression


def saxon(path: Path, xml: bytes) -> Callable[[], object]:
    """The schema compiled by the committee's stylesheets, both run by Saxon."""
    skeleton_xsl = Path(isoschematron.__file__).parent / "resources/xsl/iso-schematron-xslt1/iso_svrl_for_xslt1.xsl"
    processor = saxonche.PySaxonProcessor(license=False)
    xslt = processor.new_xslt30_processor()
    compiler = xslt.compile_stylesheet(stylesheet_file=str(skeleton_xsl))
    validator = xslt.compile_stylesheet(stylesheet_text=compiler.transform_to_string(source_file=str(path)))
    node = processor.parse_xml(xml_text=etree.tostring(etree.fromstring(xml), encoding="unicode"))
    return lambda: validator.transform_to_string(xdm_node=node)


if __name__ == "__main__":
    main()
