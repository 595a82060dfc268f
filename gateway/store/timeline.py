"""The timeline of a delivery: one row for everything that happens to it, before its hand-over and after."""

from __future__ import annotations

from gateway.store.schema import delivery_events
from gateway.store.statements import Insertion

EVENT = Insertion(delivery_events, "delivery_id", "event", "at", "detail", "ledger_index")
