"""A register filled directly, and quickly: what real documents left in the database, copied under other names.

A document lives its life through the doors of an idle gateway; every row that mentions it is the pattern of a block.
Copies differ in what differs among documents: identifiers, digests, numbers, addressees, instants, places in the
ledger. So the rows are the gateway's own, whatever columns they have. Two things are not as they would be: envelopes,
receipts and reports are cut to a few bytes, lest ten million of them fill a disk, and the index of words is not filled.

SQLite only. Memory is constant: blocks are made and written a few thousand at a time.
"""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.ledger import leaf_hash
from gateway.model.dispatch import new_id

LEFT_OUT = {"search_words", "search_texts", "alembic_version"}
CUT = {"envelope", "receipt_xml", "report_xml"}
CUT_BYTES = 64
BLOCKS_AT_ONCE = 2_000
YEAR_US = 365 * 24 * 3_600 * 1_000_000
INDEXES = ("ledger_index", "answer_index")
MOMENTS = ("_at", "_until")
PROGRESS = (("activity_progress", "next_index"), ("search_progress", "next_index"))

Slots = Mapping[str, Any]
Maker = Callable[[Slots], Any]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A row of a block: how each of its columns is made."""

    table: str
    columns: tuple[str, ...]
    makers: tuple[Maker, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Everything one document left."""

    patterns: tuple[Pattern, ...]
    entries: int
    """How many entries of the ledger it has."""
    events: int
    dispatches: tuple[str, ...]
    deliveries: tuple[str, ...]


class Register:
    """The database file of a gateway that is not running."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._tables = self._columns_of_tables()

    def close(self) -> None:
        self._db.close()

    @property
    def size(self) -> int:
        """Entries of the ledger."""
        return self._one("SELECT size FROM ledger_head")

    def block(self, first: int, last: int, varying: Mapping[str, str]) -> Block:
        """The pattern of what the entries [first, last) brought; `varying`: texts that differ among copies, by slot."""
        dispatches = self._ids("SELECT id FROM dispatches WHERE ledger_index >= ? AND ledger_index < ?", first, last)
        marks = ",".join("?" * len(dispatches))
        deliveries = self._ids(f"SELECT id FROM deliveries WHERE dispatch_id IN ({marks})", *dispatches)
        digests = self._ids(f"SELECT packet_digest FROM dispatches WHERE id IN ({marks})", *dispatches)
        texts: dict[str, str] = {}
        for name, found in (("dispatch", dispatches), ("delivery", deliveries), ("digest", digests)):
            texts |= {f"{name}{place}": one for place, one in enumerate(found)}
        texts |= varying  # last: what is short may stand inside an identifier
        rows = list(self._mentioning(texts, (*dispatches, *deliveries), first, last))
        event_ids = [values[0] for table, values in rows if table == "delivery_events"]
        recorded_at = self._one("SELECT min(admitted_at) FROM dispatches WHERE ledger_index >= ?", first)
        compiler = _Compiler(texts, first, min(event_ids), recorded_at)
        patterns = tuple(
            Pattern(table, self._tables[table], compiler.makers(table, self._tables[table], values))
            for table, values in rows
        )
        span = max(event_ids) - min(event_ids) + 1
        return Block(patterns, last - first, span, dispatches, deliveries)

    def fill(self, blocks: Iterator[tuple[Block, Slots]]) -> None:
        """Write copies; indexes and guards are put aside meanwhile, and made anew."""
        for pragma in ("journal_mode=DELETE", "journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        aside = self._db.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in aside:
            self._db.execute(f"DROP {kind} {name}")
        size, event_id = self.size, self._one("SELECT coalesce(max(id), 0) FROM delivery_events")
        self._db.execute("BEGIN")
        waiting: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for count, (block, slots) in enumerate(blocks, start=1):
            given = {**slots, "index": size, "event": event_id + 1}
            for pattern in block.patterns:
                waiting[pattern.table].append(tuple([make(given) for make in pattern.makers]))
            size, event_id = size + block.entries, event_id + block.events
            if count % BLOCKS_AT_ONCE == 0:
                self._write(waiting)
        self._write(waiting)
        self._db.execute("UPDATE ledger_head SET size = ?", (size,))
        self._db.execute("UPDATE webhook_feed SET event_id = ?", (event_id,))
        for table, column in PROGRESS:
            self._db.execute(f"UPDATE {table} SET {column} = ?", (size,))
        self._db.execute("COMMIT")
        for _, _, sql in sorted(aside):  # indexes before triggers
            self._db.execute(sql)
        self._db.execute("PRAGMA journal_mode=WAL").fetchall()

    def _write(self, waiting: defaultdict[str, list[tuple[object, ...]]]) -> None:
        for table, rows in waiting.items():
            columns = self._tables[table]
            marks = ",".join("?" * len(columns))
            self._db.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)
        waiting.clear()

    def _columns_of_tables(self) -> dict[str, tuple[str, ...]]:
        names = self._ids("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {
            name: tuple(row[1] for row in self._db.execute(f"PRAGMA table_info({name})"))
            for name in names
            if name not in LEFT_OUT
        }

    def _mentioning(
        self, texts: Mapping[str, str], ids: Sequence[str], first: int, last: int
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Rows that name one of these, or one of these entries."""
        for table, columns in self._tables.items():
            for row in self._db.execute(f"SELECT {','.join(columns)} FROM {table} ORDER BY 1"):
                named = any(isinstance(value, str) and value in ids for value in row)
                entered = any(
                    name in INDEXES and isinstance(value, int) and first <= value < last
                    for name, value in zip(columns, row, strict=True)
                )
                if named or entered:
                    yield table, row

    def _ids(self, statement: str, *values: object) -> tuple[str, ...]:
        return tuple(row[0] for row in self._db.execute(f"{statement} ORDER BY 1", values))

    def _one(self, statement: str, *values: object) -> int:
        return int(self._db.execute(statement, values).fetchone()[0])


@dataclass(frozen=True, slots=True)
class _Compiler:
    """From a row as it is to how a copy of it is made."""

    texts: Mapping[str, str]
    first_index: int
    first_event: int
    recorded_at: int

    def makers(self, table: str, columns: Sequence[str], values: Sequence[Any]) -> tuple[Maker, ...]:
        made = [self._maker(table, name, value) for name, value in zip(columns, values, strict=True)]
        if table == "ledger_entries":
            entry = made[columns.index("entry")]
            made[columns.index("leaf_hash")] = lambda slots: leaf_hash(entry(slots))
        return tuple(made)

    def _maker(self, table: str, name: str, value: object) -> Maker:
        if isinstance(value, int):
            return self._number(table, name, value)
        if isinstance(value, bytes) and name in CUT:
            cut = value[:CUT_BYTES]
            return lambda slots: cut
        if isinstance(value, bytes) and table == "ledger_entries":
            form = self._form(value.decode("latin-1") if name == "leaf_hash" else value.decode())
            return lambda slots: (form % slots).encode()
        if isinstance(value, str) and (form := self._form(value)) != value.replace("%", "%%"):
            return lambda slots: form % slots
        return lambda slots: value

    def _number(self, table: str, name: str, value: int) -> Maker:
        if name in INDEXES:
            offset = value - self.first_index
            return lambda slots: slots["index"] + offset
        if name.endswith(MOMENTS):
            later = value - self.recorded_at
            return lambda slots: slots["at"] + later
        if (table, name) == ("delivery_events", "id"):
            place = value - self.first_event
            return lambda slots: slots["event"] + place
        return lambda slots: value

    def _form(self, text: str) -> str:
        form = text.replace("%", "%%")
        for slot, token in self.texts.items():
            form = form.replace(token, f"%({slot})s")
        return form


def copies(
    pairs: Iterator[tuple[Block, dict[str, object]]], count: int, until_us: int, chance: random.Random
) -> Iterator[tuple[Block, Slots]]:
    """Blocks with their slots filled, evenly over the year before `until_us` (microseconds since 1970)."""
    stamp = ""
    for number, (block, slots) in zip(range(count), pairs, strict=False):
        at = until_us - YEAR_US + YEAR_US * number // count
        if number % 1_000 == 0:
            stamp = new_id(at // 1_000, bytes(10))[:10]
        ids = {f"dispatch{place}": f"{stamp}{number:010}{place:06}" for place in range(len(block.dispatches))}
        ids |= {
            f"delivery{place}": f"{stamp}{number:010}{place + 500_000:06}" for place in range(len(block.deliveries))
        }
        digests = {f"digest{place}": chance.randbytes(32).hex() for place in range(len(block.dispatches))}
        yield block, {**slots, **ids, **digests, "at": at}
