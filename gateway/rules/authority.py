"""Authority (thẩm quyền): may this peer send in this agency's name, and may these addressees receive it?

Sources: QĐ 28/2018/QĐ-TTg Article 1 (no state secrets on the axis); the directory for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.model.agency import Agency, Directory, Peer
from gateway.model.packet import Content, Document
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, found
from gateway.rules.form import HEADER

_SECRECY_FIELD = re.compile(r"\W*(tuyệt\s+mật|tối\s+mật|mật)\W*", re.IGNORECASE)
_SECRECY_MARK = re.compile(r"(?:^|[\[(【])\s*(?:TUYỆT\s+MẬT|TỐI\s+MẬT|MẬT)\s*(?:[\])】:.\-–]|$)")
"""A mark stands alone or in brackets, in capitals; "bảo vệ bí mật nhà nước" in a subject is no mark."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One agency that shall receive, whichever of its identifiers the sender wrote, and the peer that collects for
    it."""

    agency: str
    addressed_as: str
    peer: str
    push: bool


def check_authority(content: Content, peer: Peer, directory: Directory, at: datetime) -> tuple[Finding, ...]:
    """Every fault of authority: secrecy, the sender, the addressees."""
    return (*_secrecy(content), *_sender(content, peer, directory, at), *_addressees(content, directory, at))


def resolve_addressees(content: Content, directory: Directory, at: datetime) -> tuple[Addressee, ...]:
    """The addressees as agencies, each once, in the order written. Call only when `check_authority` found no fault."""
    resolved: dict[str, Addressee] = {}
    for organ in content.addressees:
        agency = directory.agency(organ.id)
        route = directory.route(agency, at) if agency else None
        assert agency is not None and route is not None, "authority was not checked"
        resolved.setdefault(agency.key, Addressee(agency.key, organ.id, route.key, route.push_url is not None))
    return tuple(resolved.values())


def _secrecy(content: Content) -> Iterator[Finding]:
    """State secrets never travel on the axis; a document that carries their mark is stopped before anything else."""
    if not isinstance(content, Document):
        return
    sphere = content.other.sphere or ""
    if _SECRECY_FIELD.fullmatch(sphere):
        yield found(Reason.AUTHORITY_CLASSIFIED, f"{HEADER}/OtherInfo/SphereOfPromulgation", mark=sphere.strip()[:40])
    for field, written in (("Subject", content.subject), ("Content", content.content)):
        if written and (mark := _SECRECY_MARK.search(written)):
            yield found(Reason.AUTHORITY_CLASSIFIED, f"{HEADER}/{field}", mark=mark.group().strip()[:40])


def _sender(content: Content, peer: Peer, directory: Directory, at: datetime) -> Iterator[Finding]:
    path, written = f"{HEADER}/From/OrganId", content.sender.id
    agency = directory.agency(written)
    if agency is None:
        yield found(Reason.AUTHORITY_UNKNOWN_SENDER, path, agency=written)
    elif not directory.speaks_for(peer, agency, at):
        yield found(Reason.AUTHORITY_NOT_YOURS, path, agency=written, peer=peer.key)
    elif not agency.period.covers(at):
        yield found(Reason.AUTHORITY_INACTIVE_SENDER, path, agency=written, successor=_successor(directory, agency, at))


def _addressees(content: Content, directory: Directory, at: datetime) -> Iterator[Finding]:
    path = f"{HEADER}/To/OrganId" if isinstance(content, Document) else f"{HEADER}/ResponseFor/OrganId"
    for organ in content.addressees:
        agency = directory.agency(organ.id)
        if agency is None:
            yield found(Reason.AUTHORITY_UNKNOWN_ADDRESSEE, path, agency=organ.id)
        elif not agency.period.covers(at):
            yield found(
                Reason.AUTHORITY_INACTIVE_ADDRESSEE, path, agency=organ.id, successor=_successor(directory, agency, at)
            )
        elif directory.route(agency, at) is None:
            yield found(Reason.AUTHORITY_UNREACHABLE_ADDRESSEE, path, agency=organ.id)


def _successor(directory: Directory, agency: Agency, at: datetime) -> str:
    """Whom to write to, or as, instead: identifier and name, for a clerk knows agencies by their names."""
    heir = directory.successor(agency, at)
    return f"{heir.key} ({heir.name})" if heir else agency.successor or "–"
