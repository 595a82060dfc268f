"""`gateway conformance`: the standard scenarios against a gateway, or trials for a client system."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric import ed25519

from gateway.cli.keys import write_new
from gateway.cli.session import Failed, Session, plain
from gateway.cli.spoken import Verbs
from gateway.conformance import Outcome, PartnersFault, Report, Result, load, play_all, report_note
from gateway.conformance.sandbox import Sandbox, sandbox
from gateway.conformance.scenarios import SCENARIOS
from gateway.conformance.settings import seated
from gateway.conformance.trials import TRIALS, hold_trials
from gateway.ledger import NoteKey, NoteSigner
from gateway.ledger.note import open_note
from gateway.trust import load_ed25519

FILE = click.Path(dir_okay=False, path_type=Path)
NAME = "conformance.invalid"
"""Name of a key that lives as long as one run."""


@click.group(cls=Verbs, invoke_without_command=True)
@click.option("--against")
@click.option("--partners", "partners_file", type=FILE, default=Path("partners.toml"), show_default=True)
@click.option("--only", multiple=True, type=click.Choice(sorted(SCENARIOS)))
@click.option("--within", "within_s", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--out", type=FILE)
@click.option("--key", "key_file", type=FILE)
@click.pass_context
def conformance(
    ctx: click.Context,
    against: str | None,
    partners_file: Path,
    only: tuple[str, ...],
    within_s: float,
    out: Path | None,
    key_file: Path | None,
) -> int | None:
    """Play the standard scenarios between partners through a gateway."""
    session = ctx.find_object(Session)
    assert session is not None, "every run has a session"
    if ctx.invoked_subcommand is not None:
        return None
    if not against:
        raise Failed(session.say("conformance.against_what"), session.say("conformance.against_what_hint"))
    chosen = {name: script for name, script in SCENARIOS.items() if not only or name in only}

    folder = partners_file.absolute().parent

    async def play() -> tuple[Result, ...]:
        async with seated(partners, against, folder, _now) as seats:
            return await play_all(chosen, seats, _now, within_s, min(1.0, within_s), lambda one: _tell(session, one))

    try:
        partners = load(partners_file)
    except PartnersFault as fault:
        raise Failed(str(fault), session.say("conformance.partners_hint")) from fault
    started_at = _now()
    return _conclude(session, Report(against, started_at, asyncio.run(play())), _notary(key_file), out)


@conformance.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8088, show_default=True)
@click.option("--out", type=FILE)
@click.pass_obj
def serve(session: Session, host: str, port: int, out: Path | None) -> int:
    """Open a sandbox gateway whose partner waits for a system to do each trial."""

    async def hold() -> tuple[Report, NoteSigner]:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with tempfile.TemporaryDirectory(prefix="truc-conformance-") as folder:
            async with sandbox(Path(folder), host, port, session.lang) as box:
                _introduce(session, box)
                started_at = _now()
                trials = hold_trials(box.partner, box.system, box.line, _now, stop, lambda one: _tell(session, one))
                results = await trials
                return Report(box.system.name, started_at, results), box.notary

    report, notary = asyncio.run(hold())
    return _conclude(session, report, notary, out)


@conformance.command()
@click.argument("report", type=FILE)
@click.option("--vkey", required=True)
@click.pass_obj
def verify(session: Session, report: Path, vkey: str) -> None:
    """Check who signed a report, and print it."""
    note = open_note(report.read_bytes(), [NoteKey.parse(vkey)])
    click.echo(note.text.decode(), nl=False)
    session.note("conformance.signed_by", name=note.signed_by[0].name)


@conformance.command(name="list")
@click.pass_obj
def list_(session: Session) -> None:
    """What is played, and what a client system is tried on."""
    for kind, names in (("scenario", SCENARIOS), ("trial", TRIALS)):
        rows = [(name, session.say(f"conformance.{kind}.{name}")) for name in names]
        session.table((f"conformance.column.{kind}", "conformance.column.what"), rows)


def _introduce(session: Session, box: Sandbox) -> None:
    session.tell("conformance.box", url=box.url, agency=box.system.agency, name=box.system.name)
    session.tell("conformance.box_axis", url=box.axis_url, system_id=box.axis.system_id, secret=box.axis.secret)
    session.tell("conformance.box_native", token=box.token)
    session.tell("conformance.box_partner", agency=box.partner.seat.agency, name=box.partner.seat.name)
    session.tell("conformance.box_vkey", vkey=box.vkey)
    rows = [(name, session.say(f"conformance.trial.{name}")) for name in TRIALS]
    session.table(("conformance.column.trial", "conformance.column.what"), rows)
    session.note("conformance.box_stop")


def _tell(session: Session, one: Result) -> None:
    """One line as soon as it is known."""
    mark = session.say(f"conformance.outcome.{one.outcome}")
    session.out.print(plain(f"{mark:<10} {one.scenario:<20} {one.by}{f'  {one.reason}' if one.reason else ''}"))


def _conclude(session: Session, report: Report, notary: NoteSigner, out: Path | None) -> int:
    passed, failed, not_run = (report.counts[one] for one in Outcome)
    session.tell("conformance.counts", passed=passed, failed=failed, not_run=not_run)
    if out is not None:
        write_new(out, report_note(report, notary), 0o644)
        session.note("conformance.written", path=out, vkey=notary.key.vkey)
    return 0 if report.passed else 1


def _notary(key_file: Path | None) -> NoteSigner:
    """The key in a file; a key of this run where none is named: its report says what came, and not who says so."""
    if key_file is not None:
        key = load_ed25519(key_file)
        return NoteSigner(NoteKey(NAME, key.public_bytes), key.sign)
    made = ed25519.Ed25519PrivateKey.generate()
    return NoteSigner(NoteKey(NAME, made.public_key().public_bytes_raw()), made.sign)


def _now() -> datetime:
    return datetime.now(UTC)
