"""Writing what documents are found by. It follows the register, so losing it loses nothing: it is made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, bindparam, delete, select, update

from gateway.store.schema import search_progress, search_texts, search_words
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_WORD = Insertion(search_words, "word", "dispatch_id", where_missing=True)
_TEXT = Insertion(search_texts, "dispatch_id", "words", where_missing=True)
_BEGUN = Insertion(search_progress, "id", "next_index", where_missing=True)
_KEPT = select(search_texts.c.words).where(search_texts.c.dispatch_id == bindparam("dispatch"))
_FORGET_WORD = delete(search_words).where(
    search_words.c.word == bindparam("its_word"), search_words.c.dispatch_id == bindparam("dispatch")
)
_FORGET_TEXT = delete(search_texts).where(search_texts.c.dispatch_id == bindparam("dispatch"))


@dataclass(frozen=True, slots=True)
class IndexWords(Operation[None]):
    """Let documents be found by their words, and those whose content was erased no more; then go on from
    `next_index`. Doing it again changes nothing."""

    found_by: tuple[tuple[str, tuple[str, ...]], ...]
    """Dispatches, and their words."""
    erased: tuple[str, ...]
    """Dispatches whose words are forgotten, but for who sent and got them."""
    next_index: int

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            one._index(tx)
        return [None] * len(operations)

    def _index(self, tx: Transaction) -> None:
        _TEXT.run(tx.connection, [(dispatch_id, " ".join(words)) for dispatch_id, words in self.found_by])
        rows = [(word, dispatch_id) for dispatch_id, words in self.found_by for word in words]
        _WORD.run(tx.connection, sorted(rows))
        for dispatch_id in self.erased:
            forget(tx.connection, dispatch_id)
        _BEGUN.run(tx.connection, [(1, 0)])
        further = search_progress.c.next_index < self.next_index
        tx.connection.execute(update(search_progress).where(further).values(next_index=self.next_index))


def forget(connection: Connection, dispatch_id: str) -> None:
    """Let a dispatch be found by no words any more, only by who sent and got it."""
    kept = connection.execute(_KEPT, {"dispatch": dispatch_id}).scalar() or ""
    gone = [word for word in kept.split() if not word.startswith(("<", ">"))]
    if gone:
        connection.execute(_FORGET_WORD, [{"its_word": word, "dispatch": dispatch_id} for word in gone])
    connection.execute(_FORGET_TEXT, {"dispatch": dispatch_id})
