"""Making and checking the schema: `gateway init` and `gateway upgrade` run what is here, nothing else does.

Nodes are renewed one by one, so the code of one release works for a while on the schema of the next. Migrations after
`OLDEST_CODE` only add (a test holds them to it): they expand. One that takes away, when no code needs it any more,
raises `OLDEST_CODE` to the release that can do without: it contracts. The database says which code it still serves.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, column, inspect, select, table

from gateway.store.migrations import versions
from gateway.store.notice import StoreNotice
from gateway.store.queries.register import setting
from gateway.store.schema import settings

OLDEST_CODE = "0016"
"""The newest revision that the oldest code knows which still works on the newest schema."""
SERVES_FROM = "schema.serves_from"
"""The setting in which a database keeps that."""
MOVED = "moved_to"
"""The setting of a register that was moved to another database: its address."""
_AT = table("alembic_version", column("version_num"))
"""Where Alembic keeps the revision of a database."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction."""
    with engine.begin() as connection:
        upgrade_on(connection)


def upgrade_on(connection: Connection) -> None:
    """Bring the database to the newest schema, in the transaction that is under way.

    Alembic is loaded here: a gateway that serves only looks where it stands, and keeps its 10 MB for something else.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.execute(settings.delete().where(settings.c.name == SERVES_FROM))
    connection.execute(settings.insert().values(name=SERVES_FROM, value=OLDEST_CODE))


def check(connection: Connection, *, newest: bool = False) -> None:
    """StoreNotice unless the database has the newest schema, or a later one that still serves this code; it names the
    command that mends it. `newest`: a later one will not do, because every column of it must be known."""
    known = revisions()
    revision = connection.scalar(select(_AT.c.version_num)) if inspect(connection).has_table(_AT.name) else None
    later = not newest and revision is not None and revision not in known
    if notice := notice_about(revision, known, setting(connection, SERVES_FROM) if later else None):
        raise notice


def revisions() -> list[str]:
    """The revisions of this code, the newest first, as the names of the migrations say them: `m0001_first` is 0001."""
    return sorted((one.name[1:5] for one in pkgutil.iter_modules(versions.__path__)), reverse=True)


def notice_about(revision: str | None, revisions: Sequence[str], serves_from: str | None = None) -> StoreNotice | None:
    """What to say of a database at `revision` (None: no schema), where ours are `revisions`, the newest first.

    `serves_from`: what a database that is newer says of the code it still serves.
    """
    if revision is None:
        return StoreNotice("store.schema_missing")
    if revision == revisions[0] or (serves_from is not None and serves_from <= revisions[0]):
        return None
    return StoreNotice("store.schema_older" if revision in revisions else "store.schema_newer", revision=revision)
