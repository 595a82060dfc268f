"""Retention: what may be destroyed by now, what is held, and destroying it with a certificate.

Nothing is destroyed before its period has ended, nothing without a period in the operator's table, and nothing that is
held. What reports on a document goes with it. Receipt, report, identifiers and digests stay, so every proof holds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway import edxml
from gateway.exchange import bell, sweeping
from gateway.exchange.acts import Actor, retention_act
from gateway.exchange.line import SALT_BYTES, Line
from gateway.ledger.destruction import DestroyedPart, DestructionFacts, write_destruction
from gateway.model.calendar import local_day
from gateway.model.dispatch import Kind
from gateway.model.packet import Document
from gateway.model.retention import Period, ends_on, period_of
from gateway.store.queries import retention as reading
from gateway.store.queries.retention import Content
from gateway.store.retention import Erase, Erasure, Hold, HoldVerdict, Release
from gateway.trust import countersign

CONTENTS_PER_READ = 200


@dataclass(frozen=True, slots=True)
class Due:
    """A document whose period has ended."""

    content: Content
    type: str
    period: Period
    kept_until: date


async def due(line: Line, periods: Sequence[Period], today: date) -> AsyncIterator[Due]:
    """Documents whose period ended before today, held ones too, in the order they came."""
    after = ""
    while rows := await line.store.read(reading.contents, after, CONTENTS_PER_READ):
        for content in rows:
            one = await asyncio.to_thread(_due, line, periods, content) if content.kind == Kind.DOCUMENT else None
            if one is not None and one.kept_until < today:
                yield one
        after = rows[-1].dispatch_id


def _due(line: Line, periods: Sequence[Period], content: Content) -> Due | None:
    said = edxml.read_header(edxml.parse(content.envelope, line.limits))
    assert isinstance(said, Document), "a dispatch of this kind holds a document"
    dated = content.promulgated_on
    day = date.fromisoformat(dated) if dated else local_day(content.admitted_at)
    kind = said.document_type.name or ""
    period = period_of(periods, kind, day)
    last = ends_on(period, day) if period else None
    return Due(content, kind, period, last) if period and last else None


async def hold(line: Line, actor: Actor, dispatch_id: str, reason: str) -> HoldVerdict:
    """Keep a dispatch whatever its period."""
    act = retention_act(actor, dispatch_id, "held", reason, line.chance.randbytes(SALT_BYTES), line.clock())
    return await _written(line, Hold(dispatch_id, act))


async def release(line: Line, actor: Actor, dispatch_id: str, reason: str) -> HoldVerdict:
    """Let the period of a dispatch decide again."""
    act = retention_act(actor, dispatch_id, "released", reason, line.chance.randbytes(SALT_BYTES), line.clock())
    return await _written(line, Release(dispatch_id, act))


async def _written(line: Line, operation: Hold | Release) -> HoldVerdict:
    verdict = await line.store.write(operation)
    line.bell.ring((bell.LEDGER,))
    return verdict


async def erase(line: Line, actor: Actor, one: Due, reason: str) -> HoldVerdict:
    """Destroy a document whose period has ended, and what reports on it: in one transaction, in which a hold that
    somebody set meanwhile, and a report that came meanwhile, is seen before anything is gone."""
    document = await _erasure(line, actor, one.content, one, reason)
    while True:
        erased = await line.store.write(Erase(document, await _reports(line, actor, one, reason)))
        if not erased.overtaken:
            break
    await sweeping.destroy(line, erased.unused)
    line.bell.ring((bell.LEDGER,))
    return erased.verdict


async def _reports(line: Line, actor: Actor, one: Due, reason: str) -> tuple[Erasure, ...]:
    """What reports on a document and is kept."""
    told = await line.store.read(reading.reports_on, one.content.dispatch_id)
    kept = await line.store.read(reading.contents_of, told)
    return tuple([await _erasure(line, actor, report, one, reason) for report in kept])


async def _erasure(line: Line, actor: Actor, content: Content, one: Due, reason: str) -> Erasure:
    at = line.clock()
    facts = await _facts(line, actor, content, one, at)
    certificate = await asyncio.to_thread(countersign, write_destruction(facts), line.signer, at)
    sha256 = hashlib.sha256(certificate).hexdigest()
    salt = line.chance.randbytes(SALT_BYTES)
    act = retention_act(actor, content.dispatch_id, "erased", reason, salt, at, sha256)
    return Erasure(content.dispatch_id, facts.envelope_sha256, facts.envelope_bytes, certificate, sha256, act)


async def _facts(line: Line, actor: Actor, content: Content, one: Due, at: datetime) -> DestructionFacts:
    parts = await line.store.read(reading.parts_kept, content.dispatch_id)
    return DestructionFacts(
        origin=line.notary.key.name,
        dispatch_id=content.dispatch_id,
        accepted_index=content.ledger_index,
        packet_digest=content.packet_digest,
        envelope_sha256=hashlib.sha256(content.envelope).hexdigest(),
        envelope_bytes=len(content.envelope),
        attachments=tuple(DestroyedPart(part.sha256, part.size_bytes, part.shared) for part in parts),
        kept_until=one.kept_until,
        basis=one.period.basis,
        by=actor.by,
        destroyed_at=at,
    )


async def sweep(line: Line) -> tuple[str, ...]:
    """Remove the content of what was erased before the gateway or the machine ended in the middle of it."""
    unused = await line.store.read(reading.unused_digests)
    return await sweeping.destroy(line, [one for one in unused if await line.blobs.size(one) is not None])
