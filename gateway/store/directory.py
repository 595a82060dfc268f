"""Writing the directory, the credentials of peers, and what this installation was told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import Table, and_, bindparam, delete, func, select, update

from gateway.model.agency import Directory
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.instants import micros, micros_or_none
from gateway.store.past import packed
from gateway.store.queries.directory import directory as directory_in_force
from gateway.store.schema import (
    agencies,
    agency_certificates,
    agency_delegations,
    agency_ids,
    agency_signers,
    credentials,
    directory_versions,
    grants,
    peers,
    settings,
)
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_Rows = Iterable[tuple[Any, ...]]

_VERSION = select(func.coalesce(func.max(directory_versions.c.version), 0))
_NEW_VERSION = Insertion(directory_versions, "version", "recorded_at", "ledger_index", "snapshot")


def _record_version(tx: Transaction, directory: Directory, at: datetime, entry: bytes | None) -> int:
    """Record a version of the directory, whole. Refused(request.state_conflict) unless it is later than the latest."""
    latest = int(tx.connection.execute(_VERSION).scalar_one())
    version = directory.version
    if version <= latest:
        raise Refused(found(Reason.STATE_CONFLICT, version=version, latest=latest))
    _NEW_VERSION.run(tx.connection, [(version, micros(at), tx.append_some([entry])[0], packed(directory))])
    return version


@dataclass(frozen=True, slots=True)
class PutDirectory(Operation[int]):
    """Put a directory in force. Gives its version.

    Refused(request.state_conflict) where its version is not later than the one in force: somebody else was faster.
    An identifier that leads to two agencies, or a key used twice, is a bug of whoever made the directory: ValueError.
    """

    directory: Directory
    at: datetime
    entry: bytes | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._put(tx) for one in operations]

    def _put(self, tx: Transaction) -> int:
        self._check()
        version = _record_version(tx, self.directory, self.at, self.entry)
        _replace(tx, agencies, self._agencies())
        _replace(tx, agency_ids, self._ids())
        _replace(tx, agency_certificates, self._certificates())
        _replace(tx, agency_signers, self._signers())
        _replace(tx, agency_delegations, self._delegations())
        _replace(tx, peers, self._peers())
        _replace(tx, grants, self._grants())
        return version

    def _check(self) -> None:
        ids = [one for agency in self.directory.agencies for one in agency.ids]
        keys = [agency.key for agency in self.directory.agencies]
        peer_keys = [peer.key for peer in self.directory.peers]
        for what, names in (("identifier", ids), ("agency", keys), ("peer", peer_keys)):
            if len(set(names)) != len(names):
                twice = next(name for place, name in enumerate(names) if name in names[:place])
                raise ValueError(f"{what} {twice!r} is in the directory twice")

    def _agencies(self) -> _Rows:
        for place, one in enumerate(self.directory.agencies):
            starts_at, ends_at = _instants(one.period)
            regime, policy = (None if word is None else str(word) for word in (one.regime, one.policy))
            kinds = " ".join(one.kinds)
            yield one.key, place, one.name, one.parent, starts_at, ends_at, one.successor, kinds, regime, policy

    def _ids(self) -> _Rows:
        for agency in self.directory.agencies:
            for place, written in enumerate(agency.ids):
                yield written, agency.key, place

    def _certificates(self) -> _Rows:
        for agency in self.directory.agencies:
            for place, der in enumerate(agency.certificates):
                yield agency.key, place, der

    def _signers(self) -> _Rows:
        for agency in self.directory.agencies:
            for place, one in enumerate(agency.signers):
                yield agency.key, place, one.full_name, one.position, str(one.rank), *_instants(one.period)

    def _delegations(self) -> _Rows:
        for agency in self.directory.agencies:
            for place, one in enumerate(agency.delegations):
                scope = "\n".join(one.types)
                yield (
                    agency.key, place, str(one.capacity), one.full_name, one.basis, scope, *_instants(one.period)
                )  # fmt: skip

    def _peers(self) -> _Rows:
        for place, one in enumerate(self.directory.peers):
            yield one.key, place, one.name, one.push_url, str(one.policy), micros_or_none(one.revoked_at)

    def _grants(self) -> _Rows:
        for peer in self.directory.peers:
            for place, one in enumerate(peer.grants):
                yield peer.key, place, one.agency, one.subtree, *_instants(one.period)


def _instants(period: Period) -> tuple[int | None, int | None]:
    return micros_or_none(period.starts_at), micros_or_none(period.ends_at)


def _replace(tx: Transaction, table: Table, rows: _Rows) -> None:
    """Make a table hold exactly these rows, touching only those that differ: a directory changes a little at a time."""
    wanted = set(rows)
    present = set(map(tuple, tx.connection.execute(select(table)).all()))
    keys = list(table.primary_key.columns)
    places = [list(table.columns).index(column) for column in keys]
    gone = [{f"old_{place}": row[place] for place in places} for row in present - wanted]
    if gone:
        same = and_(*(column == bindparam(f"old_{place}") for column, place in zip(keys, places, strict=True)))
        tx.connection.execute(delete(table).where(same), gone)
    in_order = sorted(wanted - present, key=lambda row: [row[place] for place in places])
    Insertion(table).load(tx.connection, in_order)  # by key: an index is filled from left to right


class CredentialKind(StrEnum):
    """How a peer proves who it is."""

    TOKEN = "token"  # noqa: S105  the word, not a token
    CERTIFICATE = "certificate"


_HELD = select(credentials.c.peer).where(credentials.c.digest == bindparam("digest"))
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

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            holder = tx.connection.execute(_HELD, {"digest": one.digest}).scalar()
            if holder is not None:
                raise Refused(found(Reason.STATE_CONFLICT, peer=holder))
            _CREDENTIAL.run(tx.connection, [(one.digest, one.kind.value, one.peer, micros(one.at))])
        tx.append_some([one.entry for one in operations])
        return [None] * len(operations)


_REVOKE_PEER = (
    update(peers)
    .where(peers.c.key == bindparam("peer"), peers.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_REVOKE_CREDENTIALS = (
    update(credentials)
    .where(credentials.c.peer == bindparam("whose"), credentials.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class RevokePeer(Operation[int | None]):
    """Shut a peer out: it and all its credentials. Gives the new version of the directory.

    None, and nothing is recorded, where there is no such peer or it is shut out already.
    """

    peer: str
    at: datetime
    entry: bytes | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int | None]:
        return [one._revoke(tx) for one in operations]

    def _revoke(self, tx: Transaction) -> int | None:
        at = micros(self.at)
        if tx.connection.execute(_REVOKE_PEER, {"peer": self.peer, "at": at}).rowcount == 0:
            return None
        tx.connection.execute(_REVOKE_CREDENTIALS, {"whose": self.peer, "at": at})
        now = directory_in_force(tx.connection)
        return _record_version(tx, replace(now, version=now.version + 1), self.at, self.entry)


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
