"""`gateway rules`: the rules of form, each with what it says, what to do, and the law behind it."""

from __future__ import annotations

import click

from gateway.cli.session import Session
from gateway.cli.spoken import Verbs
from gateway.rules.form_rules import Rule, form_rules


@click.group("rules", cls=Verbs)
def rules() -> None:
    """The rules of form."""


@rules.command("list")
@click.argument("query", default="")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_rules(session: Session, query: str, as_json: bool) -> None:
    """Every rule, or those that speak of something."""
    wanted = query.casefold()
    chosen = [one for one in form_rules() if wanted in _all_words(one, session.lang).casefold()]
    if as_json:
        session.show_json([_facts(one) for one in chosen])
        return
    rows = [
        (one.id, session.say(f"say.severity.{one.severity}"), one.finding[session.lang], one.law[session.lang])
        for one in chosen
    ]
    session.table([f"say.column.{name}" for name in ("rule", "severity", "meaning", "law")], rows)


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
