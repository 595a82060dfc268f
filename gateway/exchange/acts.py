"""What people do here, as the ledger and the register keep it: who, what, to what, and why in their own words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.ledger import NONE, Entry, EntryKind
from gateway.model.agency import Peer
from gateway.store.acts import Act, RecordAct, RecordFirst, did_before

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: by name in the register, by a salted digest in the ledger."""

    key: str
    by: str


def salted(salt: bytes, words: str) -> str:
    """The digest the ledger keeps of words somebody wrote: SHA-256 (hex) of salt and words."""
    return hashlib.sha256(salt + words.encode()).hexdigest()


def operator_act(actor: Actor, action: str, subject: str, reason: str, salt: bytes, at: datetime) -> Act:
    """Somebody changed how the gateway runs."""
    entry = Entry.of(EntryKind.OPERATOR, at, action=action, subject=subject, by=actor.by, reason=salted(salt, reason))
    return Act(actor.key, action, subject, at, reason, salt, entry.encode())


def view_act(actor: Actor, dispatch_id: str, what: str, reason: str, salt: bytes, at: datetime) -> Act:
    """Somebody who is not a party looked at what a dispatch holds, or a party took its evidence."""
    entry = Entry.of(EntryKind.VIEW, at, by=actor.by, dispatch=dispatch_id, what=what, reason=salted(salt, reason))
    return Act(actor.key, f"view.{what}", dispatch_id, at, reason, salt, entry.encode())


async def evidence_taken(line: Line, peer: Peer, dispatch_id: str, what: str) -> None:
    """A connected system takes evidence of a dispatch: recorded before it is given, and the first time only.

    No person's key has a colon: a person and a system of one name are two who looked.
    """
    await first_look(line, Actor(f"peer:{peer.key}", line.secrets.secret("peer", peer.key, 0).hex()), dispatch_id, what)


async def first_look(line: Line, actor: Actor, dispatch_id: str, what: str) -> None:
    """Somebody sees what is theirs to see, or what there is no content in: recorded before it is given, and the first
    time only. Nobody is asked why."""
    if await line.store.read(did_before, actor.key, f"view.{what}", dispatch_id):
        return
    salt = line.chance.randbytes(SALT_BYTES)
    act = view_act(actor, dispatch_id, what, "", salt, line.clock())
    if await line.store.write(RecordFirst(act)):
        line.bell.ring((bell.LEDGER,))


def export_act(actor: Actor, what: str, content: bytes, at: datetime) -> Act:
    """Somebody took a file out of the register: which it was, its digest says."""
    digest = hashlib.sha256(content).hexdigest()
    entry = Entry.of(EntryKind.EXPORT, at, by=actor.by, what=what, sha256=digest)
    return Act(actor.key, f"export.{what}", digest, at, "", b"", entry.encode())


def retention_act(
    actor: Actor, dispatch_id: str, act: str, reason: str, salt: bytes, at: datetime, certificate: str = NONE
) -> Act:
    """Content was held, released or erased; `certificate`: the digest of what certifies the destruction."""
    entry = Entry.of(
        EntryKind.RETENTION,
        at,
        dispatch=dispatch_id,
        act=act,
        by=actor.by,
        reason=salted(salt, reason),
        certificate=certificate,
    )
    return Act(actor.key, f"retention.{act}", dispatch_id, at, reason, salt, entry.encode())


async def note(line: Line, act: Act) -> int:
    """Record an act that changes nothing else. Gives the index of its entry."""
    index = await line.store.write(RecordAct(act))
    line.bell.ring((bell.LEDGER,))
    return index
