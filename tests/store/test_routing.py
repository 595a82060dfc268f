"""What still waits follows a changed directory; what is done stays where it was."""

from __future__ import annotations

from gateway.model.delivery import DeliveryEvent
from gateway.store import Advance, Store, queries
from gateway.store.routing import Reroute, Route, waiting_routes
from tests.store.samples import NOW, admit, delivery_id, dispatch_id, run, write


def test_what_waits_is_given_to_the_new_peer_and_what_is_done_is_not(store: Store) -> None:
    for number in (1, 2, 3):
        write(store, admit(number, "G22", "G23"))
    done, fetched = delivery_id(dispatch_id(1), 1), delivery_id(dispatch_id(2), 1)
    write(store, Advance(done, DeliveryEvent.ACKNOWLEDGED, NOW))
    write(store, Advance(fetched, DeliveryEvent.HANDED_OVER, NOW))
    before = {Route("G22", "peer-G22", push=False), Route("G23", "peer-G23", push=False)}
    assert set(run(store.read(waiting_routes))) == before

    write(store, Reroute(Route("G22", "peer-new", push=True)))
    moved = run(store.read(queries.inbox, "peer-new", None, 9))
    assert [item.delivery_id for item in moved] == [fetched, delivery_id(dispatch_id(3), 1)]
    assert run(store.read(queries.inbox, "peer-G22", None, 9)) == ()
    assert len(run(store.read(queries.inbox, "peer-G23", None, 9))) == 3
    row = run(store.read(queries.delivery, done))
    assert row is not None
    assert row.peer == "peer-G22"


def test_what_is_held_follows_too_and_is_collected_by_the_new_peer_once_released(store: Store) -> None:
    write(store, admit(1, "G22"))
    held = delivery_id(dispatch_id(1), 1)
    write(store, Advance(held, DeliveryEvent.HELD, NOW))
    assert run(store.read(waiting_routes)) == (Route("G22", "peer-G22", push=False),)
    write(store, Reroute(Route("G22", "peer-new", push=False)))
    write(store, Advance(held, DeliveryEvent.RELEASED, NOW))
    assert [item.delivery_id for item in run(store.read(queries.inbox, "peer-new", None, 9))] == [held]
