"""Writing the directory, the credentials of peers, and what this installation was told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import msgspec
from sqlalchemy import bindparam, select, update

from gateway.model.agency import Agency, Directory, DirectoryAct, Peer
from gateway.model.period import ALWAYS
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.instants import micros
from gateway.store.queries.directory import directory as directory_in_force
from gateway.store.queries.directory import directory_version
from gateway.store.schema import agency_changes, credentials, directory_versions, peer_changes, settings
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_NEW_VERSION = Insertion(directory_versions)
_AGENCY_CHANGES = Insertion(agency_changes)
_PEER_CHANGES = Insertion(peer_changes)
_NOTHING = (None, (), ALWAYS)


@dataclass(frozen=True, slots=True)
class PutDirectory(Operation[int]):
    """Put a directory in force. Gives its version. A peer it shuts out loses its credentials with the same commit.

    Refused(request.state_conflict) where its version is not later than the one in force, or that one is not the one it
    was made from: somebody else was faster. An identifier that leads to two agencies, or a key used twice, is a bug of
    whoever made the directory: ValueError.
    """

    directory: Directory
    at: datetime
    entry: bytes | None = None
    before: Directory | None = None
    """What it was made from. None: what is in force, read in the transaction; a second for a whole country."""
    act: DirectoryAct | None = None
    by: str | None = None
    """The operator's account."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._put(tx) for one in operations]

    def _put(self, tx: Transaction) -> int:
        _check_unique(self.directory)
        latest, version = directory_version(tx.connection), self.directory.version
        if version <= latest or (self.before is not None and self.before.version != latest):
            raise Refused(found(Reason.STATE_CONFLICT, version=version, latest=latest))
        before = self.before or directory_in_force(tx.connection)
        entries = tx.append_some([self.entry])
        _NEW_VERSION.run(tx.connection, [(version, micros(self.at), entries[0], self.act, self.by)])
        _AGENCY_CHANGES.load(tx.connection, [*_agency_changes(before, self.directory)])
        _PEER_CHANGES.load(tx.connection, [*_peer_changes(before, self.directory)])
        for peer in _shut_out(before, self.directory):
            tx.connection.execute(_REVOKE_CREDENTIALS, {"whose": peer.key, "at": micros(self.at)})
        return version


def _check_unique(directory: Directory) -> None:
    ids = (one for agency in directory.agencies for one in agency.ids)
    keys = (agency.key for agency in directory.agencies)
    peer_keys = (peer.key for peer in directory.peers)
    for what, names in (("identifier", ids), ("agency", keys), ("peer", peer_keys)):
        for name, times in Counter(names).most_common(1):
            if times > 1:
                raise ValueError(f"{what} {name!r} is in the directory twice")


def _agency_changes(before: Directory, after: Directory) -> Iterator[tuple[Any, ...]]:
    """Rows of the journal: each agency that is another than before or new, and each that is gone."""
    old, new = ({agency.key: agency for agency in one.agencies} for one in (before, after))
    for agency in after.agencies:
        if old.get(agency.key) != agency:
            yield agency.key, after.version, False, _document(agency)
    for agency in before.agencies:
        if agency.key not in new:
            yield agency.key, after.version, True, _document(agency)


def _peer_changes(before: Directory, after: Directory) -> Iterator[tuple[Any, ...]]:
    """The same of peers; their order counts."""
    old, new = ({peer.key: (place, peer) for place, peer in enumerate(one.peers)} for one in (before, after))
    for key, (place, peer) in new.items():
        if old.get(key) != (place, peer):
            yield key, after.version, False, place, _document(peer)
    for key, (place, peer) in old.items():
        if key not in new:
            yield key, after.version, True, place, _document(peer)


def _document(one: Agency | Peer) -> bytes:
    """It as JSON. Fields that need not say anything and do not are left out: half the bytes, and what is read back
    shares its nothings."""
    written = ((field, getattr(one, field.name)) for field in fields(one))
    return msgspec.json.encode(
        {field.name: value for field, value in written if field.default is MISSING or value not in _NOTHING}
    )


def _shut_out(before: Directory, after: Directory) -> Iterable[Peer]:
    admitted = {peer.key for peer in before.peers if peer.revoked_at is None}
    return (peer for peer in after.peers if peer.revoked_at is not None and peer.key in admitted)


class CredentialKind(StrEnum):
    """How a peer proves who it is."""

    TOKEN = "token"  # noqa: S105  the word, not a token
    CERTIFICATE = "certificate"
    AXIS = "axis"
    """A system id and a derived secret of the axis dialect."""


_HELD = select(credentials.c.peer).where(credentials.c.digest == bindparam("digest"))
_REVOKE_CREDENTIALS = (
    update(credentials)
    .where(credentials.c.peer == bindparam("whose"), credentials.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_REVOKE_OF_KIND = _REVOKE_CREDENTIALS.where(credentials.c.kind == bindparam("of_kind"))
_CREDENTIAL = Insertion(credentials, "digest", "kind", "peer", "added_at")


@dataclass(frozen=True, slots=True)
class PutCredential(Operation[None]):
    """Let a credential prove that its bearer is this peer.

    Refused(request.state_conflict) where it was ever given out before: a revoked credential never comes back.
    """

    digest: str
    """SHA-256, lower-case hex, of the token or of the certificate's DER."""
    kind: CredentialKind
    peer: str
    at: datetime
    entry: bytes | None = None
    alone: bool = False
    """Whether the peer's earlier credentials of this kind stop working with the same commit."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            holder = tx.connection.execute(_HELD, {"digest": one.digest}).scalar()
            if holder is not None:
                raise Refused(found(Reason.STATE_CONFLICT, peer=holder))
            if one.alone:
                tx.connection.execute(
                    _REVOKE_OF_KIND, {"whose": one.peer, "of_kind": one.kind.value, "at": micros(one.at)}
                )
            _CREDENTIAL.run(tx.connection, [(one.digest, one.kind.value, one.peer, micros(one.at))])
        tx.append_some([one.entry for one in operations])
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class RevokePeer(Operation[int | None]):
    """Shut a peer out: it and all its credentials. Gives the new version of the directory.

    None, and nothing is recorded, where there is no such peer or it is shut out already.
    Refused(request.state_conflict) where the directory is not `before` any more.
    """

    peer: str
    at: datetime
    entry: bytes | None = None
    before: Directory | None = None
    """As of `PutDirectory`."""
    directory_entry: bytes | None = None
    """What the ledger keeps of the directory without the peer; `entry` is of the peer."""
    by: str | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        return [one._revoke(tx) for one in operations]

    def _revoke(self, tx: Transaction) -> int | None:
        now = self.before or directory_in_force(tx.connection)
        after = now.without(self.peer, self.at)
        if after is None:
            return None
        put = PutDirectory(after, self.at, self.directory_entry, now, DirectoryAct.PEER_REVOKE, self.by)
        (version,) = PutDirectory.run(tx, [put])
        tx.append_some([self.entry])
        return version


_SETTING = Insertion(settings, "name", "value", where_missing=True)
_SETTING_NOW = select(settings.c.value).where(settings.c.name == bindparam("name"))


@dataclass(frozen=True, slots=True)
class PutSetting(Operation[str]):
    """Tell this installation something once, such as the origin of its ledger. Gives what it was told first."""

    name: str
    value: str

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[str]:
        _SETTING.run(tx.connection, [(one.name, one.value) for one in operations])
        return [str(tx.connection.execute(_SETTING_NOW, {"name": one.name}).scalar_one()) for one in operations]
