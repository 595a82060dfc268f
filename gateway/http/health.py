"""What operators and their machines ask: is it alive, is it ready, what are the figures."""

from __future__ import annotations

import asyncio
import ipaddress

from aiohttp import web

from gateway.exchange.line import Line
from gateway.http.endpoints import Call, json_answer
from gateway.http.metrics import Metrics
from gateway.http.shapes import HealthShape, NoQuery, ReadinessShape
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.store import queries

ADVISORY = frozenset({"attachments", "blobs", "calendar", "mail", "timestamps", "webhooks", "witnesses"})
"""Trouble an operator must see and that stops no document."""
ANSWER_TIMEOUT_S = 2.0
"""A store that needs longer for one small read is not ready."""


async def alive(_: Call[NoQuery]) -> web.StreamResponse:
    """The process answers; nothing is asked of anything else, so a restart is never caused by a dependency."""
    return json_answer(HealthShape())


async def ready(call: Call[NoQuery]) -> web.StreamResponse:
    """200 while packets can be admitted, 503 while not; which dependency fails is named, why is in the log."""
    states = await dependencies(call.line)
    for name, usable in states.items():
        call.doors.metrics.ready.labels(name).set(usable)
    everything = all(usable for name, usable in states.items() if name not in ADVISORY)
    return json_answer(ReadinessShape(everything, states), status=200 if everything else 503)


async def dependencies(line: Line) -> dict[str, bool]:
    """Whether each thing that admission takes is usable."""
    refused: Reason | None = None
    try:
        line.check_ready()
    except Unavailable as no:
        refused = no.reason
    return {
        "accepting": refused not in {Reason.DRAINING, Reason.OVERLOADED},
        "store": refused is not Reason.STORE_UNAVAILABLE and await _store_answers(line),
        "ledger": refused is not Reason.LEDGER_UNAVAILABLE,
        "disk": refused is not Reason.DISK_FULL,
        "key": refused is not Reason.KEY_UNAVAILABLE,
        "attachments": not line.state.lost,
        "blobs": await _places_answer(line),
        **(_advice(line) if line.state.on_duty else {}),
    }


def _advice(line: Line) -> dict[str, bool]:
    """How the duties stand. Only the process that does them knows: another would call well what it has never seen, and
    one that did them once would repeat for ever what it saw last."""
    stamps = line.state.stamps
    advice = {} if stamps is None else {"timestamps": not stamps.late}
    if line.keeping.witnesses:
        advice["witnesses"] = all(one.away_since is None for one in line.keeping.standing.values())
    if (concerns := line.state.concerns) is not None:
        advice |= concerns.standing
    return advice


async def _store_answers(line: Line) -> bool:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await line.store.read(queries.directory_version)
    except (TimeoutError, Unavailable):
        return False
    return True


async def _places_answer(line: Line) -> bool:
    """Whether large attachments can be written and read; small ones go into the register, and go on."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return all([await place.answers() for place in line.blobs.places])
    except TimeoutError:
        return False


async def metrics(call: Call[NoQuery]) -> web.StreamResponse:
    """The figures, for the networks that may read them; for others there is nothing here."""
    if not _within(call.request.remote, call.doors.limits.metrics_networks):
        raise Refused(found(Reason.NOT_FOUND))
    line, figures = call.line, call.doors.metrics
    figures.places.set(call.doors.crowd.places.count)
    figures.attachments_lost.set(len(line.state.lost))
    figures.stood_down()
    if line.state.on_duty:
        _show_duties(line, figures)
    return web.Response(body=figures.text(), headers={"Content-Type": figures.content_type})


def _show_duties(line: Line, figures: Metrics) -> None:
    """How the duties stand, where this process does them."""
    if (stamps := line.state.stamps) is not None:
        figures.stamped(stamps.seconds(line.clock()), stamps.faults)
    for name, standing in line.keeping.standing.items():
        figures.witnessed(name, standing.cosigned, away=standing.away_since is not None)
    if (concerns := line.state.concerns) is not None:
        figures.told(concerns)


def _within(address: str | None, networks: tuple[str, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(network) for network in networks)
