"""Agencies and the peers that speak for them: the directory, at a version.

An agency may carry an identifier of the old scheme (QCVN 102:2016, 13 characters) and one of the new (QĐ
20/2020/QĐ-TTg, Articles 4 to 6, at most 35): one agency, one addressee, whichever is written. Peers are connected
systems; each speaks for named agencies or for whole subtrees (a province's hub for its departments), for as long as
its grant lasts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

AGENCY_ID_CHARS_MAX = 35
"""Sửa đổi 1:2022 QCVN 102:2016/BTTTT: edXML:OrganId String, max 35."""

OLD_ID = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][A-Z0-9][0-9]")
NEW_STATE_ID = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+){0,6}")
NEW_OTHER_ID = re.compile(r"[0-9]{10}(-?[0-9]{3})?|[0-9]{2}[0-9A-Z]{1,33}")


class IdScheme(StrEnum):
    """Which rule an identifier follows. `OTHER` (axis nodes, test agencies, local ids) is legal in the directory."""

    OLD = "old"
    NEW = "new"
    OTHER = "other"


def id_scheme(agency_id: str) -> IdScheme:
    """The scheme of an identifier, by its shape alone."""
    if OLD_ID.fullmatch(agency_id):
        return IdScheme.OLD
    if len(agency_id) <= AGENCY_ID_CHARS_MAX and (
        NEW_STATE_ID.fullmatch(agency_id) or NEW_OTHER_ID.fullmatch(agency_id)
    ):
        return IdScheme.NEW
    return IdScheme.OTHER


@dataclass(frozen=True, slots=True)
class Period:
    """A validity period: from `starts_at` up to, not including, `ends_at`. None is open."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


ALWAYS = Period()


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation on the axis. `key` is its identifier in our register: the new one where it has one."""

    key: str
    name: str
    ids: tuple[str, ...]
    """Every identifier it is addressed by, `key` among them."""
    parent: str | None = None
    """`key` of the superior agency: the tree that subtree grants follow."""
    period: Period = ALWAYS
    successor: str | None = None
    """`key` of the agency that took over (mergers of 2025)."""
    certificates: tuple[bytes, ...] = ()
    """DER of the certificates whose seals count as this agency's."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A peer speaks for an agency, alone or with everything below it, for a period."""

    agency: str
    subtree: bool = False
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Peer:
    """A connected system. Its credentials (token digests, certificate fingerprints) stay in the store."""

    key: str
    name: str
    grants: tuple[Grant, ...] = ()
    push_url: str | None = None
    """Where deliveries are pushed (HTTPS); None: the peer pulls."""
    seal_required: bool = True
    """Strict policy; False is the transition policy: unsealed packets are admitted with a warning."""
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Directory:
    """Agencies and peers at a version. Immutable: a change makes a new directory with the next version."""

    version: int
    agencies: tuple[Agency, ...] = ()
    peers: tuple[Peer, ...] = ()

    @cached_property
    def _by_id(self) -> dict[str, Agency]:
        return {written: agency for agency in self.agencies for written in agency.ids}

    @cached_property
    def by_key(self) -> tuple[Agency, ...]:
        """Every agency, in the order of keys."""
        return tuple(sorted(self.agencies, key=lambda agency: agency.key))

    @cached_property
    def _by_peer_key(self) -> dict[str, Peer]:
        return {peer.key: peer for peer in self.peers}

    @cached_property
    def _grants_by_agency(self) -> dict[str, tuple[tuple[Peer, Grant], ...]]:
        found: dict[str, tuple[tuple[Peer, Grant], ...]] = {}
        for peer in self.peers:
            for grant in peer.grants:
                found[grant.agency] = (*found.get(grant.agency, ()), (peer, grant))
        return found

    def agency(self, agency_id: str) -> Agency | None:
        """The agency addressed by an identifier of either scheme."""
        return self._by_id.get(agency_id)

    def peer(self, key: str) -> Peer | None:
        return self._by_peer_key.get(key)

    def lineage(self, agency: Agency) -> tuple[Agency, ...]:
        """The agency and its superiors, nearest first. A loop in the data ends the walk."""
        line: list[Agency] = []
        step: Agency | None = agency
        while step is not None and step not in line:
            line.append(step)
            step = self.agency(step.parent) if step.parent else None
        return tuple(line)

    def speaks_for(self, peer: Peer, agency: Agency, at: datetime) -> bool:
        """May this peer submit in this agency's name, and collect what is addressed to it, at this instant?"""
        return any(holder.key == peer.key for holder in self._speakers(agency, at))

    def route(self, agency: Agency, at: datetime) -> Peer | None:
        """The peer that receives for an agency: the nearest grant wins (its own system before its province's hub)."""
        return next(iter(self._speakers(agency, at)), None)

    def collects_for(self, peer: Peer, at: datetime) -> tuple[str, ...]:
        """Keys of every agency whose deliveries route to this peer."""
        return tuple(
            agency.key for agency in self.agencies if (route := self.route(agency, at)) and route.key == peer.key
        )

    def _speakers(self, agency: Agency, at: datetime) -> list[Peer]:
        speakers: list[Peer] = []
        for distance, superior in enumerate(self.lineage(agency)):
            for peer, grant in self._grants_by_agency.get(superior.key, ()):
                revoked = peer.revoked_at is not None and peer.revoked_at <= at
                if (distance == 0 or grant.subtree) and grant.period.covers(at) and not revoked:
                    speakers.append(peer)
        return speakers
