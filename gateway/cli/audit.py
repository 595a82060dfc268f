"""`gateway audit`: what somebody outside can find out about a ledger, with nothing but its public key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gateway.cli.audit_monitor import Alarmed, Monitor
from gateway.cli.audit_source import LedgerSource, source
from gateway.cli.faults import DONE, FAILED
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verb, Verbs
from gateway.ledger import NoteKey, ProofError, decode, open_checkpoint
from gateway.ledger.cosignature import WitnessKey, check_quorum
from gateway.ledger.survey import survey
from gateway.ledger.tiles import Resource, unbundle

FLAWS_TOLD_MAX = 50


class _Audit(Verbs):
    elsewhere: Mapping[str, str] = {
        "replay": "audit_register",
        "search": "audit_search",
        "anomalies": "audit_search",
        "report": "audit_report",
        "renewal": "audit_renewal",
    }


@click.group("audit", cls=_Audit)
def audit() -> None:
    """Examine a ledger from outside."""


@audit.command(cls=Verb)
@click.argument("place")
@click.option("--vkey", "vkeys", required=True, multiple=True, envvar="GATEWAY_VKEY")
@click.option("--witness", "witnesses", multiple=True)
@click.option("--witnesses-required", "required", type=click.IntRange(min=0), default=0)
@click.option("--forms", is_flag=True)
@click.pass_obj
def verify(
    session: Session, place: str, vkeys: tuple[str, ...], witnesses: tuple[str, ...], required: int, forms: bool
) -> int:
    """Recompute the whole tree."""
    keys, known = _keys(vkeys), _witnesses(witnesses)
    with closing(source(session, place)) as read:
        return _verify(session, place, read, keys, known, required, forms=forms)


def _verify(
    session: Session,
    place: str,
    read: LedgerSource,
    keys: list[NoteKey],
    known: tuple[WitnessKey, ...],
    required: int,
    *,
    forms: bool,
) -> int:
    note = read.checkpoint()
    if note is None:
        raise Failed(session.say("say.audit.no_checkpoint", place=place), session.say("say.audit.no_place_hint"))
    checkpoint = open_checkpoint(note, *keys)
    cosigned = check_quorum(note, known, required)
    session.tell("say.audit.checkpoint", origin=checkpoint.origin, size=checkpoint.size)
    for witness, at in cosigned.items():
        session.tell("say.audit.cosigned", witness=witness.name, at=at)
    told = 0
    with _progress(session, checkpoint.size) as tell:
        for flaw in survey(checkpoint.size, checkpoint.root, read, tell):
            told += 1
            session.tell("say.audit.flaw", sentence=flaw.text(session.lang))
            if told == FLAWS_TOLD_MAX:
                break
    if forms and not told:
        told = _tell_forms(session, read, checkpoint.size)
    session.tell("say.audit.flawed" if told else "say.audit.sound", count=told, size=checkpoint.size)
    return FAILED if told else DONE


@audit.command(cls=Verb)
@click.argument("place")
@click.option("--vkey", "vkeys", required=True, multiple=True, envvar="GATEWAY_VKEY")
@click.option("--state", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--also", multiple=True)
@click.option("--witness", "witnesses", multiple=True)
@click.option("--witnesses-required", "required", type=click.IntRange(min=0), default=0)
@click.option("--stale-after", "stale_after_s", type=click.FloatRange(min=1), default=86_400.0, show_default=True)
@click.option("--every", "every_s", type=click.FloatRange(min=0.1), default=60.0, show_default=True)
@click.option("--once", is_flag=True)
@click.pass_obj
def monitor(
    session: Session,
    place: str,
    vkeys: tuple[str, ...],
    state: Path,
    also: tuple[str, ...],
    witnesses: tuple[str, ...],
    required: int,
    stale_after_s: float,
    every_s: float,
    once: bool,
) -> int:
    """Follow a ledger, remember, and shout."""
    watching = Monitor(
        _keys(vkeys), _witnesses(witnesses), required, source(session, place),
        tuple(source(session, one) for one in also), state, stale_after_s,
    )  # fmt: skip
    while True:
        now = datetime.now(UTC)
        try:
            seen = watching.look(now)
        except Alarmed as shout:
            for one in shout.alarms:
                session.report(one.text(session.lang), kind="say.audit.alarm")
            if shout.kept:
                session.note("say.audit.kept", path=shout.kept)
            if once or shout.final:
                return FAILED
        except (ProofError, OSError) as fault:
            said = fault.detail(session.lang) if isinstance(fault, ProofError) else fault
            session.report(session.say("say.audit.away", cause=said), kind="say.audit.alarm")
            if once:
                return FAILED
        else:
            session.tell("say.audit.seen", at=now, size=seen.checkpoint.size)
            if once:
                return DONE
        time.sleep(every_s)


def _keys(vkeys: tuple[str, ...]) -> list[NoteKey]:
    """Keys given as such, or as the name of a file that holds one a line."""
    lines = [
        line
        for one in vkeys
        for line in ([one] if "+" in one else Path(one).read_text(encoding="utf-8").splitlines())
        if line.strip()
    ]
    return [NoteKey.parse(line.strip()) for line in lines]


def _witnesses(vkeys: tuple[str, ...]) -> tuple[WitnessKey, ...]:
    return tuple(map(WitnessKey.parse, vkeys))


def _tell_forms(session: Session, read: LedgerSource, size: int) -> int:
    """Entries that are in the tree but not in the published form; how many were told."""
    told = 0
    for start in range(0, size, 256):
        resource = Resource(None, start // 256, min(256, size - start))
        for place, entry in enumerate(unbundle(read(resource) or b"", resource.width)):
            try:
                decode(entry)
            except ProofError as wrong:
                told += 1
                said = session.say("say.audit.entry", index=start + place, path=resource.path)
                session.tell("say.audit.flaw", sentence=f"{said} {wrong.detail(session.lang)}")
            if told == FLAWS_TOLD_MAX:
                return told
    return told


@contextmanager
def _progress(session: Session, size: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where that is a terminal; gives what moves it on by so many entries."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.err, disable=not session.err.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda entries: bar.update(task, advance=entries)
