"""Examining again what was examined: to show that the same versions give the same report, and what other rules would
have said. Nothing is recorded. This is the operator's work: attachments are read where it is called, as no door may do.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.edxml import PartWriter, Received, received
from gateway.exchange.line import Line
from gateway.ledger import ReportFacts, decode, facts_of, read_report, write_report
from gateway.ledger.case import seal_certificate
from gateway.model.agency import EMPTY, Directory, Peer
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Severity, found
from gateway.rules import Examination, Known, examine
from gateway.rules.authority_table import AUTHORITY, AuthorityTable, open_table, shipped_table
from gateway.rules.policy import Policy
from gateway.rules.version import rule_set
from gateway.store import queries
from gateway.store.past import Kept, kept, kept_since
from gateway.trust import verify_countersigned
from gateway.trust.pdf_findings import STRICT
from gateway.trust.revocation import RevocationSnapshot

PACKETS_PER_READ = 50
_PDF_REASONS = {str(reason): reason for reason in STRICT}


@dataclass(frozen=True, slots=True)
class Replay:
    """A report as it was sealed, and as it comes out now; both without their seals."""

    then: bytes
    now: bytes

    @property
    def same(self) -> bool:
        return self.then == self.now


@dataclass(frozen=True, slots=True)
class Fared:
    """How an admitted packet would have fared otherwise."""

    dispatch_id: str
    admitted_at: datetime
    sender: str
    refusing: tuple[Finding, ...]
    """What would have refused it."""


class MissingVersionError(Exception):
    """Something the report rested on is not at hand in that version. `what` names it, `wanted` its version."""

    def __init__(self, what: str, wanted: str) -> None:
        self.what, self.wanted = what, wanted
        super().__init__(f"{what} {wanted}")


async def replay(line: Line, dispatch_id: str, snapshot: RevocationSnapshot | None = None) -> Replay:
    """The examination of a dispatch, made again with all it rested on then: rules, directory, table, authorities,
    instant, revocation snapshot (`snapshot`, or the one the desk has now).

    Refused(request.not_found) where there is no such dispatch; MissingVersionError where something is not at hand.
    """
    packet = await line.store.read(kept, dispatch_id)
    if packet is None:
        raise Refused(found(Reason.NOT_FOUND))
    then, facts = await _report_of(line, packet)
    if facts.versions.rules != rule_set():
        raise MissingVersionError("rules", facts.versions.rules)
    if facts.versions.anchors != line.trust.digest:
        raise MissingVersionError("anchors", facts.versions.anchors)
    directory = await _directory(line, facts.versions.directory)
    peer = _peer(directory, facts)
    table = await _table(line, facts)
    held_to = table.policies.get(facts.policy or "")
    known = Known(directory, line.trust, line.limits, facts.examined_at, table, held_to)
    with _again(line, packet, facts) as packet_received:
        examination = examine(packet_received, peer, known)
        if facts.pdf is not None:
            desk, at_hand = line.pdf_desk, snapshot
            if desk is None or desk.anchors != facts.pdf.anchors:
                raise MissingVersionError("pdf_anchors", facts.pdf.anchors)
            at_hand = at_hand or desk.snapshot
            if at_hand.version != facts.pdf.snapshot:
                raise MissingVersionError("revocation", facts.pdf.snapshot)
            taken = replace(at_hand, taken_at=facts.pdf.snapshot_at)
            examination = await desk.check(examination, packet_received.parts, directory, taken)
    return Replay(then, write_report(facts_of(examination, peer.key, line.trust.digest)))


async def impact(
    line: Line, since: datetime, policy: Policy | None = None, table: AuthorityTable | None = None
) -> AsyncIterator[tuple[int, Fared | None]]:
    """Every packet admitted since an instant, examined again under another policy or table: its number, counted from 1,
    and how it would have fared, or None where the same. Its own directory and instant count.

    PDFs are not read again: what was found in them is judged by the other policy.
    """
    number, after, directory = 0, "", line.directory
    while rows := await line.store.read(kept_since, since, after, PACKETS_PER_READ):
        for packet in rows:
            number, after = number + 1, packet.dispatch_id
            _, facts = await _report_of(line, packet)
            directory = await _directory(line, facts.versions.directory, directory)
            known = Known(
                directory, line.trust, line.limits, facts.examined_at, table or await _table(line, facts), policy=policy
            )
            with _again(line, packet, facts) as packet_received:
                examination = examine(packet_received, _peer(directory, facts), known)
            refusing = (*_refusing(examination), *_refusing_pdfs(facts, examination.policy))
            yield number, Fared(packet.dispatch_id, facts.examined_at, packet.sender, refusing) if refusing else None


def _refusing(examination: Examination) -> tuple[Finding, ...]:
    return tuple(one for one in examination.findings if one.severity is Severity.REFUSE)


def _refusing_pdfs(facts: ReportFacts, policy: Policy | None) -> Iterator[Finding]:
    for one in facts.findings:
        reason = _PDF_REASONS.get(one.reason)
        if policy is not None and reason is not None and policy.severity(reason, STRICT[reason]) is Severity.REFUSE:
            yield found(reason, one.path or "", one.line, **{f"detail_{lang}": said for lang, said in one.text.items()})


async def _report_of(line: Line, packet: Kept) -> tuple[bytes, ReportFacts]:
    """The report without its seal, proven to be the one the ledger's acceptance names."""
    (entry,) = [decode(one) for one in await line.store.read(queries.entries, packet.ledger_index, 1)]
    certificate = seal_certificate(packet.report_xml, entry["gateway_certificate"])
    if certificate is None or hashlib.sha256(packet.report_xml).hexdigest() != entry["report"]:
        raise MissingVersionError("report", entry["report"])
    then = verify_countersigned(packet.report_xml, certificate)
    return then, read_report(then)


async def _directory(line: Line, version: int, known: Directory = EMPTY) -> Directory:
    """The directory at a version; what changed since an earlier one that is known is read, and nothing else."""
    for one in (line.directory, known):
        if one.version == version:
            return one
    directory = await line.store.read(queries.directory_at, version, known)
    if directory is None:
        raise MissingVersionError("directory", str(version))
    return directory


def _peer(directory: Directory, facts: ReportFacts) -> Peer:
    peer = directory.peer(facts.peer)
    if peer is None:
        raise MissingVersionError("directory", str(facts.versions.directory))
    return peer


async def _table(line: Line, facts: ReportFacts) -> AuthorityTable:
    """The authority table the report rested on: in force, shipped, or once approved. Its digest decides."""
    _, version, sha256 = next(one for one in facts.versions.tables if one[0] == AUTHORITY)
    for table in (line.state.table, shipped_table()):
        if table.sha256 == sha256:
            return table
    for row in await line.store.read(queries.tables):
        if (row.name, str(row.version)) == (AUTHORITY, version):
            table = open_table(row.document, row.certificate)
            if table.sha256 == sha256:
                return table
    raise MissingVersionError("table", f"{AUTHORITY} {version}")


@contextmanager
def _again(line: Line, packet: Kept, facts: ReportFacts) -> Iterator[Received]:
    """The packet as it was received, staged anew. Unavailable where an attachment is damaged on disk.

    How its base64 was typed is not kept: what an old signature covers is taken from the report.
    """
    parts, sinks = [], []
    try:
        for one in packet.attachments:
            sinks.append(line.blobs.stage())
            writer = PartWriter(line.limits, sinks[-1])
            for piece in line.blobs.reader(one)():
                writer.write(piece)
            parts.append(writer.finish())
        yield received(packet.envelope, parts, facts.envelope.digest if facts.envelope else None)
    finally:
        line.blobs.drop(sinks)
