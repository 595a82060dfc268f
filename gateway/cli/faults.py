"""What went wrong, in words: every exception a verb may end in becomes a sentence, a hint and an exit code."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp
import click

from gateway.cli.session import Failed, Session
from gateway.client import Finding as ToldFinding
from gateway.client import Problem, TransferDamaged, Unreachable
from gateway.config import ConfigFault
from gateway.ledger import ProofError
from gateway.model.refusal import Finding, Refused, Severity, Unavailable
from gateway.model.words import text
from gateway.store import StoreNotice
from gateway.trust import KeyFileError
from gateway.trust.anchors import AnchorError

DONE, FAILED, MISUSE = 0, 1, 2

FILE_FAULTS = {
    errno.ENOENT: "say.fault.absent",
    errno.EEXIST: "say.fault.present",
    errno.EACCES: "say.fault.not_allowed",
    errno.EROFS: "say.fault.read_only",
    errno.ENOSPC: "say.fault.no_room",
}
"""What the system says about files, in words; anything else as the system says it."""


def explain(session: Session, fault: Exception, verbose: bool) -> int:
    """Say what happened on stderr; returns the exit code."""
    fault = alone(fault)
    if verbose and not isinstance(fault, click.ClickException):
        session.err.print("".join(traceback.format_exception(fault)))
    match fault:
        case click.UsageError():
            session.report(_misuse(session, fault), session.say("say.fault.see_help", command=_command(fault)))
            return MISUSE
        case click.Abort():
            session.report(session.say("say.fault.aborted"))
        case Failed():
            session.report(fault.what, fault.hint)
        case ConfigFault():
            session.report(fault.say(session.lang), fault.hint(session.lang))
        case KeyFileError():
            session.report(fault.text(session.lang))
        case StoreNotice():
            session.report(fault.message(session.lang))
        case AnchorError():
            session.report(session.say("say.fault.anchors", cause=fault), session.say("say.fault.anchors_hint"))
        case ProofError():
            session.report(fault.detail(session.lang))
        case Problem():
            _explain_problem(session, fault)
        case Unreachable():
            hint = "untrusted" if isinstance(fault.__cause__, aiohttp.ClientSSLError) else "unreachable"
            session.report(session.say("say.fault.unreachable", cause=fault), session.say(f"say.fault.{hint}_hint"))
        case TransferDamaged():
            session.report(session.say("say.fault.damaged", cause=fault), session.say("say.fault.damaged_hint"))
        case Refused():
            report_findings(session, fault.findings)
        case Unavailable():
            title, cause = text(session.lang, f"reason.{fault.reason}.title"), " ".join(str(fault.cause).split())
            session.report(f"{title} ({cause})" if cause else title, session.say("say.fault.unavailable_hint"))
        case OSError():
            where = f"{fault.filename}: " if fault.filename else ""
            code = fault.errno or 0  # where somebody of ours raised it, its words are better than the system's
            known = FILE_FAULTS.get(code) if fault.strerror == os.strerror(code) else None
            session.report(f"{where}{session.say(known) if known else fault.strerror or fault}")
        case _:
            session.report(
                session.say("say.fault.unexpected", kind=type(fault).__name__, what=fault),
                session.say("say.fault.run_verbose"),
            )
    return FAILED


def alone(fault: Exception) -> Exception:
    """The one fault in what a task group hands on, also where several tasks met it; a group of several as it is."""
    while isinstance(fault, ExceptionGroup) and len({repr(one) for one in fault.exceptions}) == 1:
        fault = fault.exceptions[0]
    return fault


def _explain_problem(session: Session, no: Problem) -> None:
    """A gateway's no: every finding it named, else the answer itself."""
    for finding in no.findings:
        session.report(told_words(finding, session.lang), finding.hint)
    if not no.findings:
        session.report(f"{no}{f' [{no.reason}]' if no.reason else ''}", no.hint)
    if no.incident and no.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        session.report(session.say("say.fault.incident", incident=no.incident))


def report_findings(session: Session, findings: Sequence[Finding]) -> None:
    """Every finding; a hint that several in a row share is given once, behind the last of them."""
    hints = [finding.hint(session.lang) for finding in findings]
    for finding, hint, following in zip(findings, hints, [*hints, ""][1:], strict=True):
        kind = "say.error" if finding.severity is Severity.REFUSE else "say.warning"
        session.report(finding_words(finding, session.lang), "" if hint == following else hint, kind)


def finding_words(finding: Finding, lang: str) -> str:
    """One finding on one line: what, where, and its stable code."""
    return _on_one_line(finding.detail(lang), finding.reason, finding.place.line, finding.place.path, lang)


def told_words(finding: ToldFinding, lang: str) -> str:
    """The same for a finding that a gateway told."""
    return _on_one_line(finding.detail, finding.reason, finding.line, finding.path, lang)


def _on_one_line(detail: str, reason: str, line: int | None, path: str | None, lang: str) -> str:
    parts = (text(lang, "say.fault.line", line=str(line)) if line else "", path)
    place = " ".join(part for part in parts if part)
    return f"{detail} [{reason}]{f' ({place})' if place else ''}"


def _command(fault: click.UsageError) -> str:
    return fault.ctx.command_path if fault.ctx else "gateway"


def _misuse(session: Session, fault: click.UsageError) -> str:
    """click's own refusals, said in the language of the run."""
    near = getattr(fault, "possibilities", None)
    meant = session.say("say.fault.meant", near=", ".join(near)) if near else ""
    match fault:
        case click.NoSuchOption():
            what = session.say("say.fault.no_such_option", name=fault.option_name)
        case click.exceptions.NoSuchCommand():
            what = session.say("say.fault.no_such_verb", name=fault.command_name)
        case click.MissingParameter():
            what = session.say("say.fault.missing", name=_parameter(fault))
        case click.BadParameter():
            what = session.say("say.fault.bad_value", name=_parameter(fault), what=_expected(session, fault))
        case _:
            what = session.say("say.fault.misuse", what=fault.format_message())
    return f"{what} {meant}".strip()


def _expected(session: Session, fault: click.BadParameter) -> str:
    """What the value should have been; click's own words only where it checks nothing."""
    match fault.param.type if fault.param else None:
        case click.Choice() as kind:
            return session.say("say.fault.choice", words=", ".join(map(str, kind.choices)))
        case click.IntRange() | click.FloatRange() as kind if kind.max is None:
            return session.say("say.fault.at_least", least=kind.min)
        case click.IntRange() | click.FloatRange() as kind:
            return session.say("say.fault.range", least=kind.min, most=kind.max)
        case click.types.IntParamType() | click.types.FloatParamType():
            return session.say("say.fault.number")
        case click.DateTime():
            return session.say("say.fault.day")
        case click.Path(file_okay=False):
            return session.say("say.fault.folder")
        case click.Path():
            return session.say("say.fault.file")
    return fault.message


def _parameter(fault: click.BadParameter) -> str:
    if fault.param is None or fault.ctx is None:
        return ""
    return fault.param.make_metavar(fault.ctx) if isinstance(fault.param, click.Argument) else fault.param.opts[-1]
