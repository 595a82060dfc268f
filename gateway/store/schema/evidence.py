"""Evidence that was issued, time stamps of checkpoints, and the salts behind digests of what people wrote."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table

from gateway.store.schema.columns import Digest, Key, Serial, metadata

evidence = Table(
    "evidence",
    metadata,
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), primary_key=True),
    Column("name", Key, primary_key=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Evidence as it was first asked for: the same bytes for everybody, ever after."""

timestamps = Table(
    "timestamps",
    metadata,
    Column("size", Serial, ForeignKey("checkpoints.size"), primary_key=True, autoincrement=False),
    Column("stamped_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("response", LargeBinary, nullable=False),
)
"""The verified answer of a time-stamping authority over the signed note of the checkpoint of `size`."""

salts = Table(
    "salts",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
)
"""`digest` stands in the ledger: SHA-256 of the salt and of words that are kept elsewhere in this database. Without
its salt a digest says nothing, so erasing the salt erases the last trace of the words."""
