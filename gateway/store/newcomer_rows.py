"""The rows of an admitted packet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from gateway.model.dispatch import Duplicate
from gateway.store.instants import micros
from gateway.store.newcomer import Newcomer
from gateway.store.schema import blobs, deliveries, dispatch_attachments, dispatches
from gateway.store.statements import Insertion
from gateway.store.timeline import EVENT

QUEUED = "queued"
"""The first status of a delivery, and the first event of its timeline."""

_BLOB = Insertion(blobs, "sha256", "size_bytes", "data", where_missing=True)
_DISPATCH = Insertion(
    dispatches,
    "id",
    "kind",
    "peer",
    "sender",
    "document_id",
    "business_type",
    "code",
    "packet_digest",
    "admitted_at",
    "ledger_index",
    "subject",
    "receipt_xml",
    "report_xml",
    "envelope",
    "promulgated_on",
    "due_on",
    "priority",
    "number_key",
    "duplicate_of",
    "duplicate_by",
)
_ATTACHMENT = Insertion(
    dispatch_attachments,
    "dispatch_id",
    "number",
    "content_id",
    "content_type",
    "name",
    "description",
    "sha256",
    "size_bytes",
    "wrapped",
)
_DELIVERY = Insertion(
    deliveries,
    "id",
    "dispatch_id",
    "ledger_index",
    "addressee",
    "addressed_as",
    "peer",
    "push",
    "status",
    "deadline_at",
    "next_attempt_at",
    "attempts",
    "sender",
    "due_on",
    "priority",
)


def insert(
    connection: Connection,
    new: Sequence[Newcomer],
    indexes: Mapping[str, int],
    duplicates: Mapping[str, Duplicate],
) -> None:
    """Insert packets with their deliveries; `indexes` of their entries and what they repeat, by dispatch id."""
    _BLOB.run(connection, [(one.sha256, one.size_bytes, one.data) for admit in new for one in admit.attachments])
    _DISPATCH.run(
        connection,
        [_dispatch_row(admit, indexes[admit.dispatch_id], duplicates.get(admit.dispatch_id)) for admit in new],
    )
    _ATTACHMENT.run(
        connection,
        [
            (
                admit.dispatch_id,
                number,
                one.content_id,
                one.content_type,
                one.name,
                one.description,
                one.sha256,
                one.size_bytes,
                one.wrapped,
            )
            for admit in new
            for number, one in enumerate(admit.attachments)
        ],
    )
    _DELIVERY.run(
        connection,
        [
            (
                one.id,
                admit.dispatch_id,
                indexes[admit.dispatch_id],
                one.addressee,
                one.addressed_as,
                one.peer,
                one.push,
                QUEUED,
                micros(one.deadline_at),
                micros(admit.admitted_at),
                0,
                admit.sender,
                admit.due_on.isoformat() if admit.due_on else None,
                admit.priority,
            )
            for admit in new
            for one in admit.deliveries
        ],
    )
    EVENT.run(
        connection,
        [
            (one.id, QUEUED, micros(admit.admitted_at), "", indexes[admit.dispatch_id])
            for admit in new
            for one in admit.deliveries
        ],
    )


def _dispatch_row(admit: Newcomer, ledger_index: int, of: Duplicate | None) -> tuple[Any, ...]:
    takes_number = of is None or of.by != "number"
    return (
        admit.dispatch_id,
        admit.kind.value,
        admit.peer,
        admit.sender,
        admit.document_id,
        admit.business_type,
        admit.code,
        admit.packet_digest,
        micros(admit.admitted_at),
        ledger_index,
        admit.subject,
        admit.receipt_xml,
        admit.report_xml,
        admit.envelope,
        admit.promulgated_on.isoformat() if admit.promulgated_on else None,
        admit.due_on.isoformat() if admit.due_on else None,
        admit.priority,
        admit.number if takes_number else None,
        of.dispatch_id if of else None,
        of.by if of else None,
    )
