"""What a peer's webhooks were told, for the peer itself: nothing is hidden from whoever missed it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from gateway.http.endpoints import JSON, Answer, Call, Endpoint, json_answer
from gateway.http.shapes import ChangeShape, Page
from gateway.store import queries
from gateway.store.queries.notices import NoticeState


class NoticesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which notices."""

    after: Annotated[
        str, Meta(pattern=r"^[0-9]{1,18}\.[0-9A-Z]{0,26}$", description="continue here: `next` of the page before")
    ] = "0."
    limit: Page = 100


class NoticeShape(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event on its way to one webhook."""

    webhook: str
    event_id: int
    change: ChangeShape
    state: NoticeState
    """`dead`: given up; the operator can have it posted again."""
    attempts: int
    recorded_at: datetime
    detail: str
    """What the last attempt ended with."""
    next_attempt_at: datetime | UnsetType = UNSET

    @classmethod
    def of(cls, row: queries.NoticeRow) -> NoticeShape:
        change = row.change
        return cls(
            row.webhook_id,
            change.id,
            ChangeShape(change.dispatch_id, change.delivery_id, change.event, change.at, change.addressee),
            row.state,
            row.attempts,
            row.recorded_at,
            row.detail,
            row.next_attempt_at or UNSET,
        )


class NoticesShape(msgspec.Struct, frozen=True):
    """A page of notices, in the order of events."""

    notices: tuple[NoticeShape, ...]
    next: str | None
    """Where the next page begins; null at the end."""


async def notices(call: Call[NoticesQuery]) -> web.StreamResponse:
    """The notices for this peer's webhooks that are in use."""
    query = call.query
    event_id, _, webhook = query.after.partition(".")
    after = (int(event_id), webhook)
    rows = await call.line.store.read(queries.notices_of_peer, call.peer.key, after, query.limit)
    behind = f"{rows[-1].change.id}.{rows[-1].webhook_id}" if len(rows) == query.limit else None
    return json_answer(NoticesShape(tuple(map(NoticeShape.of, rows)), behind))


NOTICE_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint(
        "GET", "/v1/notices", "listNotices", "List what this peer's webhooks were told, and what waits", notices,
        {200: Answer("A page of notices", {JSON: NoticesShape})}, NoticesQuery,
    ),
)  # fmt: skip
"""Beside the event stream, which carries the same changes."""
