"""What documents are found by: an inverted index that either engine can hold."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, SmallInteger, String, Table, Text

from gateway.store.schema.columns import Id, metadata

search_words = Table(
    "search_words",
    metadata,
    Column("word", String(160), primary_key=True),
    Column("dispatch_id", Id, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which documents have a word, as written and as typed without diacritics; `<agency` and `>agency` stand for who sent
it and who got it. Made from the register by a task of its own, so it may lag; rows go when content is erased."""

search_texts = Table(
    "search_texts",
    metadata,
    Column("dispatch_id", Id, primary_key=True),
    Column("words", Text, nullable=False),
)
"""The words of each document, by which its rows are found again when its content is erased."""

search_progress = Table(
    "search_progress",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),
)
"""How far the ledger has been followed: one row, from the first round on."""
