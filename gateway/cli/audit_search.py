"""`gateway audit search` and `anomalies`: an auditor's questions to the gateway's own ledger and register."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import click

from gateway import config, edxml
from gateway.app import calendar_of
from gateway.cli.faults import DONE, FAILED
from gateway.cli.register import configured, opened
from gateway.cli.session import Session
from gateway.cli.spoken import Verb
from gateway.config import Config
from gateway.exchange.anomalies import Anomaly, anomalies
from gateway.ledger import Entry, EntryKind
from gateway.model.calendar import VIET_NAM
from gateway.model.refusal import Refused
from gateway.store import Store, queries
from gateway.store.queries import auditing
from gateway.store.queries.auditing import Span

_AGENCIES = ("sender", "addressee", "agency")
DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True)
class Asked:
    """What an entry must be to be found; None: whatever it is."""

    span: Span
    kinds: frozenset[str] = frozenset()
    dispatch: str | None = None
    agency: str | None = None
    peer: str | None = None
    document: str | None = None
    digests: frozenset[str] | None = None


def span_of(since: datetime | None, until: datetime | None, now: datetime) -> Span:
    """From the beginning of a day to the end of another, Viet Nam time."""
    first = since.replace(tzinfo=VIET_NAM) if since else datetime(1970, 1, 2, tzinfo=UTC)
    last = until.replace(tzinfo=VIET_NAM) + timedelta(days=1) if until else now + timedelta(days=1)
    return Span(first.astimezone(UTC), last.astimezone(UTC), now)


@click.command("search", cls=Verb)
@click.option("--dispatch")
@click.option("--document")
@click.option("--agency")
@click.option("--peer")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([one.value for one in EntryKind]))
@click.option("--from", "since", type=DAY)
@click.option("--until", type=DAY)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), default=1_000, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def audit_search(
    session: Session,
    dispatch: str | None,
    document: str | None,
    agency: str | None,
    peer: str | None,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    file: Path | None,
    limit: int,
    as_json: bool,
    config_file: Path,
) -> int:
    """Find ledger entries."""
    asked = Asked(span_of(since, until, datetime.now(UTC)), frozenset(kinds), dispatch, agency, peer, document)
    found = asyncio.run(_searched(config.load(config_file), asked, file, limit + 1))
    if as_json:
        session.show_json([_facts(index, entry) for index, entry in found[:limit]])
    else:
        for index, entry in found[:limit]:
            said = " ".join(f"{name}={value}" for name, value in entry.fields)
            session.tell_words(f"{index} {entry.at:%Y-%m-%dT%H:%M:%S.%fZ} {entry.kind} {said}")
        if not found:
            session.note("say.audit.found.none")
    if len(found) > limit:
        session.note("say.audit.found.more")
    return DONE if found else FAILED


def _facts(index: int, entry: Entry) -> dict[str, object]:
    return {"index": index, "kind": entry.kind.value, "at": entry.at.isoformat(), **dict(entry.fields)}


async def _searched(settings: Config, asked: Asked, file: Path | None, limit: int) -> list[tuple[int, Entry]]:
    async with opened(settings) as store:
        digests = None if file is None else await asyncio.to_thread(_digests, store, settings, file)

        def read(connection: queries.Connection) -> list[tuple[int, Entry]]:
            return list(islice(_matching(connection, asked, digests), limit))

        return await store.read(read)


def _digests(store: Store, settings: Config, file: Path) -> frozenset[str]:
    """The digest of a file's bytes, and of the packet in it where it is one."""
    with file.open("rb") as opened_file:
        digests = {hashlib.file_digest(opened_file, "sha256").hexdigest()}
    sinks = []

    def stage() -> edxml.Sink:
        sinks.append(store.blobs.stage())
        return sinks[-1]

    try:
        cutter = edxml.Cutter(settings.limits, stage)
        with file.open("rb") as opened_file:
            while data := opened_file.read(1 << 20):
                cutter.feed(data)
        digests.add(cutter.received().digest)
    except Refused:
        pass  # not a packet: its bytes may still be an attachment, a receipt or a report
    finally:
        store.blobs.drop(sinks)
    return frozenset(digests)


def _matching(
    connection: queries.Connection, asked: Asked, digests: frozenset[str] | None
) -> Iterator[tuple[int, Entry]]:
    """Entries of which everything asked is so."""
    tests: list[Callable[[dict[str, str]], bool]] = []
    if asked.dispatch is not None:
        tests.append(lambda said: asked.dispatch in (said.get("dispatch"), said.get("target"), said.get("of")))
    if asked.document is not None:
        of_document = auditing.dispatches_of_document(connection, asked.document)
        tests.append(lambda said: not of_document.isdisjoint({said.get("dispatch", ""), said.get("target", "")}))
    if asked.agency is not None:
        tests.append(lambda said: _names(said, asked.agency or ""))
    if asked.peer is not None:
        tests.append(lambda said: said.get("peer") == asked.peer)
    if digests is not None:
        holding = auditing.dispatches_of_bytes(connection, digests)
        tests.append(lambda said: said.get("dispatch") in holding or not digests.isdisjoint(said.values()))
    for index, entry in auditing.every_entry(connection):
        if asked.kinds and entry.kind.value not in asked.kinds:
            continue
        if asked.span.since <= entry.at < asked.span.until:
            said = dict(entry.fields)
            if all(test(said) for test in tests):
                yield index, entry


def _names(said: dict[str, str], agency: str) -> bool:
    return agency in {said.get(name) for name in _AGENCIES} or agency in said.get("addressees", "").split(" ")


@click.command("anomalies", cls=Verb)
@click.option("--from", "since", type=DAY)
@click.option("--until", type=DAY)
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def audit_anomalies(
    session: Session, since: datetime | None, until: datetime | None, as_json: bool, config_file: Path
) -> int:
    """What an auditor should look at."""
    settings = config.load(config_file)
    found = asyncio.run(_anomalies(settings, span_of(since, until, datetime.now(UTC))))
    if as_json:
        session.show_json(
            [
                {"kind": one.kind.value, "indexes": one.indexes, **one.values, "text": one.text(session.lang)}
                for one in found
            ]
        )
        return FAILED if found else DONE
    for one in found:
        indexes = ", ".join(map(str, one.indexes))
        session.tell("say.audit.anomaly.line", kind=one.kind.value, indexes=indexes, text=one.text(session.lang))
    if found:
        session.tell("say.audit.anomaly.count", count=len(found))
    else:
        session.tell("say.audit.anomaly.none")
    return FAILED if found else DONE


async def _anomalies(settings: Config, span: Span) -> list[Anomaly]:
    calendar = calendar_of(settings)
    async with opened(settings) as store:

        def read(connection: queries.Connection) -> list[Anomaly]:
            return list(anomalies(connection, calendar, span))

        return await store.read(read)
