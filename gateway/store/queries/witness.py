"""Reading what is published of the ledger: tiles and bundles, checkpoints with their cosignatures, public keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, func, select

from gateway.ledger.tiles import Resource, bundle
from gateway.ledger.tree import TILE_WIDTH, consistency
from gateway.store.instants import instant
from gateway.store.queries.ledger import SignedCheckpoint, checkpoint, entries, ledger_head, tile
from gateway.store.schema import checkpoints, cosignatures, gateway_keys

_QUORUM = (
    select(cosignatures.c.size)
    .where(cosignatures.c.witness.in_(bindparam("witnesses", expanding=True)))
    .group_by(cosignatures.c.size)
    .having(func.count(cosignatures.c.witness.distinct()) >= bindparam("required"))
    .order_by(cosignatures.c.size.desc())
    .limit(1)
)
_LINES = (
    select(cosignatures.c.witness, cosignatures.c.line)
    .where(cosignatures.c.size == bindparam("size"))
    .order_by(cosignatures.c.cosigned_at)
)
_BY_SIZE = select(checkpoints).where(checkpoints.c.size == bindparam("size"))
_LAST = (
    select(cosignatures.c.size, cosignatures.c.cosigned_at)
    .where(cosignatures.c.witness == bindparam("witness"))
    .order_by(cosignatures.c.size.desc(), cosignatures.c.cosigned_at.desc())
    .limit(1)
)
_KEYS = select(gateway_keys).where(gateway_keys.c.which == bindparam("which")).order_by(gateway_keys.c.id)


@dataclass(frozen=True, slots=True)
class LastCosigned:
    """How far a witness has come with this ledger."""

    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key the gateway signs or signed with, from `recorded_at` until the next of its kind."""

    digest: str
    public: bytes
    recorded_at: datetime
    ledger_index: int


def published(connection: Connection, resource: Resource) -> bytes | None:
    """The bytes of a tile or bundle, at any width the signed tree reaches; None beyond it."""
    if not resource.within(ledger_head(connection).tree_size):
        return None
    if resource.level is None:
        return bundle(entries(connection, resource.number * TILE_WIDTH, resource.width))
    return tile(connection, resource.level, resource.number, resource.width)


def published_all(connection: Connection, resources: Sequence[Resource]) -> list[bytes]:
    """The bytes of several, each of which the signed tree reaches."""
    found = [published(connection, one) for one in resources]
    return [data for data in found if data is not None]


def cosigned_checkpoint(connection: Connection, witnesses: Sequence[str], required: int = 0) -> SignedCheckpoint | None:
    """The latest checkpoint that `required` of these witnesses (vkeys) cosigned, their lines merged into its note.

    None where there is no such checkpoint. Of each witness the newest line is taken; lines were verified when kept.
    """
    if required == 0:
        signed = checkpoint(connection)
    else:
        size = connection.execute(_QUORUM, {"witnesses": list(witnesses), "required": required}).scalar()
        row = connection.execute(_BY_SIZE, {"size": -1 if size is None else size}).one_or_none()
        signed = None if row is None else SignedCheckpoint(row.size, row.note, instant(row.recorded_at))
    if signed is None or not witnesses:
        return signed
    lines = {row.witness: row.line for row in connection.execute(_LINES, {"size": signed.size})}
    return replace(signed, note=signed.note + b"".join(lines[one] for one in witnesses if one in lines))


def consistency_proof(connection: Connection, old: int, new: int) -> tuple[bytes, ...]:
    """That the signed tree of `old` entries is the beginning of that of `new`."""
    return consistency(old, new, partial(tile, connection))


def last_cosigned(connection: Connection, witness: str) -> LastCosigned | None:
    """The largest checkpoint this witness (a vkey) cosigned, and when it last did; None before the first."""
    row = connection.execute(_LAST, {"witness": witness}).one_or_none()
    return None if row is None else LastCosigned(row.size, instant(row.cosigned_at))


def gateway_keys_of(connection: Connection, which: str) -> tuple[GatewayKey, ...]:
    """Every key of a kind ("ledger", "seal"), the first one first."""
    rows = connection.execute(_KEYS, {"which": which})
    return tuple(GatewayKey(row.digest, row.public, instant(row.recorded_at), row.ledger_index) for row in rows)
