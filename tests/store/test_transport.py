"""What waits for a system: by kind of packet, what it never fetched first, so that nothing new is pushed out."""

from __future__ import annotations

from datetime import timedelta

from gateway.model.delivery import DeliveryEvent, DeliveryStatus
from gateway.model.dispatch import Kind
from gateway.store import Advance, Store, queries
from tests.store.samples import NOW, admit, delivery_id, dispatch_id, run, write

PEER = "peer-G22"
LATER = NOW + timedelta(minutes=1)


def waiting(store: Store, kind: Kind = Kind.DOCUMENT, limit: int = 100) -> list[tuple[str, DeliveryStatus]]:
    rows = run(store.read(queries.waiting, PEER, kind, limit))
    return [(one.delivery_id.partition(".")[0], one.status) for one in rows]


def count(store: Store, kind: Kind = Kind.DOCUMENT) -> int:
    return run(store.read(queries.waiting_count, PEER, kind))


def happens(store: Store, number: int, event: DeliveryEvent) -> None:
    write(store, Advance(delivery_id(dispatch_id(number), 1), event, LATER))


def test_what_was_never_fetched_comes_first_and_what_is_done_not_at_all(store: Store) -> None:
    for number in range(1, 7):
        write(store, admit(number))
    happens(store, 1, DeliveryEvent.HANDED_OVER)
    happens(store, 2, DeliveryEvent.ACKNOWLEDGED)
    happens(store, 3, DeliveryEvent.REFUSED)
    happens(store, 4, DeliveryEvent.HELD)
    assert waiting(store) == [
        (delivery_id(dispatch_id(5), 1), DeliveryStatus.QUEUED),
        (delivery_id(dispatch_id(6), 1), DeliveryStatus.QUEUED),
        (delivery_id(dispatch_id(1), 1), DeliveryStatus.DELIVERED),
    ]
    assert waiting(store, limit=2) == waiting(store)[:2]
    assert count(store) == 3


def test_documents_and_statuses_wait_apart_and_each_for_its_own_peer(store: Store) -> None:
    write(store, admit(1, "G22", "G33"))
    write(store, admit(2, kind=Kind.STATUS, document_id=None))
    assert waiting(store) == [(delivery_id(dispatch_id(1), 1), DeliveryStatus.QUEUED)]
    assert waiting(store, Kind.STATUS) == [(delivery_id(dispatch_id(2), 1), DeliveryStatus.QUEUED)]
    assert (count(store), count(store, Kind.STATUS)) == (1, 1)
    assert run(store.read(queries.waiting, "nobody", Kind.DOCUMENT, 9)) == ()
    assert run(store.read(queries.waiting_count, "nobody", Kind.DOCUMENT)) == 0


def test_a_row_says_who_to_whom_and_since_when(store: Store) -> None:
    write(store, admit(1))
    [row] = run(store.read(queries.waiting, PEER, Kind.DOCUMENT, 9))
    assert (row.sender, row.addressed_as, row.admitted_at, row.changed_at) == ("G01", "G22", NOW, NOW)
    happens(store, 1, DeliveryEvent.HANDED_OVER)
    [row] = run(store.read(queries.waiting, PEER, Kind.DOCUMENT, 9))
    assert (row.admitted_at, row.changed_at) == (NOW, LATER)
