"""The directory as a journal of its changes, and the credentials of peers.

A version is what changed in it. The directory at any version is the last word on each agency and peer up to there, so
that an old one is read as exactly as the newest, and fifty changes among 125,000 agencies cost fifty rows.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from gateway.store.schema.columns import Digest, Key, metadata

directory_versions = Table(
    "directory_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ledger_index", BigInteger),
    Column("act", String(16)),
    Column("changed_by", Text),
)
"""`act`: a word of `DirectoryAct`; `changed_by`: the operator's account. NULL where nobody said."""

agency_changes = Table(
    "agency_changes",
    metadata,
    Column("agency", Key, primary_key=True),
    Column("version", Integer, ForeignKey("directory_versions.version"), primary_key=True, autoincrement=False),
    Column("gone", Boolean, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_agency_changes_version", "version"),
    sqlite_with_rowid=False,
)
"""`document`: the agency from this version on, JSON, its fields by name; where it is `gone`, as it last was."""

peer_changes = Table(
    "peer_changes",
    metadata,
    Column("peer", Key, primary_key=True),
    Column("version", Integer, ForeignKey("directory_versions.version"), primary_key=True, autoincrement=False),
    Column("gone", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_peer_changes_version", "version"),
    sqlite_with_rowid=False,
)
"""`position`: its place among peers. Of two that are granted an agency equally near, the earlier one collects."""

credentials = Table(
    "credentials",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("peer", Key, nullable=False, index=True),
    Column("added_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
