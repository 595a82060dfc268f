"""The directory as a journal of its changes, and the credentials of peers.

A version is what changed in it. The directory at any version is the last word on each agency and peer up to there, so
that an old one is read as exactly as the newest, and fifty changes among 125,000 agencies cost fifty rows.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

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

directory_proposals = Table(
    "directory_proposals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("base_version", Integer, nullable=False),
    Column("proposed_by", Key, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("cut_off", Integer, nullable=False),
    Column("sha256", Digest, nullable=False),
    Column("outcome", String(16)),
    Column("decided_by", Key),
    Column("decided_at", BigInteger),
    Column("version", Integer, ForeignKey("directory_versions.version")),
    Column("change", LargeBinary, nullable=False),
    Column("difference", LargeBinary, nullable=False),
    CheckConstraint("outcome IN ('approved', 'rejected')", name="outcome"),
    CheckConstraint(
        "(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)", name="decided"
    ),
    CheckConstraint("outcome <> 'approved' OR decided_by <> proposed_by", name="two_people"),
    CheckConstraint("(version IS NOT NULL) = (coalesce(outcome, '') = 'approved')", name="in_force"),
)
"""Changes of agencies that somebody proposed to the directory of `base_version`. `change` and `difference`: JSON of
`AgenciesChange` and `Difference`; `sha256` is of the change; `version`: of the directory it made, once approved."""
