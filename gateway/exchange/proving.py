"""Proving: the case of a dispatch, whole for its parties, or one delivery's events for somebody who may see no more."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from gateway.exchange import bell, evidence, register
from gateway.exchange.key_record import SEAL
from gateway.exchange.line import Line
from gateway.ledger import Case, Entry, Papers, ProvenEntry, decode, read_report, write_case
from gateway.ledger.case import seal_certificate, sealed_beside
from gateway.ledger.evidence import WORDED
from gateway.ledger.page import bare
from gateway.model.agency import Peer
from gateway.model.dispatch import Dispatch
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.store import queries
from gateway.store.queries.retention import destroyed
from gateway.store.queries.witness import gateway_keys_of

PROOF_WAIT_S = 10.0
"""How long a proof waits for the checkpoint that covers its entries; integration takes well under a second."""
CASE_ATTACHMENTS_BYTES_MAX = 32 * 1024 * 1024
"""A case is made in memory; larger attachments are fetched as such and checked by their digest."""


async def prove(line: Line, peer: Peer, dispatch_id: str) -> bytes:
    """The case file of a dispatch: everything `gateway check` needs, in formats other programs verify."""
    return await prove_seen(line, await register.dispatch(line, peer, dispatch_id))


async def prove_seen(line: Line, seen: Dispatch) -> bytes:
    """The case file of a dispatch as far as somebody sees it: of deliveries that are not in `seen` it says nothing
    beyond the acceptance, which names every addressee."""
    at = _sealing_at(line)
    packet = await line.store.read(queries.packet, seen.id)
    gone = await line.store.read(destroyed, seen.id)
    indexes = register.indexes_of(seen) if gone is None else (*register.indexes_of(seen), gone.ledger_index)
    entries = await line.store.read(queries.entries_at, indexes)
    accept = decode(entries[seen.ledger_index])
    certificate = seal_certificate(packet.receipt_xml, accept["gateway_certificate"])
    assert certificate is not None, "a receipt carries the certificate its acceptance names"
    papers = Papers(
        receipt_xml=packet.receipt_xml,
        report_xml=packet.report_xml,
        gateway_certificate=certificate,
        envelope=packet.envelope if gone is None else None,
        attachments=await asyncio.to_thread(_small_attachments, line, packet.attachments),
        revocation=_revocation(line, packet.report_xml),
    )
    reasons = await _reasons(line, seen, {index: decode(data) for index, data in entries.items()})
    case = await _case(line, papers, seen, tuple(entries), reasons)
    return await asyncio.to_thread(write_case, case, line.signer, at)


async def prove_event(line: Line, peer: Peer, dispatch_id: str, index: int) -> bytes:
    """The case of one event, for a third party: that entry, its proof, its evidence, and nothing about anybody else.

    Refused(request.not_found) where the entry at `index` does not concern this dispatch and peer, and where it is not
    about one delivery alone: the acceptance names every addressee.
    """
    at = _sealing_at(line)
    seen = await register.dispatch(line, peer, dispatch_id)
    entries = await line.store.read(queries.entries_at, {index} & {*register.indexes_of(seen, every_attempt=True)})
    if index not in entries or "addressee" not in dict(decode(entries[index]).fields):
        raise Refused(found(Reason.NOT_FOUND))
    case = await _case(line, None, seen, (index,), {})
    return await asyncio.to_thread(write_case, case, line.signer, at)


def _sealing_at(line: Line) -> datetime:
    at = line.clock()
    if not line.can_seal(at):
        raise Unavailable(Reason.KEY_UNAVAILABLE, retry_after_s=600, cause="our own certificate is not valid")
    return at


async def _case(
    line: Line, papers: Papers | None, seen: Dispatch, indexes: tuple[int, ...], reasons: Mapping[int, bytes]
) -> Case:
    facts = await evidence.facts_of(line, seen, indexes)
    documents = {(one.index, str(one.event)): await evidence.issue(line, one) for one in facts}
    indexes += await _introductions(line, sealed_beside(papers, documents.values(), line.signer.certificate_der))
    checkpoint, stamp = await _checkpoint_covering(line, max(indexes))
    proven = await line.store.read(queries.proven_entries, tuple(sorted(indexes)), checkpoint.size)
    return Case(
        papers=papers,
        checkpoint=checkpoint.note,
        entries=[ProvenEntry(one.index, one.entry, one.steps) for one in proven],
        evidence=documents,
        reasons=reasons,
        stamp=stamp,
        cosigned=await line.store.read(queries.cosigned_note, checkpoint),
    )


async def _introductions(line: Line, certificates: Collection[bytes]) -> tuple[int, ...]:
    """Where the ledger says that the gateway seals with these certificates (DER)."""
    digests = {hashlib.sha256(der).hexdigest() for der in certificates}
    keys = await line.store.read(gateway_keys_of, SEAL)
    return tuple(one.ledger_index for one in keys if one.digest in digests)


async def _checkpoint_covering(line: Line, index: int) -> tuple[queries.SignedCheckpoint, bytes | None]:
    """The earliest checkpoint a third party stamped whose tree holds the entry at `index`, with the stamp; else the
    earliest that a witness cosigned; else the latest, once it covers the entry."""
    if (stamped := await line.store.read(queries.stamped_over, index)) is not None:
        return stamped.checkpoint, stamped.response
    if (cosigned := await line.store.read(queries.cosigned_over, index)) is not None:
        return cosigned, None
    deadline = line.clock().timestamp() + PROOF_WAIT_S
    while True:
        rung = line.bell.listen(bell.CHECKPOINT)
        checkpoint = await line.store.read(queries.checkpoint)
        if checkpoint is not None and checkpoint.size > index:
            rung.cancel()
            return checkpoint, None
        if line.clock().timestamp() > deadline:
            raise Unavailable(Reason.LEDGER_UNAVAILABLE, cause=f"no checkpoint covers entry {index} yet")
        await bell.wait(rung, line.rules.poll_s)


async def _reasons(line: Line, seen: Dispatch, entries: Mapping[int, Entry]) -> dict[int, bytes]:
    """Salt and words behind the digests the entries hold, where both are still kept."""
    digests = {index: one["reason"] for index, one in entries.items() if one.kind in WORDED}
    salts = await line.store.read(queries.salts_of, tuple(digests.values()))
    words = {step.ledger_index: step.detail for one in seen.deliveries for step in one.timeline}
    said = {index: salts[digest] + words[index].encode() for index, digest in digests.items() if digest in salts}
    said |= await line.store.read(queries.answers_said, tuple(digests))
    return {index: one for index, one in said.items() if hashlib.sha256(one).hexdigest() == digests[index]}


def _revocation(line: Line, report_xml: bytes) -> Mapping[str, bytes]:
    """What the verification of PDFs rested on, where the desk still has that very knowledge."""
    basis = read_report(bare(report_xml)).pdf
    if basis is None or line.pdf_desk is None or line.pdf_desk.snapshot.version != basis.snapshot:
        return {}
    answers = line.pdf_desk.snapshot.answers
    return answers if sum(map(len, answers.values())) <= CASE_ATTACHMENTS_BYTES_MAX // 2 else {}


def _small_attachments(line: Line, attachments: tuple[Attachment, ...]) -> tuple[bytes | None, ...]:
    """The attachments as long as they fit; the rest stay out, and the case states their digests."""
    room, enclosed = CASE_ATTACHMENTS_BYTES_MAX, []
    for one in attachments:
        room -= one.size_bytes
        enclosed.append(b"".join(line.blobs.reader(one)()) if room >= 0 else None)
    return tuple(enclosed)
