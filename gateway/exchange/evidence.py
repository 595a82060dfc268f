"""Evidence, on demand: made from the ledger when somebody first asks for it, then kept, the same bytes for everybody.

Admission pays nothing for it. Each party gets what concerns it: the sender of a dispatch everything, an addressee the
submission and its own delivery, a connected system the refusals it was told.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.exchange import register
from gateway.exchange.line import Line
from gateway.ledger import decode
from gateway.ledger.evidence import EvidenceFacts, Submission, evidence_of, write_evidence
from gateway.model.agency import Peer
from gateway.model.dispatch import Dispatch
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.store import KeepEvidence, queries
from gateway.store.queries import RefusalRow
from gateway.trust import countersign


async def of_dispatch(line: Line, peer: Peer, dispatch_id: str) -> tuple[EvidenceFacts, ...]:
    """What there is evidence of, as this peer may see it, in the ledger's order."""
    seen = await register.dispatch(line, peer, dispatch_id)
    return await facts_of(line, seen, register.indexes_of(seen))


async def facts_of(line: Line, seen: Dispatch, indexes: Collection[int]) -> tuple[EvidenceFacts, ...]:
    """Every evidence that the entries at these indexes give of a dispatch."""
    entries = await line.store.read(queries.entries_at, {seen.ledger_index, *indexes})
    submission = Submission.of(decode(entries[seen.ledger_index]))
    return tuple(
        facts
        for index, data in sorted(entries.items())
        if index in indexes
        for facts in evidence_of(line.notary.key.name, index, data, submission, _relayed(line, data))
        if facts.dispatch == seen.id  # what this packet says of another is evidence about that other
    )


async def document(line: Line, peer: Peer, dispatch_id: str, index: int, name: str) -> bytes:
    """One evidence of a dispatch, sealed. Not found where there is no such event that concerns this peer."""
    return await of_event(line, await register.dispatch(line, peer, dispatch_id), index, name)


async def of_event(line: Line, seen: Dispatch, index: int, name: str) -> bytes:
    """One evidence of a dispatch as somebody sees it, sealed; of any push that failed too. Not found where there is no
    such event."""
    known = {index} & {*register.indexes_of(seen, every_attempt=True)}
    for facts in await facts_of(line, seen, known):
        if facts.event == name:
            return await issue(line, facts)
    raise Refused(found(Reason.NOT_FOUND))


async def refusals(line: Line, peer: Peer, after: int, limit: int) -> tuple[RefusalRow, ...]:
    """What was refused to this peer, in the order it was recorded."""
    return await line.store.read(queries.refusals_of, peer.key, after, limit)


async def of_refusal(line: Line, peer: Peer, index: int) -> bytes:
    """The evidence of a refusal of this peer's, sealed."""
    if not await line.store.read(queries.was_refused, peer.key, index):
        raise Refused(found(Reason.NOT_FOUND))
    data = (await line.store.read(queries.entries_at, (index,)))[index]
    (facts,) = evidence_of(line.notary.key.name, index, data)
    return await issue(line, facts)


async def issue(line: Line, facts: EvidenceFacts) -> bytes:
    """The sealed evidence of these facts: as it was first issued, or issued now and kept."""
    kept = await line.store.read(queries.evidence_kept, facts.index, facts.event)
    if kept is not None:
        return kept
    at = line.clock()
    if not line.can_seal(at):
        raise Unavailable(Reason.KEY_UNAVAILABLE, retry_after_s=600, cause="our own certificate is not valid")
    xml = countersign(write_evidence(facts), line.signer, at)
    return await line.store.write(KeepEvidence(facts.index, facts.event, at, xml))


def _relayed(line: Line, data: bytes) -> bool:
    """Whether the addressee of an entry is served by another agency's hub, which carries packets on to it."""
    addressee = dict(decode(data).fields).get("addressee")
    agency = line.directory.agency(addressee) if addressee else None
    peer = line.directory.route(agency, line.clock()) if agency else None
    return agency is not None and peer is not None and all(grant.agency != agency.key for grant in peer.grants)
