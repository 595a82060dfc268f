"""`gateway check`: what a case or a sealed report proves, with nothing but the file and the keys one trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.cli.check_report import check_report, parts_of
from gateway.cli.faults import DONE, FAILED
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.ledger import CaseReport, Known, check_case
from gateway.ledger.cosignature import WitnessKey

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Verb)
@click.argument("case", type=FILE)
@click.option("--vkey", envvar="GATEWAY_VKEY")
@click.option("--anchor", "anchor_files", type=FILE, multiple=True)
@click.option("--ledger", "place")
@click.option("--tsa-ca", "tsa_files", type=FILE, multiple=True)
@click.option("--witness", "witnesses", multiple=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(
    session: Session,
    case: Path,
    vkey: str | None,
    anchor_files: tuple[Path, ...],
    place: str | None,
    tsa_files: tuple[Path, ...],
    witnesses: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check a case file, or a sealed overview report, offline.

    `--vkey` and `--witness` may also name a file that holds the key."""
    if (parts := parts_of(case)) is not None:
        key = _key(vkey) if vkey else None
        return check_report(session, parts, _certificates(anchor_files), place, key, as_json=as_json)
    if vkey is None:
        raise click.MissingParameter(param=_parameter("vkey"), ctx=click.get_current_context())
    known = Known(_certificates(tsa_files), tuple(WitnessKey.parse(_key(one)) for one in witnesses))
    report = check_case(case.read_bytes(), _key(vkey), known)
    if as_json:
        session.show_json(_facts(report, session.lang))
    else:
        _tell(session, report)
    return DONE if report.holds else FAILED


def _certificates(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """DER of every certificate in PEM files."""
    return tuple(
        one.public_bytes(Encoding.DER) for path in paths for one in x509.load_pem_x509_certificates(path.read_bytes())
    )


def _parameter(name: str) -> click.Parameter:
    return next(one for one in check.params if one.name == name)


def _key(written: str) -> str:
    """A key, or what the file of that name holds."""
    return written if "+" in written else Path(written).read_text(encoding="utf-8").strip()


def _tell(session: Session, report: CaseReport) -> None:
    for heading, statements in (("say.check.proven", report.proven_in_short), ("say.check.unproven", report.unproven)):
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
