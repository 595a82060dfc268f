"""Connected systems: who is let in by what, whether they answer; give a token, change it, shut one out."""

from __future__ import annotations

from collections import defaultdict

from aiohttp import web

from gateway.exchange import peers as acts
from gateway.exchange.axis_credential import PEER_KEY
from gateway.exchange.operating import REASON_CHARS_MAX
from gateway.http.axis import AXIS
from gateway.http.console.page import Page, Visit
from gateway.http.console.reach import Reached, reach
from gateway.model.agency import Peer
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.queries import Credential
from gateway.store.queries.operations import acts_on, last_taken

REACH_S = 5.0


async def peers(visit: Visit) -> web.Response:
    """Everybody who is or was connected."""
    held: defaultdict[str, list[Credential]] = defaultdict(list)
    for one in await visit.line.store.read(queries.credentials):
        if one.revoked_at is None:
            held[one.peer].append(one)
    line, written = visit.line, visit.asked("agency")
    agency = line.directory.agency(written) if written else None
    return visit.show(
        "operator_peers.html",
        rows=[(one, held[one.key]) for one in line.directory.peers],
        asked=written,
        agency=agency,
        route=line.directory.route(agency, line.clock()) if agency else None,
        taken_at=await line.store.read(last_taken, agency.key) if agency else None,
    )


async def peer(visit: Visit) -> web.Response:
    """One connected system."""
    return await _show(visit, _peer(visit))


async def give_token(visit: Visit) -> web.Response:
    """Give a token, shown this once; `alone`: those before stop working."""
    one = _peer(visit)
    alone = visit.part("how") == "rotate"
    token = await acts.issue(visit.line, visit.actor, one.key, visit.form.get("reason", ""), alone=alone)
    return await _show(visit, one, token=token)


async def give_axis(visit: Visit) -> web.Response:
    """Give an id and a secret of the axis dialect, shown this once; `alone`: those before stop working."""
    one, bases = _peer(visit), visit.request.app[AXIS].base_paths
    if not bases:
        raise Refused(found(Reason.NOT_FOUND))
    alone = visit.part("how") == "rotate"
    given = await acts.issue_axis(visit.line, visit.actor, one.key, visit.form.get("reason", ""), alone=alone)
    return await _show(visit, one, axis=(f"{visit.origin}{bases[0]}", given))


async def revoke(visit: Visit) -> web.Response:
    """Shut a system out, for good."""
    one = _peer(visit)
    if visit.form.get("key", "").strip() != one.key:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="not_that_peer", peer=one.key))
    await acts.revoke(visit.line, visit.actor, one.key, visit.form.get("reason", ""))
    return visit.to(f"/peers/{one.key}")


async def try_connection(visit: Visit) -> web.Response:
    """Ask the system's endpoint whether it is there; nothing is sent."""
    one = _peer(visit)
    if one.push_url is None:
        raise Refused(found(Reason.NOT_FOUND))
    return await _show(visit, one, reached=await reach(one.push_url, REACH_S))


async def _show(
    visit: Visit,
    one: Peer,
    token: str | None = None,
    axis: tuple[str, acts.AxisCredential] | None = None,
    reached: Reached | None = None,
) -> web.Response:
    held = [row for row in await visit.line.store.read(queries.credentials) if row.peer == one.key]
    return visit.show(
        "operator_peer.html",
        one=one,
        credentials=held,
        acts=await visit.line.store.read(acts_on, (one.key,)),
        token=token,
        axis=axis,
        speaks_axis=bool(visit.request.app[AXIS].base_paths and PEER_KEY.fullmatch(one.key)),
        reached=reached,
        reason_chars_max=REASON_CHARS_MAX,
    )


def _peer(visit: Visit) -> Peer:
    one = visit.line.directory.peer(visit.part("key"))
    if one is None:
        raise Refused(found(Reason.NOT_FOUND))
    return one


PAGES = (
    Page("GET", "/peers", "console_peers", peers, (Role.OPERATOR,)),
    Page("GET", "/peers/{key}", "console_peer", peer, (Role.OPERATOR,)),
    Page("POST", "/peers/{key}/token/{how:issue|rotate}", "console_peer_token", give_token, (Role.OPERATOR,)),
    Page("POST", "/peers/{key}/axis/{how:issue|rotate}", "console_peer_axis", give_axis, (Role.OPERATOR,)),
    Page("POST", "/peers/{key}/revoke", "console_peer_revoke", revoke, (Role.OPERATOR,)),
    Page("POST", "/peers/{key}/connection", "console_peer_connection", try_connection, (Role.OPERATOR,)),
)
