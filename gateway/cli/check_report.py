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
    session: Session, parts: tuple[bytes, bytes], anchors: Sequence[bytes], place: str | None, vkey: str | None
) -> int:
    """Say what holds, step by step; the exit code. Refused(seal.*) where the seal does not."""
    if not anchors:
        raise Failed(session.say("say.check.report.no_anchor"), session.say("say.check.report.no_anchor_hint"))
    try:
        stated = open_report(*parts, anchors)
    except NoReportError as no:
        raise Failed(session.say(f"say.check.report.{no.fault}")) from no
    session.tell("say.check.report.sealed", origin=stated.origin, period=stated.span.written, at=stated.made_at)
    session.tell("say.check.report.same_page", name=stated.page_name)
    if place is None:
        _table(session, stated, {})
        session.tell("say.check.report.not_counted")
        return DONE
    if not stated.everybody:
        raise Failed(session.say("say.check.report.scoped"), session.say("say.check.report.scoped_hint"))
    if vkey is None:
        raise Failed(session.say("say.check.report.no_vkey"))
    with closing(source(session, place)) as read:
        _check_ledger(session, stated, read, NoteKey.parse(vkey))
        found = count_again(lambda: _entries(read, stated), stated.span, shipped_calendar())
    _table(session, stated, found)
    wrong = [one for one in found if found[one] != stated.totals[one]]
    session.tell("say.check.report.differs" if wrong else "say.check.report.holds", count=len(wrong))
    return FAILED if wrong else DONE


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
    session.tell("say.check.report.same_ledger", size=stated.size)


def _entries(read: LedgerSource, stated: Stated) -> Iterable[Entry]:
    for start in range(0, stated.counted, TILE_WIDTH):
        width = min(TILE_WIDTH, stated.size - start)
        bundle = unbundle(read(Resource(None, start // TILE_WIDTH, width)) or b"", width)
        yield from map(decode, bundle[: stated.counted - start])


def _table(session: Session, stated: Stated, found: dict[Measure, int]) -> None:
    """What was stated, and what was counted; nothing where it cannot be."""
    rows = [
        (session.say(f"console.overview.measure.{one}"), stated.totals[one], found.get(one, "–")) for one in MEASURES
    ]
    session.table(["say.column.figure", "say.column.stated", "say.column.counted_again"], rows)
    if found:
        session.note("say.check.report.uncounted", figure=session.say(f"console.overview.measure.{UNCOUNTED}"))
