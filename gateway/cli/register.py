"""The operator's hand on the register: opening the store of a configuration, and what a change leaves in the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway import config
from gateway.config import Config
from gateway.ledger import Entry, EntryKind
from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.period import Period
from gateway.model.signers import Delegation, Signer
from gateway.store import PutDirectory, Store, queries


def configured(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The option of a verb that works on the register of a configuration."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="GATEWAY_CONFIG",
        default=config.FILE_NAME,
        show_default=True,
    )(verb)


@asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[Store]:
    """The store of a configuration. StoreNotice where there is none, or it is not at the newest schema."""
    store = Store.open(settings.store.url, settings.store.blob_dir, settings.store.inline_bytes_max)
    try:
        yield store
    finally:
        store.close()


async def directory_in_force(store: Store) -> Directory:
    """The directory as it is now."""
    return await store.read(queries.directory)


async def put_in_force(store: Store, directory: Directory) -> int:
    """Record a directory and its digest. Refused where somebody else recorded that version meanwhile."""
    at = datetime.now(UTC)
    entry = Entry.of(
        EntryKind.DIRECTORY, at, version=str(directory.version), sha256=hashlib.sha256(export(directory)).hexdigest()
    )
    return await store.write(PutDirectory(directory, at, entry.encode()))


def peer_entry(peer: str, change: str, at: datetime) -> bytes:
    """What the ledger keeps of a change to a peer."""
    return Entry.of(EntryKind.PEER, at, peer=peer, change=change).encode()


def export(directory: Directory) -> bytes:
    """The directory as text, the same for the same directory: its SHA-256 is the one its ledger entry states.

    One line of JSON, keys sorted, agencies and peers by key, LF-ended: `gateway directory list --json | sha256sum`.
    """
    facts = {
        "version": directory.version,
        "agencies": [_agency(one) for one in sorted(directory.agencies, key=lambda one: one.key)],
        "peers": [_peer(one) for one in sorted(directory.peers, key=lambda one: one.key)],
    }
    return (json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


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
