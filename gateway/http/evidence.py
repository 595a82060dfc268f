"""Evidence through the API: what there is evidence of, the sealed documents, what was refused, and the case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.exchange import evidence, proving
from gateway.exchange.acts import evidence_taken
from gateway.http.endpoints import JSON, XML, Answer, Call, Endpoint, bytes_answer, json_answer, plain
from gateway.http.shapes import NoQuery, Page
from gateway.ledger import MEDIA_TYPE
from gateway.ledger.evidence import EVENT_URI, EvidenceFacts
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.queries import RefusalRow

INDEX_DIGITS_MAX = 18
"""As an entry's number is written in the ledger; no index is longer."""


class EvidenceShape(msgspec.Struct, frozen=True):
    """One evidence there is, or will be when it is first asked for. `event` is a name of EN 319 522."""

    index: int
    """Of the ledger entry it rests on."""
    event: str
    event_id: str
    at: datetime
    recipients: tuple[str, ...]
    reason: str | None
    document: str
    """Address of the sealed XML."""

    @classmethod
    def of(cls, facts: EvidenceFacts) -> EvidenceShape:
        address = f"/v1/dispatches/{facts.dispatch}/evidence/{facts.index}/{facts.event}"
        event_id = f"{EVENT_URI}{facts.event}"
        return cls(facts.index, facts.event, event_id, facts.event_at, facts.recipients, facts.reason, address)


class EvidenceListShape(msgspec.Struct, frozen=True):
    """Every evidence of a dispatch that concerns this peer, in the ledger's order."""

    evidence: tuple[EvidenceShape, ...]


class RefusalsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was refused, from behind a number."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Page = 100


class ProofQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole case, or the event of one ledger entry alone."""

    event: Annotated[int, Meta(ge=0, lt=10**INDEX_DIGITS_MAX)] | None = None


class RefusalShape(msgspec.Struct, frozen=True):
    """A submission that was refused. `evidence` is null where a flood of refusals was only counted."""

    number: int
    at: datetime
    reason: str
    packet_digest: str | None
    ledger_index: int | None
    evidence: str | None

    @classmethod
    def of(cls, row: RefusalRow) -> RefusalShape:
        address = None if row.ledger_index is None else f"/v1/refusals/{row.ledger_index}/evidence"
        return cls(row.id, row.at, row.reason, row.packet_digest, row.ledger_index, address)


class RefusalsShape(msgspec.Struct, frozen=True):
    """A page of refusals; `next` continues after it."""

    refusals: tuple[RefusalShape, ...]
    next: int | None


async def listed(call: Call[NoQuery]) -> web.StreamResponse:
    """What there is evidence of."""
    ones = await evidence.of_dispatch(call.line, call.peer, call.part("dispatch_id"))
    return json_answer(EvidenceListShape(tuple(map(EvidenceShape.of, ones))))


async def document(call: Call[NoQuery]) -> web.StreamResponse:
    """One sealed evidence, the same bytes every time."""
    index, name = _index(call), call.part("name")
    dispatch_id = call.part("dispatch_id")
    xml = await evidence.document(call.line, call.peer, dispatch_id, index, name)
    await evidence_taken(call.line, call.peer, dispatch_id, "evidence")
    return bytes_answer(xml, XML, f"{index}-{name}.xml")


async def refusals(call: Call[RefusalsQuery]) -> web.StreamResponse:
    """What was refused to the caller."""
    rows = await evidence.refusals(call.line, call.peer, call.query.after, call.query.limit)
    shapes = tuple(map(RefusalShape.of, rows))
    return json_answer(RefusalsShape(shapes, shapes[-1].number if shapes else None))


async def refusal_document(call: Call[NoQuery]) -> web.StreamResponse:
    """The sealed evidence of one refusal."""
    index = _index(call)
    xml = await evidence.of_refusal(call.line, call.peer, index)
    return bytes_answer(xml, XML, f"{index}-SubmissionRejection.xml")


def _index(call: Call[NoQuery]) -> int:
    written = call.part("index")
    if len(written) > INDEX_DIGITS_MAX:
        raise Refused(found(Reason.NOT_FOUND))
    return int(written)


async def proof(call: Call[ProofQuery]) -> web.StreamResponse:
    """The case file: everything that proves this dispatch to somebody who trusts neither side; or one event alone."""
    dispatch_id, event = call.part("dispatch_id"), call.query.event
    if event is None:
        case = await proving.prove(call.line, call.peer, dispatch_id)
    else:
        case = await proving.prove_event(call.line, call.peer, dispatch_id, event)
    await evidence_taken(call.line, call.peer, dispatch_id, "case" if event is None else "event")
    return bytes_answer(case, MEDIA_TYPE, f"{dispatch_id}.case.asice")


_EVIDENCE = "/v1/dispatches/{dispatch_id:[0-9A-Za-z.]+}/evidence"
_INDEX = "{index:0|[1-9][0-9]*}"

ENDPOINTS = (
    Endpoint(
        "GET", "/v1/dispatches/{dispatch_id:[0-9A-Za-z.]+}/proof", "getProof",
        "Get the case file that proves a dispatch offline", proof,
        {200: Answer("An ASiC-E container of standard files", {MEDIA_TYPE: None})}, ProofQuery,
        refusals=(Reason.NOT_FOUND, Reason.LEDGER_UNAVAILABLE, Reason.KEY_UNAVAILABLE),
    ),
    plain(
        "GET", _EVIDENCE, "listEvidence", "List what there is evidence of (ETSI EN 319 522)", listed,
        {200: Answer("Events of this dispatch that concern the caller", {JSON: EvidenceListShape})},
        refusals=(Reason.NOT_FOUND,),
    ),
    plain(
        "GET", f"{_EVIDENCE}/{_INDEX}/{{name:[A-Za-z]+}}", "getEvidence", "Get one evidence, sealed", document,
        {200: Answer("The evidence", {XML: None})}, refusals=(Reason.NOT_FOUND, Reason.KEY_UNAVAILABLE),
    ),
    Endpoint(
        "GET", "/v1/refusals", "listRefusals", "List what was refused to the caller", refusals,
        {200: Answer("Refusals, oldest first", {JSON: RefusalsShape})}, RefusalsQuery,
    ),
    plain(
        "GET", f"/v1/refusals/{_INDEX}/evidence", "getRefusalEvidence", "Get the evidence of a refusal, sealed",
        refusal_document, {200: Answer("The evidence", {XML: None})},
        refusals=(Reason.NOT_FOUND, Reason.KEY_UNAVAILABLE),
    ),
)  # fmt: skip
"""The endpoints of evidence and proofs."""
