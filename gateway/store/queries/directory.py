"""Reading the directory and the credentials of peers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer, PolicyName, Regime
from gateway.model.period import ALWAYS, Period
from gateway.model.signers import Capacity, Delegation, Rank, Signer
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import (
    agencies,
    agency_certificates,
    agency_delegations,
    agency_ids,
    agency_signers,
    directory_versions,
    grants,
    peers,
)
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


_VERSION = select(func.coalesce(func.max(directory_versions.c.version), 0))
_AGENCIES = select(
    agencies.c.key,
    agencies.c.name,
    agencies.c.parent,
    agencies.c.starts_at,
    agencies.c.ends_at,
    agencies.c.successor,
    agencies.c.kinds,
    agencies.c.regime,
    agencies.c.policy,
).order_by(agencies.c.position)
_IDS = select(agency_ids.c.agency, agency_ids.c.id).order_by(agency_ids.c.agency, agency_ids.c.position)
_CERTIFICATES = select(agency_certificates.c.agency, agency_certificates.c.der).order_by(
    agency_certificates.c.agency, agency_certificates.c.position
)
_SIGNERS = select(agency_signers).order_by(agency_signers.c.agency, agency_signers.c.position)
_DELEGATIONS = select(agency_delegations).order_by(agency_delegations.c.agency, agency_delegations.c.position)
_PEERS = select(peers).order_by(peers.c.position)
_GRANTS = select(grants).order_by(grants.c.peer, grants.c.position)
_CREDENTIAL = select(credentials_table.c.peer).where(
    credentials_table.c.digest == bindparam("digest"), credentials_table.c.revoked_at.is_(None)
)
_CREDENTIALS = select(credentials_table).order_by(credentials_table.c.added_at, credentials_table.c.digest)


def directory_version(connection: Connection) -> int:
    """The version in force; 0 before the first directory."""
    return int(connection.execute(_VERSION).scalar_one())


def directory(connection: Connection) -> Directory:
    """The directory in force, equal to the one that was put; empty at version 0 before the first."""
    return Directory(directory_version(connection), _agencies(connection), _peers(connection))


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


def _agencies(connection: Connection) -> tuple[Agency, ...]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for key, one in connection.execute(_IDS).all():
        ids[key].append(one)
    certificates: defaultdict[str, list[bytes]] = defaultdict(list)
    for key, der in connection.execute(_CERTIFICATES).all():
        certificates[key].append(bytes(der))
    signers, delegations = _signers(connection), _delegations(connection)
    return tuple(
        Agency(
            key,
            name,
            tuple(ids.get(key, ())),
            parent,
            _period(starts_at, ends_at),
            successor,
            tuple(certificates.get(key, ())),
            tuple(map(AgencyKind, kinds.split())),
            None if regime is None else Regime(regime),
            None if policy is None else PolicyName(policy),
            tuple(signers.get(key, ())),
            tuple(delegations.get(key, ())),
        )
        for key, name, parent, starts_at, ends_at, successor, kinds, regime, policy in connection.execute(
            _AGENCIES
        ).all()
    )


def _signers(connection: Connection) -> Mapping[str, list[Signer]]:
    enrolled: defaultdict[str, list[Signer]] = defaultdict(list)
    for row in connection.execute(_SIGNERS).all():
        period = _period(row.starts_at, row.ends_at)
        enrolled[row.agency].append(Signer(row.full_name, row.post, Rank(row.rank), period))
    return enrolled


def _delegations(connection: Connection) -> Mapping[str, list[Delegation]]:
    given: defaultdict[str, list[Delegation]] = defaultdict(list)
    for row in connection.execute(_DELEGATIONS).all():
        types, period = tuple(row.types.split("\n") if row.types else ()), _period(row.starts_at, row.ends_at)
        given[row.agency].append(Delegation(Capacity(row.capacity), row.full_name, row.basis, types, period))
    return given


def _peers(connection: Connection) -> tuple[Peer, ...]:
    held: defaultdict[str, list[Grant]] = defaultdict(list)
    for row in connection.execute(_GRANTS).all():
        held[row.peer].append(Grant(row.agency, row.subtree, _period(row.starts_at, row.ends_at)))
    return tuple(
        Peer(
            row.key,
            row.name,
            tuple(held[row.key]),
            row.push_url,
            PolicyName(row.policy),
            instant_or_none(row.revoked_at),
        )
        for row in connection.execute(_PEERS).all()
    )


def _period(starts_at: int | None, ends_at: int | None) -> Period:
    if starts_at is None and ends_at is None:
        return ALWAYS
    return Period(instant_or_none(starts_at), instant_or_none(ends_at))
