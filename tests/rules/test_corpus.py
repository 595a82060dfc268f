"""Thirty papers of different types get what a careful clerk would say of them, and the manual shows three."""

from __future__ import annotations

import pytest

from gateway.edxml import validate
from gateway.model.refusal import Finding, Severity
from gateway.rules.form import check_form
from gateway.rules.form_rules import check_form_rules, form_rules
from gateway.rules.policy import STRICT, TRANSITION, Policy
from tests.house.source import TOP
from tests.rules.corpus import CORPUS, DIRECTORY, FLAWED, GOOD, Paper
from tests.rules.packets import AT, claim_of
from tests.rules.page import form_rules_page


def said(paper: Paper, policy: Policy) -> tuple[Finding, ...]:
    parsed = paper.parsed()
    return check_form_rules(parsed, claim_of(parsed), DIRECTORY, AT, policy)


def test_there_are_thirty_papers_of_many_types() -> None:
    assert len(CORPUS) == 30
    assert len({paper.name for paper in CORPUS}) == 30
    kinds = {getattr(paper.content, "document_type", None) for paper in GOOD}
    assert len({kind and kind.name for kind in kinds}) >= 12


@pytest.mark.parametrize("paper", CORPUS, ids=lambda paper: paper.name)
def test_a_paper_gets_what_a_careful_clerk_says_of_it(paper: Paper) -> None:
    parsed = paper.parsed()
    assert validate(parsed) == ()
    assert check_form(claim_of(parsed), 100, AT) == ()
    assert {dict(one.values)["rule"] for one in said(paper, STRICT)} == paper.says


@pytest.mark.parametrize("paper", FLAWED, ids=lambda paper: paper.name)
def test_the_strict_policy_refuses_what_the_decree_forbids_and_transition_what_does_harm(paper: Paper) -> None:
    own = {rule.id: rule.severity for rule in form_rules()}
    refused = {dict(one.values)["rule"] for one in said(paper, STRICT) if one.severity is Severity.REFUSE}
    assert refused == {rule for rule in paper.says if own[rule] is Severity.REFUSE}
    in_transition = {dict(one.values)["rule"] for one in said(paper, TRANSITION) if one.severity is Severity.REFUSE}
    assert in_transition <= {"TT-806"}


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    written = (TOP / "docs" / "form-rules.md").read_text(encoding="utf-8")
    assert written == form_rules_page(), "run: .venv/bin/python -m tests.rules.page"
