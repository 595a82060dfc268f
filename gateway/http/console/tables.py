"""What decides: versions of the authority table, which two people put in force together, and of the rules."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta

from aiohttp import web

from gateway.exchange import tables as acts
from gateway.exchange.operating import REASON_CHARS_MAX
from gateway.http.console.days import iso
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.calendar import local_day
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.rules.authority_table import AUTHORITY, shipped_table
from gateway.store import queries
from gateway.store.queries.operations import acts_on
from gateway.store.queries.rule_tables import rule_sets

RULE_SETS_SHOWN = 10


async def tables(visit: Visit) -> web.Response:
    """Every version, who stands behind it, and which decides now."""
    line = visit.line
    rows = await line.store.read(queries.tables)
    subjects = [f"{AUTHORITY}.{one.version}" for one in rows]
    entered = {(act.subject, act.action) for act in await line.store.read(acts_on, subjects)}
    return visit.show(
        "operator_tables.html",
        rows=[
            (one, hashlib.sha256(one.document).hexdigest(), *_entered(entered, one.version)) for one in reversed(rows)
        ],
        in_force=line.state.table.version,
        shipped=shipped_table().version,
        me=acts.signed_as(visit.actor),
        tomorrow=(local_day(visit.line.clock()) + timedelta(days=1)).isoformat(),
        rule_sets=await line.store.read(rule_sets, RULE_SETS_SHOWN),
        reason_chars_max=REASON_CHARS_MAX,
    )


def _entered(entered: set[tuple[str, str]], version: int) -> tuple[bool, bool]:
    """Whether who proposed it, and who approved it, had entered here; names given to the command are claims."""
    subject = f"{AUTHORITY}.{version}"
    return (subject, "table.proposed") in entered, (subject, "table.approved") in entered


async def propose(visit: Visit) -> web.Response:
    """Propose a version."""
    document = visit.form.get("document", "").replace("\r\n", "\n").strip() + "\n"
    day = _day(iso(visit.form.get("effective_from", "").strip()))
    await acts.propose(visit.line, visit.actor, document.encode(), day, visit.form.get("reason", ""))
    return visit.to("/tables")


async def approve(visit: Visit) -> web.Response:
    """Approve what somebody else proposed."""
    await acts.approve(visit.line, visit.actor, int(visit.part("version")), visit.form.get("reason", ""))
    return visit.to("/tables")


def _day(written: str) -> datetime:
    """The first instant of a day in Viet Nam. Refused(request.malformed)."""
    try:
        return datetime.combine(datetime.fromisoformat(written).date(), time(), VIET_NAM).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_day")) from wrong


PAGES = (
    Page("GET", "/tables", "console_tables", tables, (Role.OPERATOR,)),
    Page("POST", "/tables", "console_tables_propose", propose, (Role.OPERATOR,)),
    Page("POST", "/tables/{version:[0-9]{1,9}}/approve", "console_tables_approve", approve, (Role.OPERATOR,)),
)
