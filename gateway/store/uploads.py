"""Uploads on record: whose, how long, and how many bytes are durable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from gateway.store.instants import instant, micros
from gateway.store.schema import uploads
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction


@dataclass(frozen=True, slots=True)
class Upload:
    """A large attachment on its way in."""

    id: str
    peer: str
    size_bytes: int
    offset_bytes: int
    """So many are durable."""
    expires_at: datetime
    sha256: str | None
    """Once all are."""
    metadata: str
    """As its sender wrote it."""

    @property
    def left_bytes(self) -> int:
        return self.size_bytes - self.offset_bytes


_NEW = Insertion(uploads)
_ONE = select(uploads).where(uploads.c.id == bindparam("id"))
_COUNT = select(func.count()).where(uploads.c.peer == bindparam("peer"), uploads.c.expires_at > bindparam("at"))
_EXPIRED = select(uploads.c.id).where(uploads.c.expires_at <= bindparam("at")).limit(bindparam("most"))
_KNOWN = select(uploads.c.id).where(uploads.c.id.in_(bindparam("ids", expanding=True)))
_ADVANCED = (
    update(uploads)
    .where(uploads.c.id == bindparam("of"), uploads.c.offset_bytes <= bindparam("offset"), uploads.c.sha256.is_(None))
    .values(offset_bytes=bindparam("offset"), sha256=bindparam("digest"))
)
_GONE = delete(uploads).where(uploads.c.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class BeginUpload(Operation[bool]):
    """Expect an upload. False where its peer has so many already."""

    upload: Upload
    at: datetime
    most: int

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._begin(tx.connection) for one in operations]

    def _begin(self, connection: Connection) -> bool:
        new = self.upload
        held = {"peer": new.peer, "at": micros(self.at)}
        if connection.execute(_COUNT, held).scalar_one() >= self.most:
            return False
        row = (new.id, new.peer, new.size_bytes, new.offset_bytes, micros(new.expires_at), new.sha256, new.metadata)
        _NEW.run(connection, [row])
        return True


@dataclass(frozen=True, slots=True)
class AdvanceUpload(Operation[bool]):
    """More bytes are durable; with a digest, all. False where that was known, or the upload was given up."""

    id: str
    offset_bytes: int
    sha256: str | None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [
            tx.connection.execute(_ADVANCED, {"of": one.id, "offset": one.offset_bytes, "digest": one.sha256}).rowcount
            > 0
            for one in operations
        ]


@dataclass(frozen=True, slots=True)
class ForgetUpload(Operation[None]):
    """An upload was given up, or is too old."""

    id: str

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            tx.connection.execute(_GONE, {"of": one.id})
        return [None] * len(operations)


def upload(connection: Connection, upload_id: str) -> Upload | None:
    """An upload; None where there is none."""
    row = connection.execute(_ONE, {"id": upload_id}).one_or_none()
    return None if row is None else _upload(row)


def expired(connection: Connection, at: datetime, most: int) -> tuple[str, ...]:
    """Uploads whose time is over."""
    return tuple(connection.execute(_EXPIRED, {"at": micros(at), "most": most}).scalars())


def known(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Those of these ids that are uploads."""
    return frozenset(connection.execute(_KNOWN, {"ids": list(ids)}).scalars())


def _upload(row: Row[*tuple[Any, ...]]) -> Upload:
    return Upload(row.id, row.peer, row.size_bytes, row.offset_bytes, instant(row.expires_at), row.sha256, row.metadata)
