"""Webhooks under the operator's hand: what endpoints were not told, and telling it again."""

from __future__ import annotations

from aiohttp import web

from gateway.exchange import bell
from gateway.exchange.acts import note, operator_act
from gateway.exchange.line import SALT_BYTES
from gateway.exchange.operating import REASON_CHARS_MAX, reason_given
from gateway.http.console.page import Page, Visit
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.queries import WebhookRow
from gateway.store.queries.notices import dead_notices
from gateway.store.queries.operations import acts_on
from gateway.store.webhooks import ReplayNotices

ROWS_MAX = 200


async def webhooks(visit: Visit) -> web.Response:
    """Every endpoint, those with trouble first."""
    rows = await visit.line.store.read(queries.webhooks)
    trouble = sorted(rows, key=lambda one: (one.removed_at is not None, -one.dead, -one.failures, one.id))
    return visit.show("operator_webhooks.html", rows=trouble, backlog=await visit.line.store.read(queries.backlog))


async def webhook(visit: Visit) -> web.Response:
    """One endpoint, and the notices it never took."""
    one = await _webhook(visit)
    return visit.show(
        "operator_webhook.html",
        one=one,
        dead=await visit.line.store.read(dead_notices, one.id, ROWS_MAX),
        acts=await visit.line.store.read(acts_on, (one.id,)),
        most=ROWS_MAX,
        reason_chars_max=REASON_CHARS_MAX,
    )


async def replay(visit: Visit) -> web.Response:
    """Post again what it never took: one notice, or all of them."""
    one, line = await _webhook(visit), visit.line
    reason, event = reason_given(visit.form.get("reason", "")), visit.form.get("event", "")
    if event and not (event.isascii() and event.isdecimal() and len(event) < 19):
        raise Refused(found(Reason.NOT_FOUND))
    salt, at = line.chance.randbytes(SALT_BYTES), line.clock()
    await note(line, operator_act(visit.actor, "webhook.replayed", one.id, reason, salt, at))
    await line.store.write(ReplayNotices(one.id, int(event) if event else None, at))
    line.bell.ring((bell.NOTICES,))
    return visit.to(f"/webhooks/{one.id}")


async def _webhook(visit: Visit) -> WebhookRow:
    for one in await visit.line.store.read(queries.webhooks):
        if one.id == visit.part("id"):
            return one
    raise Refused(found(Reason.NOT_FOUND))


PAGES = (
    Page("GET", "/webhooks", "console_webhooks", webhooks, (Role.OPERATOR,)),
    Page("GET", "/webhooks/{id}", "console_webhook", webhook, (Role.OPERATOR,)),
    Page("POST", "/webhooks/{id}/replay", "console_webhook_replay", replay, (Role.OPERATOR,)),
)
