"""`gateway check` of a sealed overview report: whose it is, of which page, and whether the ledger says the same."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from gateway.cli.audit_source import LedgerSource, source
from gateway.cli.faults import DONE, FAILED
from gateway.cli.session import Failed, Session
from gateway.exchange.overview_check import UNCOUNTED, NoReportError, Stated, count_again, open_report
from gateway.ledger import Entry, NoteKey, decode, open_checkpoint
from gateway.ledger.survey import survey
from gateway.ledger.tiles import Resource, unbundle
from gateway.ledger.tree import TILE_WIDTH
from gateway.model.activity import MEASURES, Measure
from gateway.model.calendar import shipped_calendar

SEAL = ".seal.xml"
PART_BYTES_MAX = 64 * 1024 * 1024


def parts_of(path: Path) -> tuple[bytes, bytes] | None:
    """Page and seal of a report: both in one archive, or the page's file and its seal's beside it; None where the file
    is something else."""
    beside = path.with_name(path.name + SEAL)
    if beside.is_file():
        return path.read_bytes(), beside.read_bytes()
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
        seals = [name for name in sizes if name.endswith(SEAL) and name.removesuffix(SEAL) in sizes]
        if len(seals) != 1 or max(sizes.values()) > PART_BYTES_MAX:
            return None
        return archive.read(seals[0].removesuffix(SEAL)), archive.read(seals[0])


def check_report(
    session: Session,
    parts: tuple[bytes, bytes],
    anchors: Sequence[bytes],
    place: str | None,
    vkey: str | None,
    *,
    as_json: bool,
) -> int:
    """Say what holds; the exit code. Refused(seal.*) where the seal does not."""
    if not anchors:
        raise Failed(session.say("say.check.report.no_anchor"), session.say("say.check.report.no_anchor_hint"))
    try:
        stated = open_report(*parts, anchors)
    except NoReportError as no:
        raise Failed(session.say(f"say.check.report.{no.fault}")) from no
    found = {} if place is None else _counted_again(session, stated, place, vkey)
    wrong = [one for one in found if found[one] != stated.totals[one]]
    if as_json:
        session.show_json(_facts(stated, found, wrong))
    else:
        _tell(session, stated, found, wrong)
    return FAILED if wrong else DONE


def _counted_again(session: Session, stated: Stated, place: str, vkey: str | None) -> dict[Measure, int]:
    """The figures as a copy of the ledger has them, once it is the ledger the report rests on."""
    if not stated.everybody:
        raise Failed(session.say("say.check.report.scoped"), session.say("say.check.report.scoped_hint"))
    if vkey is None:
        raise Failed(session.say("say.check.report.no_vkey"))
    with closing(source(session, place)) as read:
        _check_ledger(session, stated, read, NoteKey.parse(vkey))
        return count_again(lambda: _entries(read, stated), stated.span, shipped_calendar())


def _check_ledger(session: Session, stated: Stated, read: LedgerSource, key: NoteKey) -> None:
    """The copy is signed with this key, and its first entries are those the report rests on. ProofError, Failed."""
    note = read.checkpoint()
    if note is None:
        raise Failed(session.say("say.audit.no_checkpoint", place=""), session.say("say.audit.no_place_hint"))
    signed = open_checkpoint(note, key)
    if signed.size < stated.size:
        raise Failed(session.say("say.check.report.shorter", size=signed.size, needed=stated.size))
    for size, root in {(signed.size, signed.root), (stated.size, stated.root)}:
        for flaw in survey(size, root, read, lambda _: None):
            raise Failed(session.say("say.check.report.other_ledger", cause=flaw.text(session.lang)))


def _entries(read: LedgerSource, stated: Stated) -> Iterable[Entry]:
    for start in range(0, stated.counted, TILE_WIDTH):
        width = min(TILE_WIDTH, stated.size - start)
        bundle = unbundle(read(Resource(None, start // TILE_WIDTH, width)) or b"", width)
        yield from map(decode, bundle[: stated.counted - start])


def _tell(session: Session, stated: Stated, found: dict[Measure, int], wrong: Sequence[Measure]) -> None:
    """What was stated, and what was counted; nothing where it cannot be."""
    session.tell("say.check.report.sealed", origin=stated.origin, period=stated.span.written, at=stated.made_at)
    session.tell("say.check.report.same_page", name=stated.page_name)
    if found:
        session.tell("say.check.report.same_ledger", size=stated.size)
    rows = [
        (session.say(f"console.overview.measure.{one}"), stated.totals[one], found.get(one, "–")) for one in MEASURES
    ]
    session.table(["say.column.figure", "say.column.stated", "say.column.counted_again"], rows)
    if not found:
        session.tell("say.check.report.not_counted")
        return
    session.note("say.check.report.uncounted", figure=session.say(f"console.overview.measure.{UNCOUNTED}"))
    session.tell("say.check.report.differs" if wrong else "say.check.report.holds", count=len(wrong))


def _facts(stated: Stated, found: dict[Measure, int], wrong: Sequence[Measure]) -> dict[str, object]:
    return {
        "holds": not wrong,
        "counted_again": bool(found),
        "origin": stated.origin,
        "period": stated.span.written,
        "agency": stated.agency,
        "level": stated.level,
        "made_at": stated.made_at.isoformat(),
        "page": stated.page_name,
        "ledger": {"size": stated.size, "root": stated.root.hex()},
        "figures": [
            {"figure": str(one), "stated": stated.totals[one], "counted_again": found.get(one)} for one in MEASURES
        ],
    }
