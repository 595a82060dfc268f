"""The rules of form (thể thức): the whole table, and what a packet breaks of it.

Rules that need nothing but the packet are the published Schematron (`schemas/form.sch`) itself; rules that need the
directory, the clock or the attachments are functions (`rules/facts.py`). Both speak through the same finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from gateway.edxml import Parsed, schema_path
from gateway.model.agency import Directory
from gateway.model.packet import Claim
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Place, Severity
from gateway.model.words import LANGUAGES, text
from gateway.rules.facts import FACT_RULES, Breach, FactRule, Facts
from gateway.rules.policy import Policy
from gateway.rules.schematron import Failure, Schematron

GAP = "…"
"""Stands in a rule's general text for what a finding fills in."""

_SEVERITIES = {"error": Severity.REFUSE, "warning": Severity.WARN}
"""Roles of the Schematron."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table of rules. Mappings are by language ("vi", "en")."""

    id: str
    severity: Severity
    """Its own; a policy may change it."""
    law: Mapping[str, str]
    finding: Mapping[str, str]
    """What a breach says, with `…` for what is found in the packet."""
    advice: Mapping[str, str]
    published: bool
    """In the Schematron; else it needs the directory, the clock or the attachments."""


def check_form_rules(
    parsed: Parsed, claim: Claim, directory: Directory, at: datetime, policy: Policy
) -> tuple[Finding, ...]:
    """Every rule of form the packet breaks, as FORM_RULE, with the severity the policy gives it."""
    facts = Facts(claim, directory, at)
    return (
        *(_of_failure(failure, policy) for failure in form_schematron().failures(parsed.root)),
        *(_of_breach(rule, breach, policy) for rule in FACT_RULES for breach in rule.check(facts)),
    )


@cache
def form_schematron() -> Schematron:
    """The published rules, compiled."""
    return Schematron(schema_path("form.sch"))


@cache
def form_rules() -> tuple[Rule, ...]:
    """The whole table, by id."""
    published = (
        Rule(
            one.id,
            _SEVERITIES[one.role],
            one.law,
            {lang: one.finding[lang].filled((GAP,) * len(one.finding[lang].gaps)) for lang in LANGUAGES},
            {lang: one.advice[lang].filled((GAP,) * len(one.advice[lang].gaps)) for lang in LANGUAGES},
            published=True,
        )
        for one in form_schematron().assertions
    )
    return tuple(sorted((*published, *map(_fact_rule, FACT_RULES)), key=lambda rule: rule.id))


def _fact_rule(rule: FactRule) -> Rule:
    gaps = _Gaps()
    return Rule(
        rule.id,
        rule.severity,
        {lang: _said(lang, rule.id, "law", {}) for lang in LANGUAGES},
        {lang: _said(lang, rule.id, "finding", gaps) for lang in LANGUAGES},
        {lang: _said(lang, rule.id, "advice", gaps) for lang in LANGUAGES},
        published=False,
    )


class _Gaps(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return GAP


def _said(lang: str, rule: str, part: str, values: Mapping[str, str]) -> str:
    return text(lang, f"rule.{rule}.{part}").format_map(values)


def _of_failure(failure: Failure, policy: Policy) -> Finding:
    rule = failure.assertion
    place = Place(failure.path, failure.line)
    return _finding(rule.id, _SEVERITIES[rule.role], place, failure.finding, failure.advice, rule.law, policy)


def _of_breach(rule: FactRule, breach: Breach, policy: Policy) -> Finding:
    values = dict(breach.values)
    finding, advice, law = (
        {lang: _said(lang, rule.id, part, values) for lang in LANGUAGES} for part in ("finding", "advice", "law")
    )
    return _finding(rule.id, rule.severity, Place(breach.path), finding, advice, law, policy)


def _finding(
    rule: str,
    own: Severity,
    place: Place,
    finding: Mapping[str, str],
    advice: Mapping[str, str],
    law: Mapping[str, str],
    policy: Policy,
) -> Finding:
    details = tuple(
        (
            f"detail_{lang}",
            text(lang, "rule.detail", finding=finding[lang], advice=advice[lang], law=law[lang], rule=rule),
        )
        for lang in LANGUAGES
    )
    return Finding(Reason.FORM_RULE, place, (("rule", rule), *details), policy.severity(rule, own))
