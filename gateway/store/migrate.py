"""Making and checking the schema: `gateway init` and `gateway upgrade` run what is here, nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from gateway.store.notice import StoreNotice

MOVED = "moved_to"
"""The setting of a register that was moved to another database: its address."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction."""
    with engine.begin() as connection:
        upgrade_on(connection)


def upgrade_on(connection: Connection) -> None:
    """Bring the database to the newest schema, in the transaction that is under way."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def check(connection: Connection) -> None:
    """StoreNotice unless the database has exactly the newest schema; it names the command that mends it."""
    script = ScriptDirectory.from_config(_config())
    revisions = [one.revision for one in script.walk_revisions()]
    revision = MigrationContext.configure(connection).get_current_revision()
    if notice := notice_about(revision, revisions):
        raise notice


def notice_about(revision: str | None, revisions: Sequence[str]) -> StoreNotice | None:
    """What to say of a database at `revision` (None: no schema), where ours are `revisions`, the newest first."""
    if revision is None:
        return StoreNotice("store.schema_missing")
    if revision == revisions[0]:
        return None
    return StoreNotice("store.schema_older" if revision in revisions else "store.schema_newer", revision=revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    return config
