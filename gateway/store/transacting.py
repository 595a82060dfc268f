"""A group of operations in one transaction, tried again where that is safe.

PostgreSQL may take a transaction back (a serialisation failure, a deadlock), end a connection, or die. What failed
before its commit was sent did not happen, and is done again on another connection. Whether a commit that nobody
answered took effect is never guessed: the ledger is looked at, under the lock of its head, which the lost transaction
must have let go of. Where its entries stand at their places it was committed, and its results hold; where they do not,
it never was, and is done again. A group without an entry cannot be found there: who asked for it looks and asks again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import DBAPIError

from gateway.store.faults import may_try_again, was_taken_back
from gateway.store.schema import ledger_entries
from gateway.store.transaction import Operation, Transaction

TRIES_MAX = 3

_STANDING = (
    select(ledger_entries.c.leaf_hash)
    .where(ledger_entries.c.ledger_index >= bindparam("first"))
    .order_by(ledger_entries.c.ledger_index)
    .limit(bindparam("count"))
)


class _UnansweredError(Exception):
    """A commit was sent, and no answer came."""

    def __init__(self, results: list[Any], tx: Transaction, error: DBAPIError) -> None:
        self.results, self.error = results, error
        self.first, self.leaves = tx.first_index, tx.leaves

    def stands(self, connection: Connection) -> bool:
        """Whether it took effect after all. To be asked under the lock of the ledger's head."""
        found = connection.execute(_STANDING, {"first": self.first, "count": len(self.leaves)}).scalars()
        return [bytes(one) for one in found] == self.leaves


def transact(
    engine: Engine, operations: list[Operation[Any]], joining: Callable[[], Sequence[Operation[Any]]]
) -> list[Any]:
    """All of these in one transaction, each kind at once; their results, in order, once they are durable.

    Once the head of the ledger is ours, `joining` is asked for more, and `operations` grow by it: who waits for other
    writers takes along what came meanwhile, so with more writers the groups are larger.

    Raises what an operation raised, or the database's fault: then it is not known to have happened.
    """
    lost: _UnansweredError | None = None
    for tries_left in reversed(range(TRIES_MAX)):
        with engine.connect() as connection:  # a server that is away is said to be away, and not asked again
            try:
                return _once(connection, operations, lost, joining)
            except _UnansweredError as unanswered:
                lost = unanswered
                if not tries_left or not lost.leaves:
                    raise lost.error from None
            except DBAPIError as error:
                if not tries_left or not may_try_again(error):
                    raise
    raise AssertionError("the last try returns or raises")


def _once(
    connection: Connection,
    operations: list[Operation[Any]],
    lost: _UnansweredError | None,
    joining: Callable[[], Sequence[Operation[Any]]],
) -> list[Any]:
    tx = Transaction(connection)
    if lost is not None and lost.stands(connection):
        return lost.results
    operations += joining()
    kinds: defaultdict[type[Operation[Any]], list[int]] = defaultdict(list)
    for place, operation in enumerate(operations):
        kinds[type(operation)].append(place)
    results: list[Any] = [None] * len(operations)
    for kind, places in kinds.items():
        for place, result in zip(places, kind.run(tx, [operations[place] for place in places]), strict=True):
            results[place] = result
    tx.finish()
    try:
        connection.commit()
    except DBAPIError as error:
        if not may_try_again(error) or was_taken_back(error):
            raise
        raise _UnansweredError(results, tx, error) from error
    return results
