"""Letting documents be found by their words: a task that follows the ledger, beside the line and never in its way.

What it wrote and how far it came are committed together, so after a crash it goes on where it was; a document is found
a moment after its receipt. What is erased is forgotten: only who sent and got it is found then.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.exchange import bell
from gateway.exchange.entries import read_entries
from gateway.exchange.line import Line
from gateway.exchange.rounds import UNHURRIED_S, rounds
from gateway.ledger import EntryKind
from gateway.model.search_words import addressee_word, sender_word, words_of
from gateway.store import queries
from gateway.store.queries.search import Indexable, indexable, next_to_index
from gateway.store.search import IndexWords

ENTRIES_PER_ROUND = 100
"""Some thousand rows: the writer is kept for some ten milliseconds. They are put in order first: of twice as many, each
costs a quarter less."""
ERASED = "erased"


async def run(line: Line) -> None:
    """Follow the ledger until cancelled."""

    async def once() -> bool:
        count = await index_more(line)
        while count == ENTRIES_PER_ROUND:
            count = await index_more(line)
        return count > 0

    await rounds(line, bell.LEDGER, once, UNHURRIED_S)


async def index_more(line: Line) -> int:
    """Index what the next entries of the ledger speak of. How many there were."""
    start, waiting = await line.store.read(_waiting)
    entries = [*read_entries(waiting, start)]
    if not entries:
        return 0
    admitted = [one["dispatch"] for one in entries if one.kind is EntryKind.ACCEPT]
    erased = {one["dispatch"] for one in entries if one.kind is EntryKind.RETENTION and one["act"] == ERASED}
    rows = await line.store.read(indexable, admitted)
    found_by = tuple((row.id, _words(line, row)) for row in rows)
    await line.store.write(IndexWords(found_by, tuple(sorted(erased)), start + len(entries)))
    return len(entries)


def _waiting(connection: queries.Connection) -> tuple[int, Sequence[bytes]]:
    """Where to go on, and the next entries."""
    start = next_to_index(connection)
    return start, queries.entries(connection, start, ENTRIES_PER_ROUND)


def _words(line: Line, row: Indexable) -> tuple[str, ...]:
    parties = (row.sender, *row.addressees)
    known = (line.directory.agency(key) for key in parties)
    names = [one.name for one in known if one is not None]
    marks = (sender_word(row.sender), *(addressee_word(key) for key in row.addressees))
    return (*marks, *words_of(row.code, row.subject, row.document_id, *names))
