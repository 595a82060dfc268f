"""The directory, at its current version, and the credentials of peers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from gateway.store.schema.columns import Digest, Key, metadata

directory_versions = Table(
    "directory_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger),
    Column("snapshot", LargeBinary, nullable=False),
)
"""`snapshot`: the whole directory at this version, so that what was examined under it can be examined again."""

agencies = Table(
    "agencies",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Key),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("successor", Key),
    Column("kinds", Text, nullable=False),
    Column("regime", String(16)),
    Column("policy", String(16)),
)
"""`kinds`: the words of AgencyKind with a space between them."""

agency_ids = Table(
    "agency_ids",
    metadata,
    Column("id", Key, primary_key=True),
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("position", Integer, nullable=False),
)

agency_certificates = Table(
    "agency_certificates",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("der", LargeBinary, nullable=False),
)

agency_signers = Table(
    "agency_signers",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("full_name", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("rank", String(16), nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)

agency_delegations = Table(
    "agency_delegations",
    metadata,
    Column("agency", Key, ForeignKey("agencies.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("capacity", String(16), nullable=False),
    Column("full_name", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)
"""`types`: names of types of document, one a line."""

peers = Table(
    "peers",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("push_url", Text),
    Column("policy", String(16), nullable=False),
    Column("revoked_at", BigInteger),
)

grants = Table(
    "grants",
    metadata,
    Column("peer", Key, ForeignKey("peers.key", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("agency", Key, nullable=False),
    Column("subtree", Boolean, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
)

credentials = Table(
    "credentials",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("peer", Key, nullable=False, index=True),
    Column("added_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
