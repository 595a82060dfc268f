"""The gateway under measurement: a throwaway installation, served by the command an operator would use."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import Served, serving
from gateway.demo.cast import Issuer, assemble
from gateway.demo.stage import Stage, prepare

UNLIMITED = {"http.peer_requests_per_s": 1e6, "http.peer_burst": 10_000_000, "log.level": "error"}
"""One peer brings the whole load here; rate limits are not what is measured, and neither is writing a log."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A running gateway, and the stage it was made from."""

    stage: Stage
    served: Served


@contextmanager
def installed(overrides: Mapping[str, object] = UNLIMITED) -> Iterator[Installed]:
    """A fresh gateway on its embedded database, until the block ends."""
    at = datetime.now(UTC)
    issuer = Issuer(at)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cast = assemble(issuer, "https://127.0.0.1:1/nobody")
        stage = asyncio.run(prepare(Path(folder), issuer, cast, at, overrides=overrides))
        with serving(["-m", "gateway", "serve", "--config", stage.config], GATEWAY_LANG="en") as served:
            yield Installed(stage, served)
