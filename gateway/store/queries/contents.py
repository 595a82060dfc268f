"""Reading what the register says of content: in the order of digests, a page at a time, however much there is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from gateway.store.schema import blobs, dispatch_attachments, erased_attachments


@dataclass(frozen=True, slots=True)
class Registered:
    """Content the register speaks of."""

    sha256: str
    size_bytes: int
    inline_bytes: int | None
    """Bytes of it that lie in the database; None where it is at a place."""


_REGISTERED = select(blobs.c.sha256, blobs.c.size_bytes, func.length(blobs.c.data))
_PAGE = _REGISTERED.where(blobs.c.sha256 > bindparam("after")).order_by(blobs.c.sha256).limit(bindparam("limit"))
_ONE = _REGISTERED.where(blobs.c.sha256 == bindparam("sha256"))
_HOLDERS = (
    select(dispatch_attachments.c.dispatch_id)
    .where(dispatch_attachments.c.sha256 == bindparam("sha256"))
    .order_by(dispatch_attachments.c.dispatch_id)
    .distinct()
    .limit(bindparam("limit"))
)
_ERASED = select(erased_attachments.c.sha256).where(erased_attachments.c.sha256 == bindparam("sha256")).limit(1)


def registered(connection: Connection, after: str, limit: int) -> tuple[Registered, ...]:
    """A page of it, from behind the digest `after`."""
    return tuple(Registered(*row) for row in connection.execute(_PAGE, {"after": after, "limit": limit}))


def registered_as(connection: Connection, sha256: str) -> Registered | None:
    """What the register says of one digest."""
    row = connection.execute(_ONE, {"sha256": sha256}).one_or_none()
    return None if row is None else Registered(*row)


def holders(connection: Connection, sha256: str, limit: int) -> tuple[str, ...]:
    """Dispatches with an attachment of this content, the oldest first."""
    return tuple(connection.execute(_HOLDERS, {"sha256": sha256, "limit": limit}).scalars())


def was_erased(connection: Connection, sha256: str) -> bool:
    """Whether an erasure names this content."""
    return connection.execute(_ERASED, {"sha256": sha256}).scalar() is not None
