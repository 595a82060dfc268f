"""The gateway under measurement: a throwaway installation, served by the command an operator would use."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import Served, serving
from gateway.demo.cast import Cast, Issuer, assemble
from gateway.demo.stage import Stage, prepare
from tests.postgres import PostgresServer, binaries

UNLIMITED = {"http.peer_requests_per_s": 1e6, "http.peer_burst": 10_000_000, "log.level": "error"}
"""One peer brings the whole load here; rate limits are not what is measured, and neither is writing a log."""
NOBODY = "https://127.0.0.1:1/nobody"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Installed:
    """A running gateway, and the stage it was made from."""

    stage: Stage
    served: Served

    @property
    def port(self) -> int:
        return self.served.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def bearer(self, peer: str) -> dict[str, str]:
        """The header by which a peer is known."""
        return {"Authorization": f"Bearer {self.stage.tokens[peer]}"}


@contextmanager
def staged(
    overrides: Mapping[str, object] = UNLIMITED,
    *,
    hub_url: str = NOBODY,
    url: str | None = None,
    enlarge: Callable[[Cast], Cast] = lambda cast: cast,
) -> Iterator[Stage]:
    """An installation in a temporary folder, not served yet. `url`: an empty database, where it is not to be SQLite;
    `enlarge`: what to make of the demo's cast."""
    at = datetime.now(UTC)
    issuer = Issuer(at)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cast = enlarge(assemble(issuer, hub_url))
        yield asyncio.run(prepare(Path(folder), issuer, cast, at, url=url, overrides=overrides))


@contextmanager
def served(stage: Stage, workers: int = 1) -> Iterator[Installed]:
    """The installation, answering until the block ends."""
    command = ["-m", "gateway", "serve", "--config", stage.config, "--workers", str(workers)]
    with serving(command, GATEWAY_LANG="en") as one:
        yield Installed(stage, one)


@contextmanager
def installed(
    overrides: Mapping[str, object] = UNLIMITED,
    *,
    hub_url: str = NOBODY,
    enlarge: Callable[[Cast], Cast] = lambda cast: cast,
) -> Iterator[Installed]:
    """A fresh gateway on its embedded database, until the block ends."""
    with staged(overrides, hub_url=hub_url, enlarge=enlarge) as stage, served(stage) as gateway:
        yield gateway


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of one's own, as it comes but for its folder; RuntimeError where none is installed."""
    programs = binaries()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed (.ci/packages)")
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-postgres-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        server = PostgresServer(programs, folder)
        stack.callback(server.kill)
        yield server
