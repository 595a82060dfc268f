"""Schemas expand first and contract later: what a running gateway of the last release needs, the next one leaves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event

from gateway.store.migrate import OLDEST_CODE, revisions

ADDS = re.compile(
    r"CREATE TABLE|CREATE INDEX|CREATE (OR REPLACE )?FUNCTION|INSERT INTO|SELECT|PRAGMA|UPDATE alembic_version"
    r"|ALTER TABLE \w+ ADD (COLUMN )?(?:(?=.*DEFAULT)|(?!.*NOT NULL))",
    re.IGNORECASE,
)
OF_TABLE = re.compile(r"CREATE (?:UNIQUE INDEX|TRIGGER)\b.*?\bON (\w+)", re.IGNORECASE)
"""What refuses rows: it may be made with the table whose rows it refuses, and not later."""


def takes_away(statements: list[str]) -> list[str]:
    """Those statements under which the code of the release before could fail."""
    made = {found[1] for one in statements if (found := re.match(r"CREATE TABLE (\w+)", one.strip()))}
    flat = [" ".join(one.split()) for one in statements]
    return [one for one in flat if not ADDS.match(one) and not ((of := OF_TABLE.match(one)) and of[1] in made)]


def migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    return config


def test_every_migration_since_the_oldest_code_that_is_served_only_adds(tmp_path: Path) -> None:
    engine, statements = create_engine(f"sqlite:///{tmp_path / 'register.db'}"), list[str]()
    config = migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDEST_CODE)
        event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        command.upgrade(config, "head")
    engine.dispose()
    assert takes_away(statements) == [], "raise OLDEST_CODE in a release of its own, after the code does without"


def test_revisions_are_numbers_that_go_up() -> None:
    """Which code a database serves is found by comparing them."""
    walked = [one.revision for one in ScriptDirectory.from_config(migrations()).walk_revisions()]
    assert walked == sorted(walked, reverse=True)
    assert all(re.fullmatch(r"\d{4}", one) for one in walked)
    assert OLDEST_CODE in walked


def test_a_migration_is_named_by_its_revision() -> None:
    """A gateway that starts reads the names; Alembic reads the files."""
    assert revisions() == [one.revision for one in ScriptDirectory.from_config(migrations()).walk_revisions()]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE mails",
        "DROP INDEX ix_mails_due",
        "ALTER TABLE mails DROP COLUMN day",
        "ALTER TABLE mails RENAME TO letters",
        "ALTER TABLE mails ALTER COLUMN day SET NOT NULL",
        "ALTER TABLE mails ADD COLUMN weight INTEGER NOT NULL",
        "CREATE UNIQUE INDEX uq_mails_day ON mails (day)",
        "CREATE TRIGGER mails_kept BEFORE DELETE ON mails WHEN 1 = 1 BEGIN SELECT 1; END",
        "UPDATE mails SET day = NULL",
        "DELETE FROM mails",
    ],
)
def test_what_old_code_would_stumble_over_is_recognised(statement: str) -> None:
    assert takes_away([statement]) == [statement]


def test_what_adds_is_let_through() -> None:
    statements = [
        "\nCREATE TABLE letters (id INTEGER NOT NULL)",
        "CREATE UNIQUE INDEX uq_letters ON letters (id)",
        "CREATE TRIGGER letters_kept_delete BEFORE DELETE ON letters WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE INDEX ix_mails_day ON mails (day)",
        "ALTER TABLE mails ADD COLUMN weight INTEGER",
        "ALTER TABLE mails ADD COLUMN weight INTEGER DEFAULT 0 NOT NULL",
        "UPDATE alembic_version SET version_num='0099' WHERE alembic_version.version_num = '0098'",
    ]
    assert takes_away(statements) == []
