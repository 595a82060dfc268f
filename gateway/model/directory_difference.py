"""What a change of the agencies comes to, for whoever has to agree to it: in words, in numbers, and who is cut off."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from gateway.model.agency import Agency, Directory


class AgencyChange(StrEnum):
    """What happens to an agency."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


class Decision(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    REJECTED = "rejected"
    """By anybody; by whoever proposed it: taken back."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an agency, as people read it, before and after. Of lists too long to read: how many there are."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AgencyDifference:
    """One agency that is another than before."""

    key: str
    name: str
    change: AgencyChange
    fields: tuple[FieldChange, ...] = ()
    """Of one that is changed."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """An agency that some system received for, and none would any more: what waits for it stays where it is."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that would be another than before."""

    agencies: tuple[AgencyDifference, ...]
    """By key."""
    cut_off: tuple[CutOff, ...]

    def of(self, change: AgencyChange) -> tuple[AgencyDifference, ...]:
        """Those this happens to."""
        return tuple(one for one in self.agencies if one.change is change)


@dataclass(frozen=True, slots=True)
class AgenciesChange:
    """The change itself, of the agencies of one version of the directory."""

    base_version: int
    put: tuple[Agency, ...]
    """Agencies that are new, or another than before."""
    gone: tuple[str, ...]

    def onto(self, agencies: tuple[Agency, ...]) -> tuple[Agency, ...]:
        """These agencies, changed."""
        after = {one.key: one for one in agencies} | {one.key: one for one in self.put}
        return tuple(one for key, one in after.items() if key not in self.gone)


def change_between(before: Directory, agencies: tuple[Agency, ...]) -> AgenciesChange:
    """What makes `agencies` of those in force."""
    known, after = {one.key: one for one in before.agencies}, {one.key for one in agencies}
    put = tuple(one for one in agencies if known.get(one.key) != one)
    return AgenciesChange(before.version, put, tuple(key for key in known if key not in after))


def difference(before: Directory, change: AgenciesChange, at: datetime) -> Difference:
    """What a change comes to at an instant, with the peers of `before`. Walks the whole directory: a second or two for
    a country."""
    known = {one.key: one for one in before.agencies}
    after = Directory(before.version + 1, change.onto(before.agencies), before.peers)
    changed = [_of_agency(known.get(one.key), one) for one in change.put]
    gone = [AgencyDifference(key, known[key].name, AgencyChange.GONE) for key in change.gone]
    lost = sorted(received_for(before, at) - received_for(after, at))
    return Difference(
        tuple(sorted((*changed, *gone), key=lambda one: one.key)),
        tuple(CutOff(key, known[key].name) for key in lost),
    )


def received_for(directory: Directory, at: datetime) -> frozenset[str]:
    """Agencies that exist and that some system receives for, at an instant."""
    return frozenset(
        one.key for one in directory.agencies if one.period.covers(at) and directory.route(one, at) is not None
    )


def _of_agency(before: Agency | None, after: Agency) -> AgencyDifference:
    if before is None:
        return AgencyDifference(after.key, after.name, AgencyChange.NEW)
    changed = (field.name for field in fields(Agency) if getattr(before, field.name) != getattr(after, field.name))
    told = tuple(change for name in changed for change in _field(name, before, after))
    return AgencyDifference(after.key, after.name, AgencyChange.CHANGED, told)


def _field(name: str, before: Agency, after: Agency) -> tuple[FieldChange, ...]:
    if name == "period":
        ends = [
            (end, *(_said(getattr(one.period, end)) for one in (before, after))) for end in ("starts_at", "ends_at")
        ]
        return tuple(FieldChange(end, was, will) for end, was, will in ends if was != will)
    if name in {"certificates", "signers", "delegations"}:
        return (FieldChange(name, str(len(getattr(before, name))), str(len(getattr(after, name)))),)
    return (FieldChange(name, _said(getattr(before, name)), _said(getattr(after, name))),)


def _said(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return " ".join(value)
        case datetime():
            return value.isoformat()
    return str(value)
