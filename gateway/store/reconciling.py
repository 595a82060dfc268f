"""The register compared with what the ledger says it must hold: differences none, or each by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from gateway.ledger.checkpoint import open_checkpoint
from gateway.ledger.entry import decode
from gateway.ledger.fault import ProofError
from gateway.ledger.note import NoteKey
from gateway.ledger.tree import Tree, leaf_hash
from gateway.store.held import UNKNOWABLE, held
from gateway.store.queries.ledger import checkpoint, ledger_head
from gateway.store.rebuilding import Rebuilding
from gateway.store.rebuilt import Facts, scratch
from gateway.store.schema import ledger_entries

STREAMED = {"yield_per": 1_000}
LEAVES_PER_GROWTH = 256


class Differs(StrEnum):
    """How the register and the ledger differ."""

    MISSING = "missing"
    """The ledger says it, the register does not hold it."""
    ADDED = "added"
    """The register holds it, the ledger never said it."""
    CHANGED = "changed"
    LEDGER = "ledger"
    """The entries in this database are not those of the signed ledger."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the ledger has it."""

    how: Differs
    what: str
    """A table of the register in the singular; of the ledger itself: `entry`, `head` or `checkpoint`."""
    key: str
    field: str = ""
    """Of a change: what differs."""
    said: Any = None
    """What the ledger says."""
    held: Any = None
    """What the register holds."""


Tell = Callable[[int, int], None]
"""Hears how much was done, and of how much."""


def replay(
    connection: Connection, keys: Sequence[NoteKey], tell: Tell = lambda _done, _total: None
) -> Iterator[Difference]:
    """Rebuild the register from the ledger, compare it with the database; gives each difference, none where they agree.

    `keys`: those that may have signed the ledger. Reads one state of the database; its memory does not grow with it.
    """
    with scratch() as facts:
        yield from _rebuild(connection, keys, facts, tell)
        yield from _compare(connection, facts, tell)


def _rebuild(connection: Connection, keys: Sequence[NoteKey], facts: Facts, tell: Tell) -> Iterator[Difference]:
    """Take every entry; they must be the ones the latest checkpoint was signed over."""
    size, rebuilding = ledger_head(connection).size, Rebuilding(facts)
    tree, leaves, signed = Tree(), list[bytes](), _Signed(connection, keys)
    yield from signed.faults
    index = -1
    query = select(ledger_entries).order_by(ledger_entries.c.ledger_index)
    for index, row in enumerate(connection.execute(query, execution_options=STREAMED)):
        entry, leaf = bytes(row.entry), leaf_hash(bytes(row.entry))
        if row.ledger_index != index:
            yield Difference(Differs.LEDGER, "entry", str(index), "ledger_index", index, row.ledger_index)
            return
        if leaf != bytes(row.leaf_hash):
            yield Difference(Differs.LEDGER, "entry", str(index), "leaf_hash", leaf.hex(), bytes(row.leaf_hash).hex())
        leaves.append(leaf)
        if len(leaves) == LEAVES_PER_GROWTH or index + 1 == signed.size:
            tree, leaves = tree.grow(leaves).tree, []
            yield from signed.differs_from(tree)
        try:
            rebuilding.take(index, decode(entry))
        except ProofError as fault:
            yield Difference(Differs.LEDGER, "entry", str(index), "form", held=str(fault))
        if index % LEAVES_PER_GROWTH == 0:
            tell(index, size)
    if index + 1 != size:
        yield Difference(Differs.LEDGER, "head", "size", "size", index + 1, size)
    if index + 1 < signed.size:
        yield Difference(Differs.LEDGER, "checkpoint", str(signed.size), "size", signed.size, index + 1)


class _Signed:
    """The latest checkpoint of the database, opened by the keys of the ledger."""

    def __init__(self, connection: Connection, keys: Sequence[NoteKey]) -> None:
        self.size, self._root, self.faults = 0, b"", list[Difference]()
        latest = checkpoint(connection)
        if latest is None:
            return
        try:
            opened = open_checkpoint(bytes(latest.note), *keys)
            self.size, self._root = opened.size, opened.root
        except ProofError as fault:
            self.faults.append(Difference(Differs.LEDGER, "checkpoint", str(latest.size), "note", held=str(fault)))

    def differs_from(self, tree: Tree) -> Iterator[Difference]:
        """Told once, when the tree has the size that was signed."""
        if tree.size == self.size and tree.root != self._root:
            said, held_root = self._root.hex(), tree.root.hex()
            yield Difference(Differs.LEDGER, "checkpoint", str(self.size), "root", said, held_root)


def _compare(connection: Connection, facts: Facts, tell: Tell) -> Iterator[Difference]:
    total = facts.count()
    for done, one in enumerate(held(connection, facts)):
        said = facts.take(one.what, one.key)
        if said is None:
            yield Difference(Differs.ADDED, one.what, one.key)
            continue
        for name, value in said.items():
            own = one.fields.get(name)
            if not name.startswith("_") and own not in (value, UNKNOWABLE):
                yield Difference(Differs.CHANGED, one.what, one.key, name, value, own)
        if done % LEAVES_PER_GROWTH == 0:
            tell(done, total)
    for one in facts.rest():
        yield Difference(Differs.MISSING, one.what, one.key)
