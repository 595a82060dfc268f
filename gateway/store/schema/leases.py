"""Who does the work that one process at a time may do."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from gateway.store.schema.columns import Key, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", Key, primary_key=True),
    Column("holder", Key),
    Column("term", BigInteger, nullable=False),
    Column("beats", BigInteger, nullable=False),
)
"""`holder` is NULL where the work was given back; `term` counts the holders, `beats` how often this one said it lives.
No instant is kept: clocks of two machines need not agree."""
