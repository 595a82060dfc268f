"""Versions of the authority table: one person proposes one, another approves it, and at its instant it decides."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.acts import Actor, note, operator_act
from gateway.exchange.line import SALT_BYTES, Line
from gateway.exchange.operating import reason_given
from gateway.exchange.watch import refresh_table
from gateway.ledger import Entry, EntryKind
from gateway.ledger.entry import write_instant
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.rules.authority_table import AUTHORITY, TableError, read_table, shipped_table
from gateway.store import ApproveTable, ProposeTable, queries
from gateway.trust import Signer, countersign


def proposal(signer: Signer, document: bytes, actor: Actor, effective_from: datetime, at: datetime) -> ProposeTable:
    """A table, sealed, ready to be kept. TableError or Refused where it is none."""
    version = read_table(document).version
    sealed = countersign(document, signer, at)
    entry = table_entry(EntryKind.TABLE_PROPOSED, at, version, sealed, effective_from, actor.by)
    return ProposeTable(AUTHORITY, version, effective_from, signed_as(actor), at, signer.certificate_der, sealed, entry)


def table_entry(
    kind: EntryKind, at: datetime, version: int, document: bytes, effective_from: datetime, by: str
) -> bytes:
    """What the ledger keeps of a proposal or an approval. `by`: the salted digest of who it was."""
    return Entry.of(
        kind,
        at,
        table=AUTHORITY,
        version=str(version),
        sha256=hashlib.sha256(document).hexdigest(),
        effective_from=write_instant(effective_from),
        by=by,
    ).encode()


async def propose(line: Line, actor: Actor, document: bytes, effective_from: datetime, written: str) -> int:
    """Propose a version, as somebody who has entered. Gives its number.

    Refused(request.malformed) where the document is no table or its time has passed, state_conflict where a later
    version is known.
    """
    reason, at = reason_given(written), line.clock()
    if effective_from < at:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="table_past"))
    try:
        one = proposal(line.signer, document, actor, effective_from, at)
    except TableError as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_table", at=wrong.line, what=wrong.what)) from wrong
    if one.version <= shipped_table().version:
        raise Refused(found(Reason.STATE_CONFLICT, version=one.version, latest=shipped_table().version))
    await line.store.write(one)
    await _written_down(line, actor, "table.proposed", one.version, reason)
    return one.version


async def approve(line: Line, actor: Actor, version: int, written: str) -> None:
    """Approve what somebody else proposed.

    Refused(request.state_conflict) where nothing of that version waits, or it is the approver's own.
    """
    reason, at = reason_given(written), line.clock()
    waiting = {one.version: one for one in await line.store.read(queries.tables) if one.approved_by is None}
    one = waiting.get(version)
    if one is None or one.proposed_by == signed_as(actor):
        raise Refused(found(Reason.STATE_CONFLICT, version=version))
    entry = table_entry(EntryKind.TABLE_APPROVED, at, version, one.document, one.effective_from, actor.by)
    await line.store.write(ApproveTable(AUTHORITY, version, signed_as(actor), at, entry))
    await _written_down(line, actor, "table.approved", version, reason)
    await refresh_table(line)


def signed_as(actor: Actor) -> str:
    """A person's name as the register of tables writes it, and as the ledger once had it: without a hyphen. Two names
    that fall together count as one person: they cannot approve for each other."""
    return actor.key.replace("-", "_")


async def _written_down(line: Line, actor: Actor, action: str, version: int, reason: str) -> None:
    subject, salt = f"{AUTHORITY}.{version}", line.chance.randbytes(SALT_BYTES)
    await note(line, operator_act(actor, action, subject, reason, salt, line.clock()))
    line.bell.ring((bell.WATCH,))
