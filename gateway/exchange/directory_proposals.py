"""Changing the directory takes two: one proposes, and sees what it comes to; another reads the same, and approves.

A proposal is made to the agencies of one version. Once any agency changed after it, what was read is no longer what
would happen: then nobody can approve it, and it is proposed again. Peers that come and go leave it as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gateway.exchange.directory_file import read_agencies
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import Agency, Directory
from gateway.model.directory_difference import change_between, difference
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import Store
from gateway.store.acts import Act, Acted
from gateway.store.proposals import ApproveDirectory, ProposeDirectory, RejectDirectory
from gateway.store.queries import directory_proposals as reading
from gateway.store.queries.directory_proposals import Proposal

ActOf = Callable[[str, str], Act]
"""Makes the act of whoever is at it, from its action and its subject."""


@dataclass(frozen=True, slots=True)
class DirectoryRules:
    """Who changes the agencies of the directory."""

    import_alone: bool = True
    """Whether `gateway directory import` puts a file in force by itself; else one proposes it and another approves."""


def subject(number: int, sha256: str) -> str:
    """What the acts on a proposal name: its number, and the digest of exactly what was proposed."""
    return f"directory.{number}.{sha256}"


def read_onto(
    before: Directory,
    file: Path,
    *,
    replacing: bool,
    told: Callable[[int, int], None] | None = None,
    sent_alone: bool = False,
) -> tuple[Agency, ...]:
    """The agencies there would be with those of a file: in the place of those they replace; the others stay, or are
    gone where `replacing`. `sent_alone`: from elsewhere, without the certificate files it may name on this machine.

    Raises as `read_agencies` does.
    """
    known = () if replacing else before.agencies
    read = read_agencies(file, known, told, sent_to=before.agencies if sent_alone else None)
    return tuple(({one.key: one for one in known} | {one.key: one for one in read}).values())


async def propose(
    store: Store, before: Directory, agencies: tuple[Agency, ...], by: str, at: datetime, act_of: ActOf
) -> int:
    """Propose that these be the agencies. Gives the number of the proposal.

    Refused(request.state_conflict) where they are already, or somebody else proposed at the same instant.
    """
    change = change_between(before, agencies)
    if not (change.put or change.gone):
        raise Refused(found(Reason.STATE_CONFLICT, fault="directory_same", version=before.version))
    seen = await asyncio.to_thread(difference, before, change, at)
    latest = await store.read(reading.proposals, 1)
    one = ProposeDirectory(latest[0].number + 1 if latest else 1, change, seen, by, at)
    return await store.write(Acted(one, act_of("directory.proposed", subject(one.number, one.sha256))))


async def approve(store: Store, before: Directory, number: int, by: str, at: datetime, act_of: ActOf) -> int:
    """Approve what somebody else proposed: from now on it is in force. Gives the version of the directory.

    Refused(request.not_found) where there is none of that number, request.state_conflict where it is decided, the
    approver's own, or made to agencies that changed since.
    """
    one = await waiting(store, number)
    if one.proposed_by == by:
        raise Refused(found(Reason.STATE_CONFLICT, fault="directory_own", number=number))
    if await store.read(reading.agencies_version) > one.base_version:
        raise Refused(found(Reason.STATE_CONFLICT, fault="directory_moved", number=number))
    change = await store.read(reading.proposed_change, number)
    after = replace(before, version=before.version + 1, agencies=change.onto(before.agencies))
    entry = await asyncio.to_thread(directory_entry, after, at)
    put = ApproveDirectory(number, by, at, before, after, entry, f"{one.proposed_by} + {by}")
    return await store.write(Acted(put, act_of("directory.approved", subject(number, one.sha256))))


async def reject(store: Store, number: int, by: str, at: datetime, act_of: ActOf) -> None:
    """Turn a proposal down, or take one's own back. Refused as `approve` is."""
    one = await waiting(store, number)
    act = act_of("directory.rejected", subject(number, one.sha256))
    await store.write(Acted(RejectDirectory(number, by, at), act))


async def waiting(store: Store, number: int) -> Proposal:
    """A proposal that waits for a decision. Refused(request.not_found, request.state_conflict)."""
    one = await store.read(reading.proposal, number)
    if one is None:
        raise Refused(found(Reason.NOT_FOUND))
    if one.outcome is not None:
        raise Refused(found(Reason.STATE_CONFLICT, fault="directory_decided", number=number))
    return one
