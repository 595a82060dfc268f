"""The directory as text, whose digest its ledger entry states: whoever has the text can show what was in force."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from gateway.ledger.entry import Entry, EntryKind
from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.period import Period
from gateway.model.signers import Delegation, Signer

_ENCODER = msgspec.json.Encoder(order="sorted")


def directory_entry(directory: Directory, at: datetime) -> bytes:
    """What the ledger keeps of a directory that is put in force."""
    sha256 = hashlib.sha256(directory_text(directory)).hexdigest()
    return Entry.of(EntryKind.DIRECTORY, at, version=str(directory.version), sha256=sha256).encode()


def directory_text(directory: Directory) -> bytes:
    """The directory as text, the same for the same directory: its SHA-256 is the one its ledger entry states.

    One line of JSON, keys sorted, agencies and peers by key, LF-ended: `gateway directory list --json | sha256sum`.
    """
    agencies = b",".join(_ENCODER.encode(_agency(one)) for one in directory.agencies)
    peers = b",".join(_ENCODER.encode(_peer(one)) for one in sorted(directory.peers, key=lambda one: one.key))
    return b'{"agencies":[%b],"peers":[%b],"version":%d}\n' % (agencies, peers, directory.version)


def _agency(one: Agency) -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "ids": one.ids,
        "parent": one.parent,
        "successor": one.successor,
        "certificates_sha256": [hashlib.sha256(der).hexdigest() for der in one.certificates],
        "kinds": one.kinds,
        "regime": one.regime,
        "policy": one.policy,
        "signers": [_signer(signer) for signer in one.signers],
        "delegations": [_delegation(leave) for leave in one.delegations],
        **_period(one.period),
    }


def _signer(one: Signer) -> dict[str, object]:
    return {"full_name": one.full_name, "position": one.position, "rank": one.rank, **_period(one.period)}


def _delegation(one: Delegation) -> dict[str, object]:
    return {
        "capacity": one.capacity,
        "full_name": one.full_name,
        "basis": one.basis,
        "types": one.types,
        **_period(one.period),
    }


def _peer(one: Peer) -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "grants": [_grant(grant) for grant in one.grants],
        "push_url": one.push_url,
        "policy": one.policy,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }


def _grant(one: Grant) -> dict[str, object]:
    return {"agency": one.agency, "subtree": one.subtree, **_period(one.period)}


def _period(one: Period) -> dict[str, str | None]:
    return {
        "starts_at": one.starts_at.isoformat() if one.starts_at else None,
        "ends_at": one.ends_at.isoformat() if one.ends_at else None,
    }
