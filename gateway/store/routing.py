"""Routes of deliveries that still wait, when the directory says another system collects for their addressee now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, bindparam, select, union, update

from gateway.store.schema import HELD, WAITING, deliveries
from gateway.store.transaction import Operation, Transaction

_ROUTE = select(deliveries.c.addressee, deliveries.c.peer, deliveries.c.push)
_ROUTES = union(_ROUTE.where(WAITING), _ROUTE.where(HELD))
_REROUTES = tuple(
    update(deliveries)
    .where(deliveries.c.addressee == bindparam("whose"), condition)
    .values(peer=bindparam("new_peer"), push=bindparam("new_push"))
    for condition in (WAITING, HELD)  # one by one: SQLite takes a partial index only for its very words
)


@dataclass(frozen=True, slots=True)
class Route:
    """Who collects for an addressee, and whether it is pushed to."""

    addressee: str
    peer: str
    push: bool


def waiting_routes(connection: Connection) -> tuple[Route, ...]:
    """The routes of deliveries that wait or are held, as they were when they were admitted or last rerouted."""
    return tuple(Route(row.addressee, row.peer, row.push) for row in connection.execute(_ROUTES))


@dataclass(frozen=True, slots=True)
class Reroute(Operation[None]):
    """Give what waits for an addressee, or is held back from it, to another peer.

    Their history stays; only who collects from now on changes.
    """

    route: Route

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        rows: list[dict[str, Any]] = [
            {"whose": one.route.addressee, "new_peer": one.route.peer, "new_push": one.route.push} for one in operations
        ]
        for reroute in _REROUTES:
            tx.connection.execute(reroute, rows)
        return [None] * len(operations)
