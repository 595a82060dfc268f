"""Which rules packets are examined by: a release that examines otherwise says so in the ledger when it starts."""

from __future__ import annotations

from datetime import datetime

from gateway import __version__
from gateway.ledger import Entry, EntryKind
from gateway.rules.version import rule_set
from gateway.store import Store
from gateway.store.rule_tables import RecordRules


async def record_rules(store: Store, at: datetime) -> None:
    """Record this release's rules, unless they are those recorded last."""
    entry = Entry.of(EntryKind.RULES, at, version=__version__, sha256=rule_set()).encode()
    await store.write(RecordRules(__version__, rule_set(), entry))
