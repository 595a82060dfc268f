"""Reading the directory and the credentials of peers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, select

from gateway.model.agency import EMPTY, Agency, Directory, DirectoryAct, Peer
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import agency_changes, directory_versions, peer_changes
from gateway.store.schema import credentials as credentials_table


@dataclass(frozen=True, slots=True)
class Credential:
    """How a peer proves who it is. The secret itself is never kept."""

    digest: str
    """SHA-256, lower-case hex, of the bearer token or of the certificate's DER."""
    kind: str
    """`token` or `certificate`."""
    peer: str
    added_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangedAgency:
    """An agency that is not what it was."""

    agency: Agency
    """As it is; where it is `deleted`, as it last was."""
    version: int
    """The version of the directory in which it last changed."""
    deleted: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DirectoryVersion:
    """A version of the directory: who made it, and how much it changed."""

    version: int
    recorded_at: datetime
    act: DirectoryAct | None
    """What was done; None where nobody said."""
    changed_by: str | None
    """The operator's account."""
    ledger_index: int | None
    agencies: int
    """Put in or changed."""
    gone: int
    """Agencies taken out."""
    peers: int
    """Let in, changed or shut out."""


@dataclass(frozen=True, slots=True)
class AgencyVersion:
    """An agency from a version of the directory on, and who made it so."""

    agency: Agency
    version: int
    deleted: bool
    changed_at: datetime
    act: DirectoryAct | None
    changed_by: str | None


_VERSION = select(func.coalesce(func.max(directory_versions.c.version), 0))
_IS_VERSION = select(directory_versions.c.version).where(directory_versions.c.version == bindparam("version"))
_AGENCIES = (
    select(agency_changes.c.agency, agency_changes.c.gone, agency_changes.c.document)
    .where(agency_changes.c.version > bindparam("after"), agency_changes.c.version <= bindparam("version"))
    .order_by(agency_changes.c.version)
)
_PEERS = (
    select(peer_changes.c.peer, peer_changes.c.gone, peer_changes.c.position, peer_changes.c.document)
    .where(peer_changes.c.version > bindparam("after"), peer_changes.c.version <= bindparam("version"))
    .order_by(peer_changes.c.version)
)
_CHANGED = (
    select(agency_changes, directory_versions.c.recorded_at)
    .join_from(agency_changes, directory_versions)
    .where(agency_changes.c.version > bindparam("after"))
    .order_by(agency_changes.c.version, agency_changes.c.agency)
)
_AGENCY_HISTORY = (
    select(agency_changes, directory_versions.c.recorded_at, directory_versions.c.act, directory_versions.c.changed_by)
    .join_from(agency_changes, directory_versions)
    .where(agency_changes.c.agency == bindparam("key"))
    .order_by(agency_changes.c.version.desc())
)
_HOW_MANY = [
    select(func.count()).where(condition).scalar_subquery().label(name)
    for name, condition in {
        "agencies": and_(agency_changes.c.version == directory_versions.c.version, ~agency_changes.c.gone),
        "gone": and_(agency_changes.c.version == directory_versions.c.version, agency_changes.c.gone),
        "peers": peer_changes.c.version == directory_versions.c.version,
    }.items()
]
_HISTORY = (
    select(directory_versions, *_HOW_MANY).order_by(directory_versions.c.version.desc()).limit(bindparam("count"))
)
_CREDENTIAL = select(credentials_table.c.peer).where(
    credentials_table.c.digest == bindparam("digest"), credentials_table.c.revoked_at.is_(None)
)
_CREDENTIALS = select(credentials_table).order_by(credentials_table.c.added_at, credentials_table.c.digest)
_STREAMED = {"yield_per": 1_000}
"""A country is read without holding its rows twice."""
_AS_AGENCY = msgspec.json.Decoder(Agency)
_AS_PEER = msgspec.json.Decoder(Peer)


def directory_version(connection: Connection) -> int:
    """The version in force; 0 before the first directory."""
    return int(connection.execute(_VERSION).scalar_one())


def directory(connection: Connection, known: Directory = EMPTY) -> Directory:
    """The directory in force, equal to the one that was put; empty at version 0 before the first.

    What changed since `known` is read, and nothing else.
    """
    return _brought_to(connection, known, directory_version(connection))


def directory_at(connection: Connection, version: int, known: Directory = EMPTY) -> Directory | None:
    """The directory at a version; None where there never was one (version 0 is the empty one before the first).

    What changed since `known` is read, and nothing else, where it is not a later one.
    """
    if version and connection.execute(_IS_VERSION, {"version": version}).scalar() is None:
        return None
    return _brought_to(connection, known, version)


def agencies_changed_since(connection: Connection, version: int) -> tuple[ChangedAgency, ...]:
    """Every agency that changed after a version, once, in the order of its last change; of version 0: all there ever
    were.

    Whoever has the agencies of that version and puts these in their place, without the deleted ones, has those in
    force.
    """
    changed: dict[str, ChangedAgency] = {}
    for row in connection.execute(_CHANGED, {"after": version}, execution_options=_STREAMED):
        changed.pop(row.agency, None)
        agency, at = _AS_AGENCY.decode(row.document), instant(row.recorded_at)
        changed[row.agency] = ChangedAgency(agency, row.version, row.gone, at)
    return tuple(changed.values())


def directory_history(connection: Connection, limit: int) -> tuple[DirectoryVersion, ...]:
    """The latest versions of the directory, the newest first."""
    return tuple(
        DirectoryVersion(
            row.version,
            instant(row.recorded_at),
            row.act and DirectoryAct(row.act),
            row.changed_by,
            row.ledger_index,
            row.agencies,
            row.gone,
            row.peers,
        )
        for row in connection.execute(_HISTORY, {"count": limit})
    )


def agency_history(connection: Connection, key: str) -> tuple[AgencyVersion, ...]:
    """Everything an agency was, by its key, the newest first; empty where there never was one."""
    return tuple(
        AgencyVersion(
            _AS_AGENCY.decode(row.document),
            row.version,
            row.gone,
            instant(row.recorded_at),
            row.act and DirectoryAct(row.act),
            row.changed_by,
        )
        for row in connection.execute(_AGENCY_HISTORY, {"key": key})
    )


def credential(connection: Connection, digest: str) -> str | None:
    """The key of the peer that a credential proves; None for one that is unknown or revoked."""
    peer: str | None = connection.execute(_CREDENTIAL, {"digest": digest}).scalar()
    return peer


def credentials(connection: Connection) -> tuple[Credential, ...]:
    """Every credential ever added, oldest first."""
    return tuple(
        Credential(row.digest, row.kind, row.peer, instant(row.added_at), instant_or_none(row.revoked_at))
        for row in connection.execute(_CREDENTIALS)
    )


def _brought_to(connection: Connection, known: Directory, version: int) -> Directory:
    known = known if known.version <= version else EMPTY
    span = {"after": known.version, "version": version}
    agencies = {agency.key: agency for agency in known.agencies}
    for key, gone, document in connection.execute(_AGENCIES, span, execution_options=_STREAMED):
        if gone:
            agencies.pop(key, None)
        else:
            agencies[key] = _AS_AGENCY.decode(document)
    return Directory(version, tuple(agencies.values()), tuple(_peers(connection, known, span)))


def _peers(connection: Connection, known: Directory, span: dict[str, int]) -> Iterator[Peer]:
    """The peers in their order."""
    peers = {peer.key: (place, peer) for place, peer in enumerate(known.peers)}
    for key, gone, place, document in connection.execute(_PEERS, span):
        if gone:
            peers.pop(key, None)
        else:
            peers[key] = place, _AS_PEER.decode(document)
    for _, peer in sorted(peers.values(), key=lambda placed: placed[0]):
        yield peer
