"""Who may speak of large content, and what of it is being destroyed: never both.

Content lies at its place before the transaction that speaks of it, and stays after the one that stopped speaking of it.
Whoever is about to speak of it claims it first; whoever would destroy it condemns it first, which is refused for what
is claimed, and claiming is refused for what is condemned. A process that dies in between leaves a claim, which runs
out, or a sentence, which the next sweep carries out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Connection, bindparam, delete, select

from gateway.store.instants import micros
from gateway.store.schema import blob_claims, blobs
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

CLAIM = timedelta(hours=24)
"""How long a claim lasts: an admission ends well within it."""

_THESE = blob_claims.c.sha256.in_(bindparam("digests", expanding=True))
_CONDEMNED = blob_claims.c.until.is_(None)
_AMONG_CONDEMNED = select(blob_claims.c.sha256).where(_THESE, _CONDEMNED)
_CLAIMED = select(blob_claims.c.sha256).where(_THESE, blob_claims.c.until > bindparam("at"))
_SPOKEN_OF = select(blobs.c.sha256).where(blobs.c.sha256.in_(bindparam("digests", expanding=True)))
_FORGOTTEN = delete(blob_claims).where(_THESE)
_RUN_OUT = delete(blob_claims).where(blob_claims.c.until <= bindparam("at"))
_CLAIM = Insertion(blob_claims)
_LEFT = select(blob_claims.c.sha256).where(_CONDEMNED).order_by(blob_claims.c.sha256).limit(bindparam("most"))


@dataclass(frozen=True, slots=True)
class Claim(Operation[tuple[str, ...]]):
    """Be about to speak of content. Gives what of it is being destroyed; then nothing was claimed."""

    sha256s: tuple[str, ...]
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[tuple[str, ...]]:
        return [one._claim(tx.connection) for one in operations]

    def _claim(self, connection: Connection) -> tuple[str, ...]:
        digests = {"digests": list(self.sha256s)}
        if condemned := tuple(connection.execute(_AMONG_CONDEMNED, digests).scalars()):
            return condemned
        connection.execute(_FORGOTTEN, digests)
        until = micros(self.at + CLAIM)
        _CLAIM.run(connection, [(sha256, until) for sha256 in dict.fromkeys(self.sha256s)])
        return ()


@dataclass(frozen=True, slots=True)
class Condemn(Operation[tuple[str, ...]]):
    """Be about to destroy content. Gives what of it may be: nobody speaks of it, or is about to."""

    sha256s: tuple[str, ...]
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[tuple[str, ...]]:
        return [one._condemn(tx.connection) for one in operations]

    def _condemn(self, connection: Connection) -> tuple[str, ...]:
        digests = {"digests": list(self.sha256s)}
        kept = set(connection.execute(_SPOKEN_OF, digests).scalars())
        kept |= set(connection.execute(_CLAIMED, {**digests, "at": micros(self.at)}).scalars())
        condemned = tuple(sha256 for sha256 in dict.fromkeys(self.sha256s) if sha256 not in kept)
        connection.execute(_FORGOTTEN, {"digests": list(condemned)})
        _CLAIM.run(connection, [(sha256, None) for sha256 in condemned])
        return condemned


@dataclass(frozen=True, slots=True)
class Destroyed(Operation[None]):
    """The condemned content is gone; its digest may be spoken of again. Claims that ran out are forgotten too."""

    sha256s: tuple[str, ...]
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            tx.connection.execute(_FORGOTTEN, {"digests": list(one.sha256s)})
            tx.connection.execute(_RUN_OUT, {"at": micros(one.at)})
        return [None] * len(operations)


def condemned(connection: Connection, most: int) -> Collection[str]:
    """What was condemned by somebody who did not come to destroy it."""
    return tuple(connection.execute(_LEFT, {"most": most}).scalars())
