"""The directory under the operators' hands: its versions, what is proposed, and the second person who approves."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import hdrs, web

from gateway.exchange import directory_proposals as acts
from gateway.exchange.acts import operator_act
from gateway.exchange.directory_file import DirectoryFileError, Fault
from gateway.exchange.directory_proposals import ActOf, read_onto, subject
from gateway.exchange.line import SALT_BYTES
from gateway.exchange.operating import REASON_CHARS_MAX, reason_given
from gateway.exchange.tables import signed_as
from gateway.exchange.watch import refresh_directory
from gateway.http.console.file_form import FileForm
from gateway.http.console.page import Page, Visit
from gateway.model.agency import Agency
from gateway.model.directory_difference import AgencyChange
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.words import text
from gateway.store import queries
from gateway.store.queries.directory_proposals import agencies_version
from gateway.store.queries.operations import acts_on, queues

VERSIONS_SHOWN = 30
PROPOSALS_SHOWN = 20
AGENCIES_SHOWN = 200
FAULTS_SHOWN = 20
FILE_BYTES_MAX = 64 * 1024 * 1024
"""A country of 125,000 agencies has 15 MB."""


async def directory(visit: Visit) -> web.Response:
    """What is in force, what is proposed, and how it came to be."""
    return await _show(visit)


async def propose(visit: Visit) -> web.Response:
    """Propose what an uploaded file says."""
    line = visit.line
    await refresh_directory(line)
    with TemporaryDirectory(prefix="directory-") as folder, visit.doors.crowd.place(visit.person.key):
        try:
            agencies, reason = await _sent(visit, Path(folder))
        except DirectoryFileError as wrong:
            return await _show(visit, Reason.REQUEST_MALFORMED.status, wrong.faults)
    act_of = _act_of(visit, reason)
    number = await acts.propose(line.store, line.directory, agencies, signed_as(visit.actor), line.clock(), act_of)
    return visit.to(f"/directory/proposals/{number}")


async def _sent(visit: Visit, folder: Path) -> tuple[tuple[Agency, ...], str]:
    """The agencies there would be, and why. Raises DirectoryFileError, Refused."""
    request, transfers = visit.request, visit.doors.transfers
    content_type, path = request.headers.get(hdrs.CONTENT_TYPE, ""), folder / "sent"
    with path.open("wb") as sink:
        form = FileForm(content_type, visit.token, frozenset({"reason", "replacing"}), sink)
        await transfers.pour(request, visit.person.key, form, FILE_BYTES_MAX)
        fields = form.finish()
    reason = reason_given(fields.get("reason", ""))
    named = path.rename(path.with_suffix(".csv" if form.file_name.lower().endswith(".csv") else ".json"))
    read = partial(read_onto, visit.line.directory, named, replacing="replacing" in fields, sent_alone=True)
    return await asyncio.to_thread(read), reason


async def proposal(visit: Visit) -> web.Response:
    """One proposal: what it comes to, who loses deliveries, and the second person's decision."""
    line, number = visit.line, int(visit.part("number"))
    one = await line.store.read(queries.proposal, number)
    if one is None:
        raise Refused(found(Reason.NOT_FOUND))
    seen = await line.store.read(queries.proposed_difference, number)
    waiting = {queue.addressee: queue.queued + queue.held for queue in await line.store.read(queues)}
    return visit.show(
        "operator_proposal.html",
        one=one,
        changes=[(change, seen.of(change)) for change in AgencyChange],
        cut_off=[(lost, waiting.get(lost.key, 0)) for lost in seen.cut_off],
        outdated=one.outcome is None and await line.store.read(agencies_version) > one.base_version,
        me=signed_as(visit.actor),
        acts=await line.store.read(acts_on, (subject(one.number, one.sha256),)),
        most=AGENCIES_SHOWN,
        reason_chars_max=REASON_CHARS_MAX,
    )


async def decide(visit: Visit) -> web.Response:
    """Approve it, or turn it down."""
    line, number, me = visit.line, int(visit.part("number")), signed_as(visit.actor)
    act_of = _act_of(visit, reason_given(visit.form.get("reason", "")))
    if visit.part("decision") == "approve":
        await refresh_directory(line)
        await acts.approve(line.store, line.directory, number, me, line.clock(), act_of)
        await refresh_directory(line)
    else:
        await acts.reject(line.store, number, me, line.clock(), act_of)
    return visit.to(f"/directory/proposals/{number}")


def _act_of(visit: Visit, reason: str) -> ActOf:
    line = visit.line
    salt = line.chance.randbytes(SALT_BYTES)
    return lambda action, about: operator_act(visit.actor, action, about, reason, salt, line.clock())


async def _show(visit: Visit, status: int = 200, faults: tuple[Fault, ...] = ()) -> web.Response:
    line = visit.line
    told = [(one.line, text(visit.lang, one.key, **one.values)) for one in faults[:FAULTS_SHOWN]]
    return visit.show(
        "operator_directory.html",
        status,
        versions=await line.store.read(queries.directory_history, VERSIONS_SHOWN),
        proposals=await line.store.read(queries.proposals, PROPOSALS_SHOWN),
        agencies_version=await line.store.read(agencies_version),
        faults=told,
        faults_count=len(faults),
        reason_chars_max=REASON_CHARS_MAX,
    )


PAGES = (
    Page("GET", "/directory", "console_directory", directory, (Role.OPERATOR,)),
    Page("POST", "/directory/proposals", "console_directory_propose", propose, (Role.OPERATOR,), brings_file=True),
    Page("GET", "/directory/proposals/{number:[0-9]{1,9}}", "console_proposal", proposal, (Role.OPERATOR,)),
    Page(
        "POST",
        "/directory/proposals/{number:[0-9]{1,9}}/{decision:approve|reject}",
        "console_proposal_decide",
        decide,
        (Role.OPERATOR,),
    ),
)
