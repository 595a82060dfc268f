"""What every table is made of: names of constraints, and the kinds of columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, MetaData, String, TextClause

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = String(32)
"""Dispatches have 26 characters; a delivery adds its number among its dispatch's."""
Key = String(128)
Digest = String(64)
Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column spelt INTEGER (which holds 64 bits there)."""


def partial_index(name: str, *columns: str, where: TextClause, unique: bool = False) -> Index:
    """An index over the rows where `where` holds, on either engine."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
