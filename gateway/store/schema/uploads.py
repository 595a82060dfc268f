"""Content that no dispatch speaks of yet: what is being admitted, what is being destroyed, what is being uploaded."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text

from gateway.store.schema.columns import Digest, Id, Key, metadata

blob_claims = Table(
    "blob_claims",
    metadata,
    Column("sha256", Digest, primary_key=True),
    Column("until", BigInteger),
)
"""Large content by digest: until when a packet that is being admitted may speak of it; `until` is null where it is
being destroyed instead. Never both: so nothing is destroyed that somebody is about to speak of."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("peer", Key, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("sha256", Digest),
    Column("metadata", Text, nullable=False),
    CheckConstraint("offset_bytes BETWEEN 0 AND size_bytes", name="within"),
    CheckConstraint("sha256 IS NULL OR offset_bytes = size_bytes", name="whole"),
    Index("ix_uploads_peer", "peer"),
)
"""Large attachments on their way in. `offset_bytes` are durable in the file of the upload; `sha256` is there once all
of them are. `metadata`: as its sender wrote it (Upload-Metadata)."""
