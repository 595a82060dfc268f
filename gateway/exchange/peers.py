"""Connected systems and what they prove themselves with: a token, or an id and a secret of the axis dialect. Each is
shown once; the register keeps digests alone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.acts import Actor, note, operator_act
from gateway.exchange.axis_credential import PEER_KEY, digest_of, secret_of, system_id_of
from gateway.exchange.line import SALT_BYTES, Line
from gateway.exchange.operating import reason_given
from gateway.exchange.watch import refresh_directory
from gateway.ledger import Entry, EntryKind
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import Peer
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import CredentialKind, PutCredential, RevokePeer, Store, queries
from gateway.trust.derived import DerivingKey

TOKEN_BYTES = 32
TOKEN_MARK = "truc_"  # noqa: S105 -- the mark by which scanners of leaked secrets know one of ours


@dataclass(frozen=True, slots=True)
class AxisCredential:
    """What a system that speaks the axis dialect is told, once."""

    system_id: str
    secret: str


def new_token() -> str:
    """A token nobody can guess."""
    return TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """What the register keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def peer_entry(peer: str, change: str, at: datetime) -> bytes:
    """What the ledger keeps of a change to a peer."""
    return Entry.of(EntryKind.PEER, at, peer=peer, change=change).encode()


async def issue(line: Line, actor: Actor, key: str, written: str, *, alone: bool) -> str:
    """Give a system another token; `alone`: those it has stop working. The token, which nobody sees again."""
    peer, reason, at = _connected(line, key), reason_given(written), line.clock()
    token = new_token()
    await _written_down(line, actor, "peer.rotated" if alone else "peer.issued", key, reason)
    entry = peer_entry(peer.key, "credential", at)
    await line.store.write(PutCredential(token_digest(token), CredentialKind.TOKEN, key, at, entry, alone))
    line.bell.ring((bell.LEDGER,))
    return token


async def issue_axis(line: Line, actor: Actor, key: str, written: str, *, alone: bool) -> AxisCredential:
    """Give a system another id and secret of the axis dialect; `alone`: the secrets it has stop working.

    Refused(request.not_found) too for a system whose key no system id is made of.
    """
    peer, reason, at = _connected(line, key), reason_given(written), line.clock()
    if not PEER_KEY.fullmatch(peer.key):
        raise Refused(found(Reason.NOT_FOUND))
    await _written_down(line, actor, "peer.axis_rotated" if alone else "peer.axis_issued", key, reason)
    given = await give_axis(line.store, line.secrets, key, at, alone=alone)
    line.bell.ring((bell.LEDGER,))
    return given


async def give_axis(store: Store, deriving: DerivingKey, key: str, at: datetime, *, alone: bool) -> AxisCredential:
    """The next credential of a peer whose key is of the form `PEER_KEY`; `alone`: those of this kind stop working.

    Refused(STATE_CONFLICT) where somebody else was given the same one just now.
    """
    held = await store.read(queries.credentials)
    system_id = system_id_of(key, 1 + sum(one.peer == key and one.kind == CredentialKind.AXIS for one in held))
    secret = secret_of(deriving, system_id)
    assert secret is not None, "a key of this form makes a system id"
    entry = peer_entry(key, "credential", at)
    await store.write(PutCredential(digest_of(system_id, secret), CredentialKind.AXIS, key, at, entry, alone))
    return AxisCredential(system_id, secret)


async def revoke(line: Line, actor: Actor, key: str, written: str) -> None:
    """Shut a system out, for good: every credential it has stops working with the same commit."""
    _connected(line, key)
    reason, at, before = reason_given(written), line.clock(), line.directory
    after = before.without(key, at)
    if after is None:
        raise Refused(found(Reason.STATE_CONFLICT, peer=key))
    await _written_down(line, actor, "peer.revoked", key, reason)
    entries = peer_entry(key, "revoked", at), directory_entry(after, at)
    await line.store.write(RevokePeer(key, at, entries[0], before, entries[1], actor.key))
    await refresh_directory(line)
    line.bell.ring((bell.LEDGER,))


def _connected(line: Line, key: str) -> Peer:
    """A system that is let in. Refused(request.not_found) for one nobody knows, state_conflict for one shut out."""
    peer = line.directory.peer(key)
    if peer is None:
        raise Refused(found(Reason.NOT_FOUND))
    if peer.revoked_at is not None and peer.revoked_at <= line.clock():
        raise Refused(found(Reason.STATE_CONFLICT, peer=key))
    return peer


async def _written_down(line: Line, actor: Actor, action: str, key: str, reason: str) -> None:
    """Before it is done: an act without its doer cannot happen."""
    await note(line, operator_act(actor, action, key, reason, line.chance.randbytes(SALT_BYTES), line.clock()))
