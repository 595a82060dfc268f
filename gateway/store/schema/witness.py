"""What others said of the ledger's checkpoints, and the public halves of every key the gateway ever signed with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from gateway.store.schema.columns import Digest, Serial, metadata

cosignatures = Table(
    "cosignatures",
    metadata,
    Column("size", Serial, ForeignKey("checkpoints.size"), primary_key=True, autoincrement=False),
    Column("witness", Text, primary_key=True),
    Column("cosigned_at", BigInteger, primary_key=True, autoincrement=False),
    Column("line", LargeBinary, nullable=False),
)

gateway_keys = Table(
    "gateway_keys",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("which", String(16), nullable=False),
    Column("digest", Digest, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger, ForeignKey("ledger_entries.ledger_index"), nullable=False),
    Column("public", LargeBinary, nullable=False),
)
