"""Agencies and the peers that speak for them: the directory, at a version.

An agency may carry an identifier of the old scheme (QCVN 102:2016, 13 characters) and one of the new (QĐ
20/2020/QĐ-TTg, Articles 4 to 6, at most 35): one agency, one addressee, whichever is written. Peers are connected
systems; each speaks for named agencies or for whole subtrees (a province's hub for its departments), for as long as
its grant lasts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice
from operator import attrgetter

from gateway.model.agency_search import Search
from gateway.model.period import ALWAYS, Period
from gateway.model.signers import Delegation, Signer

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


class AgencyKind(StrEnum):
    """What a body is, for what it may issue and how it signs. The authority table has a row for each."""

    NATIONAL_ASSEMBLY = "national-assembly"
    STANDING_COMMITTEE = "standing-committee"
    """Ủy ban Thường vụ Quốc hội."""
    PRESIDENT = "president"
    GOVERNMENT = "government"
    PRIME_MINISTER = "prime-minister"
    MINISTRY = "ministry"
    """Bộ, cơ quan ngang bộ."""
    GOVERNMENT_AGENCY = "government-agency"
    """Cơ quan thuộc Chính phủ."""
    SUPREME_COURT = "supreme-court"
    SUPREME_PROCURACY = "supreme-procuracy"
    STATE_AUDIT = "state-audit"
    COURT = "court"
    PROCURACY = "procuracy"
    PROVINCE_COUNCIL = "province-council"
    PROVINCE_COMMITTEE = "province-committee"
    DISTRICT_COUNCIL = "district-council"
    """Until 30/06/2025: there has been no district level since."""
    DISTRICT_COMMITTEE = "district-committee"
    COMMUNE_COUNCIL = "commune-council"
    COMMUNE_COMMITTEE = "commune-committee"
    DEPARTMENT = "department"
    """Sở, cục, chi cục, phòng and the like: under a ministry or a People's Committee."""
    PUBLIC_UNIT = "public-unit"
    """Đơn vị sự nghiệp: schools, hospitals, institutes."""
    STATE_ENTERPRISE = "state-enterprise"
    PARTY = "party"
    FRONT = "front"
    """Mặt trận Tổ quốc and the mass organisations."""


class Regime(StrEnum):
    """How an agency is led (Decree 30/2020, Article 13.1 and 13.2)."""

    ONE_MAN = "one-man"
    """Chế độ thủ trưởng."""
    COLLECTIVE = "collective"
    """Chế độ tập thể."""


class PolicyName(StrEnum):
    """What the packets of a peer or an agency are held to (`rules.policy` says what each means), strictest first."""

    STRICT = "strict"
    TRANSITION = "transition"
    OBSERVE = "observe"


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
    kinds: tuple[AgencyKind, ...] = ()
    """What it is; more than one where it sends for several bodies (the Government Office for the Government). Empty:
    not declared."""
    regime: Regime | None = None
    """How it is led; None: as its kinds are."""
    policy: PolicyName | None = None
    """What its packets are held to, whoever sends them; None: the peer's policy alone. The stricter counts."""
    signers: tuple[Signer, ...] = ()
    """Who signs for it; empty: it has enrolled nobody."""
    delegations: tuple[Delegation, ...] = ()


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
    policy: PolicyName = PolicyName.STRICT
    """What its packets are held to."""
    revoked_at: datetime | None = None


class DirectoryAct(StrEnum):
    """What made a version of the directory."""

    FOUND = "found"
    IMPORT = "import"
    PROPOSAL = "proposal"
    """Somebody proposed it, somebody else approved it."""
    PEER_ADD = "peer-add"
    PEER_CHANGE = "peer-change"
    PEER_REVOKE = "peer-revoke"


@dataclass(frozen=True, repr=False)
class Directory:
    """Agencies and peers at a version. Immutable: a change makes a new directory with the next version."""

    version: int
    agencies: tuple[Agency, ...] = ()
    """By key, in whatever order they were given."""
    peers: tuple[Peer, ...] = ()
    """In the order they were let in: of two that are granted an agency equally near, the earlier one collects."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "agencies", tuple(sorted(self.agencies, key=_KEY)))

    def __repr__(self) -> str:
        """Short: the interpreter writes down whatever a finished task holds, and this may be a whole country."""
        return f"Directory({self.version}, {len(self.agencies)} agencies, {len(self.peers)} peers)"

    def prepare(self) -> Directory:
        """Work out now what look-ups and searches rest on: half a second for a country that no request shall wait."""
        for name in ("_by_id", "_by_peer_key", "_grants_by_agency", "_search"):
            getattr(self, name)
        return self

    @cached_property
    def _by_id(self) -> dict[str, Agency]:
        return {written: agency for agency in self.agencies for written in agency.ids}

    @cached_property
    def _by_peer_key(self) -> dict[str, Peer]:
        return {peer.key: peer for peer in self.peers}

    @cached_property
    def _grants_by_agency(self) -> dict[str, list[tuple[Peer, Grant]]]:
        held: defaultdict[str, list[tuple[Peer, Grant]]] = defaultdict(list)
        for peer in self.peers:
            for grant in peer.grants:
                held[grant.agency].append((peer, grant))
        return held

    @cached_property
    def _search(self) -> Search:
        return Search(self.agencies)

    @cached_property
    def _speakers_by_agency(self) -> dict[str, tuple[tuple[Peer, Grant], ...]]:
        """Whoever was asked for is remembered: a version never changes, and whether a grant holds now is asked anew."""
        return {}

    def agency(self, agency_id: str) -> Agency | None:
        """The agency addressed by an identifier of either scheme."""
        return self._by_id.get(agency_id)

    def peer(self, key: str) -> Peer | None:
        return self._by_peer_key.get(key)

    def find(self, query: str, after: str = "", limit: int | None = None) -> tuple[Agency, ...]:
        """Agencies whose name or an identifier holds `query`, typed with diacritics or without, by key from behind
        `after`."""
        return tuple(self.agencies[place] for place in islice(self._search.places(query, after), limit))

    def successor(self, agency: Agency, at: datetime) -> Agency | None:
        """Who took over from an agency and is there at an instant, however many mergers later; None where nobody is
        known to have. A circle in the data ends the walk."""
        seen = {agency.key}
        step = self._heir(agency)
        while step is not None and not step.period.covers(at) and step.key not in seen:
            seen.add(step.key)
            step = self._heir(step)
        return step if step is not None and step.period.covers(at) else None

    def _heir(self, agency: Agency) -> Agency | None:
        return self.agency(agency.successor) if agency.successor else None

    def without(self, key: str, at: datetime) -> Directory | None:
        """The next version, in which a peer is shut out from `at` on; None where it is not there or is shut out."""
        peer = self.peer(key)
        if peer is None or peer.revoked_at is not None:
            return None
        peers = tuple(replace(one, revoked_at=at) if one is peer else one for one in self.peers)
        return Directory(self.version + 1, self.agencies, peers)

    def lineage(self, agency: Agency) -> tuple[Agency, ...]:
        """The agency and its superiors, nearest first. A loop in the data ends the walk."""
        line: dict[str, Agency] = {}
        step: Agency | None = agency
        while step is not None and step.key not in line:
            line[step.key] = step
            step = self.agency(step.parent) if step.parent else None
        return tuple(line.values())

    def below(self, key: str) -> tuple[Agency, ...]:
        """An agency and everything below it, by key; nothing where there is no such agency. A loop in the data ends
        the walk."""
        found: dict[str, Agency] = {}
        step = [one] if (one := self.agency(key)) else []
        while step:
            found |= {one.key: one for one in step}
            step = [below for one in step for below in self._inferiors.get(one.key, ()) if below.key not in found]
        return tuple(sorted(found.values(), key=_KEY))

    @cached_property
    def _inferiors(self) -> dict[str, list[Agency]]:
        """Those directly below each agency, by whichever identifier they name it."""
        found: defaultdict[str, list[Agency]] = defaultdict(list)
        for one in self.agencies:
            superior = self.agency(one.parent) if one.parent else None
            if superior is not None:
                found[superior.key].append(one)
        return found

    def speaks_for(self, peer: Peer, agency: Agency, at: datetime) -> bool:
        """May this peer submit in this agency's name, and collect what is addressed to it, at this instant?"""
        return any(holder.key == peer.key for holder in self._speakers(agency, at))

    def route(self, agency: Agency, at: datetime) -> Peer | None:
        """The peer that receives for an agency: the nearest grant wins (its own system before its province's hub)."""
        return next(self._speakers(agency, at), None)

    def routes_changed_between(self, earlier: datetime, later: datetime) -> bool:
        """Whether a grant began or ended, or a peer was shut out, after `earlier` and up to `later`."""
        return bisect_right(self._turns, earlier) != bisect_right(self._turns, later)

    @cached_property
    def _turns(self) -> tuple[datetime, ...]:
        """Every instant at which a route may change, in order."""
        grants = (grant.period for peer in self.peers for grant in peer.grants)
        ends = (instant for period in grants for instant in (period.starts_at, period.ends_at))
        return tuple(sorted(one for one in (*ends, *(peer.revoked_at for peer in self.peers)) if one is not None))

    def _speakers(self, agency: Agency, at: datetime) -> Iterator[Peer]:
        """Whoever speaks for an agency at an instant, nearest first."""
        granted = self._speakers_by_agency.get(agency.key)
        if granted is None:
            granted = self._speakers_by_agency[agency.key] = tuple(self._granted(agency))
        for peer, grant in granted:
            if grant.period.covers(at) and (peer.revoked_at is None or at < peer.revoked_at):
                yield peer

    def _granted(self, agency: Agency) -> Iterator[tuple[Peer, Grant]]:
        """Every grant that ever reaches an agency, nearest first."""
        for distance, superior in enumerate(self.lineage(agency)):
            for peer, grant in self._grants_by_agency.get(superior.key, ()):
                if distance == 0 or grant.subtree:
                    yield peer, grant


_KEY = attrgetter("key")
EMPTY = Directory(0)
"""Before the first version."""
