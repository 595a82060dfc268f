"""Stores for tests: every test that asks for `store` or `store_url` runs once on each engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.store import Store
from tests.postgres import PostgresServer

ENGINES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at the newest schema; copying it is faster than making another."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    Store.create(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh embedded database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gateway.db')}"


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database at the newest schema, on each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database()
    yield url
    server.recycle(url)


@dataclass(frozen=True, slots=True)
class Databases:
    """Where databases at the newest schema come from."""

    engine: str
    fresh: Callable[[Path], str]
    """The address of a new one; the folder is where it may lie."""


@pytest.fixture(params=ENGINES)
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """For tests that begin anew again and again, on each engine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield Databases("sqlite", lambda folder: f"sqlite:///{shutil.copy(template, folder / 'gateway.db')}")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    made = list[str]()

    def fresh(_: Path) -> str:
        made.append(server.fresh_database())
        return made[-1]

    yield Databases("postgresql", fresh)
    for url in made:
        server.recycle(url)


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """A fresh store, open."""
    opened = Store.open(store_url, tmp_path / "blobs")
    yield opened
    opened.close()
