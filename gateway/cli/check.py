"""`gateway check`: what a case proves, offline, with nothing but the file and the ledger's public key."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.faults import DONE, FAILED
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.ledger import CaseReport, check_case


@click.command(cls=Verb)
@click.argument("case", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--vkey", required=True, envvar="GATEWAY_VKEY")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(session: Session, case: Path, vkey: str, as_json: bool) -> int:
    """Check a case file offline. `--vkey` may also name a file that holds the key."""
    key = Path(vkey).read_text(encoding="utf-8").strip() if "+" not in vkey else vkey
    report = check_case(case.read_bytes(), key)
    if as_json:
        session.show_json(_facts(report, session.lang))
    else:
        _tell(session, report)
    return DONE if report.holds else FAILED


def _tell(session: Session, report: CaseReport) -> None:
    for heading, statements in (("say.check.proven", report.proven), ("say.check.unproven", report.unproven)):
        if statements:
            session.tell(heading)
        for one in statements:
            session.tell("say.check.row", sentence=one.text(session.lang))
    if report.wrong:
        session.tell("say.check.wrong")
    for fault in report.wrong:
        member = fault.member or session.say("say.check.archive")
        session.tell("say.check.wrong_row", member=member, sentence=fault.text(session.lang))
    session.tell("say.check.holds" if report.holds else "say.check.fails")


def _facts(report: CaseReport, lang: str) -> dict[str, object]:
    return {
        "holds": report.holds,
        "proven": [{"code": one.code, "text": one.text(lang), **dict(one.values)} for one in report.proven],
        "unproven": [{"code": one.code, "text": one.text(lang)} for one in report.unproven],
        "wrong": [{"member": one.member, "fault": one.fault, "text": one.text(lang)} for one in report.wrong],
    }
