"""What the crash tests share: the forking process, and a founded gateway to copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.cable import Cable
from tests.crash.installation import Installation, found, free_port
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner
from tests.postgres import PostgresServer
from tests.stores import ENGINES

CALM = {
    "delivery.backoff.first_s": 1.0,
    "delivery.backoff.most_s": 1.0,
    "delivery.backoff.jitter": 0.0,
    "delivery.checkpoint_interval_s": 1.0,
    "delivery.lease_s": 600.0,  # its beat would take the fault meant for another write; a restart takes it up at once
}
"""Between two pushes, and between two checkpoints: long enough to put a fault in between."""


@pytest.fixture(scope="session")
def spawner() -> Iterator[Spawner]:
    """Where gateways come from."""
    with Spawner() as running:
        yield running


@pytest.fixture(scope="session")
def hub_port() -> int:
    """Where the hub listens, when it does."""
    return free_port()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, hub_port: int) -> Installation:
    """A gateway founded once, with its database in a file: copies of it are what the tests break."""
    return _found(tmp_path_factory.mktemp("founded") / "gateway", hub_port)


def _found(folder: Path, hub_port: int, database: str | None = None) -> Installation:
    return found(folder, hub_url=f"http://127.0.0.1:{hub_port}/", settings=CALM, database=database)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Tests that ask for it run once on each."""
    name: str = request.param
    return name


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where a gateway is to be founded: a fresh database on a server, or None: a file in its folder."""
    if engine == "sqlite":
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh_database()
    yield url
    server.recycle(url)


@pytest.fixture
def installation(database: str | None, hub_port: int, tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    """A gateway nobody has used yet, on each engine."""
    folder = tmp_path / "gateway"
    if database is not None:
        return _found(folder, hub_port, database)
    template: Installation = request.getfixturevalue("template")
    return template.copy(folder)


@pytest.fixture
def cable(installation: Installation, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cable | None]:
    """What leads from it to its database server, where it has one."""
    if installation.embedded:
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    laid = Cable(tmp_path, server.folder)
    laid.open()
    laid.lead(installation)
    yield laid
    laid.close()


@pytest.fixture
def serving(installation: Installation, cable: Cable | None, spawner: Spawner) -> Iterator[Serving]:
    """It, running."""
    running = Serving(installation, spawner)
    running.start()
    try:
        yield running
    finally:
        running.close()
