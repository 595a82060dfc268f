"""Examination reports, read by a person; and examinations made again on the gateway's own register."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import config
from gateway.app import open_line
from gateway.cli.faults import DONE, FAILED
from gateway.cli.register import configured
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb
from gateway.exchange.replay import Fared, MissingVersionError, Replay, impact, replay
from gateway.ledger import ReportFacts, read_report
from gateway.ledger.examination import REPORT_BYTES_MAX
from gateway.ledger.note import unbase64
from gateway.model.pdf import (
    ByteFault,
    LaterChange,
    PathFault,
    PdfRole,
    Revocation,
    SignatureFault,
    TimeSource,
    Validity,
)
from gateway.model.refusal import Refused, Severity
from gateway.rules.authority_table import AuthorityTable, TableError, read_table
from gateway.rules.policy import POLICIES
from gateway.trust import read_certificate, verify_countersigned
from gateway.trust.revocation import RevocationSnapshot

_CERTIFICATE = re.compile(rb"X509Certificate>([A-Za-z0-9+/=]+)</")


def show_report(session: Session, path: Path) -> int:
    """What a report says, for a person. Refused, ProofError where it is none or its seal does not hold."""
    document = path.read_bytes()[: REPORT_BYTES_MAX + 1]
    seal = _CERTIFICATE.search(document)
    der = unbase64(seal[1]) if seal else None
    facts = read_report(document if der is None else verify_countersigned(document, der))
    session.tell(f"say.report.verdict.{facts.verdict}", at=facts.examined_at, peer=facts.peer)
    session.tell("say.report.packet", digest=facts.packet_digest)
    versions = facts.versions
    session.tell("say.report.versions", policy=facts.policy or "–", directory=versions.directory, rules=versions.rules)
    for name, version, _ in versions.tables:
        session.tell("say.report.table", name=name, version=version)
    _tell_findings(session, facts)
    if facts.envelope is not None:
        session.tell_words(facts.envelope.text(session.lang))
    _tell_pdfs(session, facts)
    if der is None:
        session.note("say.report.unsealed")
    else:
        certificate = read_certificate(der)
        session.note("say.report.sealed", subject=certificate.subject, sha256=certificate.sha256)
    return DONE


def _tell_findings(session: Session, facts: ReportFacts) -> None:
    session.tell(
        "say.report.findings",
        refused=len(facts.of_severity(Severity.REFUSE)),
        warned=len(facts.of_severity(Severity.WARN)),
    )
    for number, one in enumerate(facts.findings, start=1):
        place = " ".join(part for part in (f"{one.line}:" if one.line else "", one.path or "") if part)
        session.tell(
            "say.report.finding",
            number=number,
            severity=session.say(f"say.severity.{one.severity}"),
            code=one.rule or one.reason,
            place=place or "–",
            text=one.text[session.lang],
            advice=one.advice[session.lang],
        )


def _tell_pdfs(session: Session, facts: ReportFacts) -> None:
    if facts.pdf is None:
        session.tell("say.report.pdf.unchecked")
        return
    for file in facts.pdf.files:
        session.tell("say.report.pdf.file", content_id=file.content_id, count=len(file.signatures))
        if file.unwrapped:
            session.tell("say.report.pdf.unwrapped")
        for one in file.signatures:
            told = (name for name, values in _TOLD.items() if one.get(name) in values)
            said = "; ".join(session.say(f"say.report.pdf.{name}.{one[name]}") for name in told)
            session.tell("say.report.pdf.signature", signer=one["signer"], at=one["signedAt"], said=said)
    session.tell("say.report.pdf.snapshot", sha256=facts.pdf.snapshot, at=facts.pdf.snapshot_at or "–")


_TOLD: dict[str, set[str]] = {
    "role": set(PdfRole),
    "timeFrom": set(TimeSource),
    "bytes": {"intact", *ByteFault},
    "value": {"valid", *SignatureFault},
    "trustedBy": {"government", "national"},
    "pathFault": set(PathFault),
    "validity": set(Validity),
    "revocation": set(Revocation),
    "laterChange": set(LaterChange),
    "matches": {"true", "false"},
}
"""The facts of a signature that have words (`say.report.pdf.<fact>.<value>`), in the order they are told."""


def show_replay(session: Session, config_file: Path, dispatch: str, revocation: Path | None) -> int:
    """Whether the examination of a dispatch, made again, gives the same report."""
    try:
        outcome = asyncio.run(_replayed(config_file, dispatch, revocation))
    except MissingVersionError as missing:
        what = session.say(f"say.replay.missing.{missing.what}", wanted=missing.wanted)
        raise Failed(what, session.say("say.replay.missing_hint")) from missing
    if outcome.same:
        session.tell("say.replay.same", dispatch=dispatch, size=len(outcome.now))
        return DONE
    session.report(session.say("say.replay.different", dispatch=dispatch, place=_first_difference(outcome)))
    return FAILED


async def _replayed(config_file: Path, dispatch: str, revocation: Path | None) -> Replay:
    snapshot = None if revocation is None else RevocationSnapshot.load(revocation)
    async with open_line(config.load(config_file)) as line:
        return await replay(line, dispatch, snapshot)


def _first_difference(outcome: Replay) -> str:
    """Where the two part, with what stands there now."""
    pairs = zip(outcome.then, outcome.now, strict=False)
    place = next(
        (place for place, (old, new) in enumerate(pairs) if old != new), min(map(len, (outcome.then, outcome.now)))
    )
    return f"{place}: …{outcome.now[max(0, place - 20) : place + 40].decode(errors='replace')}…"


@click.command("impact", cls=Verb)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--policy", type=click.Choice(list(POLICIES)))
@click.option("--table", "table_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def rules_impact(
    session: Session, since: datetime, policy: str | None, table_file: Path | None, as_json: bool, config_file: Path
) -> None:
    """Which recent packets would have been refused under another policy or table."""
    if policy is None and table_file is None:
        raise click.UsageError(session.say("say.impact.which"))
    table = None if table_file is None else _table(session, table_file)
    try:
        total, fared = asyncio.run(_impact(config_file, since.replace(tzinfo=UTC), policy, table))
    except MissingVersionError as missing:
        what = session.say(f"say.replay.missing.{missing.what}", wanted=missing.wanted)
        raise Failed(what, session.say("say.replay.missing_hint")) from missing
    if as_json:
        session.show_json({"examined": total, "refused": [_facts(one, session.lang) for one in fared]})
        return
    rows = [
        (one.dispatch_id, one.admitted_at, one.sender, dict(finding.values).get("rule", finding.reason),
         finding.detail(session.lang))
        for one in fared for finding in one.refusing
    ]  # fmt: skip
    session.table([f"say.column.{name}" for name in ("dispatch", "since", "sender", "rule", "meaning")], rows)
    session.note("say.impact.count", total=total, refused=len(fared))


def _table(session: Session, path: Path) -> AuthorityTable:
    try:
        return read_table(path.read_bytes())
    except (TableError, Refused) as wrong:
        raise Failed(session.say("say.impact.no_table", file=path, cause=wrong)) from wrong


async def _impact(
    config_file: Path, since: datetime, policy: str | None, table: AuthorityTable | None
) -> tuple[int, list[Fared]]:
    total, fared = 0, []
    async with open_line(config.load(config_file)) as line:
        async for number, one in impact(line, since, POLICIES[policy] if policy else None, table):
            total = number
            fared += [one] if one else []
    return total, fared


def _facts(one: Fared, lang: str) -> dict[str, object]:
    findings = [
        {"reason": finding.reason, "rule": dict(finding.values).get("rule"), "detail": finding.detail(lang)}
        for finding in one.refusing
    ]
    return {
        "dispatch_id": one.dispatch_id, "admitted_at": one.admitted_at, "sender": one.sender, "findings": findings,
    }  # fmt: skip
