"""What the crash tests share: the forking process, and a founded gateway to copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.installation import Installation, found, free_port
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner

CALM = {
    "delivery.backoff.first_s": 1.0,
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
    """A gateway founded once: copies of it are what the tests break."""
    folder = tmp_path_factory.mktemp("founded") / "gateway"
    return found(folder, hub_url=f"http://127.0.0.1:{hub_port}/", settings=CALM)


@pytest.fixture
def installation(template: Installation, tmp_path: Path) -> Installation:
    """A gateway nobody has used yet."""
    return template.copy(tmp_path / "gateway")


@pytest.fixture
def serving(installation: Installation, spawner: Spawner) -> Iterator[Serving]:
    """It, running."""
    running = Serving(installation, spawner)
    running.start()
    try:
        yield running
    finally:
        running.close()
