"""`gateway rules`: every rule, with what it says, what to do, and the law behind it; and what other rules would do."""

from __future__ import annotations

import click

from gateway.cli.reports import rules_impact
from gateway.cli.session import Session
from gateway.cli.spoken import Verbs
from gateway.model.reasons import Reason
from gateway.model.refusal import Severity
from gateway.model.words import LANGUAGES, text
from gateway.rules.form_rules import Rule, form_rules
from gateway.trust.pdf_findings import STRICT


@click.group("rules", cls=Verbs)
def rules() -> None:
    """What packets are held to."""


@rules.command("list")
@click.argument("query", default="")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_rules(session: Session, query: str, as_json: bool) -> None:
    """Every rule, or those that speak of something."""
    wanted = query.casefold()
    chosen = [one for one in every_rule() if wanted in _all_words(one, session.lang).casefold()]
    if as_json:
        session.show_json([_facts(one) for one in chosen])
        return
    rows = [
        (one.id, session.say(f"say.severity.{one.severity}"), one.finding[session.lang], one.law[session.lang])
        for one in chosen
    ]
    session.table([f"say.column.{name}" for name in ("rule", "severity", "meaning", "law")], rows)


rules.add_command(rules_impact)


def every_rule() -> tuple[Rule, ...]:
    """The rules of form by id, then every other reason to say something about a packet, in the order of the line."""
    others = (one for one in Reason if one.step in {2, 3, 4, 5} and one is not Reason.FORM_RULE)
    return (*form_rules(), *map(_of_reason, others))


def _of_reason(reason: Reason) -> Rule:
    group = "classified" if reason is Reason.AUTHORITY_CLASSIFIED else str(reason).split(".")[0]
    return Rule(
        str(reason),
        STRICT.get(reason, Severity.REFUSE),
        {lang: text(lang, f"law.{group}") for lang in LANGUAGES},
        {lang: text(lang, f"reason.{reason}.title") for lang in LANGUAGES},
        {lang: text(lang, f"reason.{reason}.hint") for lang in LANGUAGES},
        published=False,
    )


def _all_words(rule: Rule, lang: str) -> str:
    return " ".join((rule.id, rule.finding[lang], rule.advice[lang], rule.law[lang]))


def _facts(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "published": rule.published,
        "finding": rule.finding,
        "advice": rule.advice,
        "law": rule.law,
    }
