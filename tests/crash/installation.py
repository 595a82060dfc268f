"""A gateway founded in a folder as the demo founds its own, on a port that stays the same over every restart."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gateway import config
from gateway.demo.cast import Cast, Issuer, assemble
from gateway.demo.stage import prepare

INLINE_BYTES_MAX = 8_192
"""Attachments beyond this are files: low, so that the usual one of 20 KB goes the way of the large ones."""

EMBEDDED = Path("db/register.db")
"""In a folder of its own, so that it can be given a disk of its own."""

SETTINGS: Mapping[str, object] = {
    "store.inline_bytes_max": INLINE_BYTES_MAX,
    "store.disk_free_bytes_min": 0,
    "http.peer_requests_per_s": 100_000.0,
    "http.peer_burst": 100_000,
    "log.level": "warning",
}


@dataclass(frozen=True)
class Installation:
    """What was founded, and what its peers know of it."""

    folder: Path
    url: str
    """Of the database, as this process reaches it."""
    port: int
    vkey: str
    tokens: Mapping[str, str]
    cast: Cast

    @property
    def config(self) -> Path:
        return self.folder / config.FILE_NAME

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def embedded(self) -> bool:
        """Does its database lie in the folder, as SQLite's?"""
        return self.url.startswith("sqlite")

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def copy(self, folder: Path, seen_at: Path | None = None) -> Installation:
        """The same gateway, as it is now, in another folder; a database on a server stays the one it is.

        `seen_at` is where its folder is read, where a disk is mounted there that only the gateway sees."""
        shutil.copytree(seen_at or self.folder, folder)
        return replace(self, folder=folder, url=_embedded(folder) if self.embedded else self.url)


def found(
    folder: Path,
    *,
    hub_url: str,
    database: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Installation:
    """Found a gateway. `database` is the URL of an empty one; without it, an SQLite file in the folder."""
    now, port = datetime.now(UTC), free_port()
    issuer = Issuer(now)
    embedded = {} if database else {"store.url": f"sqlite:///{EMBEDDED}"}
    overrides = {**SETTINGS, "server.port": port, **embedded, **(settings or {})}
    stage = asyncio.run(prepare(folder, issuer, assemble(issuer, hub_url), now, url=database, overrides=overrides))
    return Installation(folder, database or _embedded(folder), port, stage.vkey, stage.tokens, stage.cast)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _embedded(folder: Path) -> str:
    return f"sqlite:///{folder / EMBEDDED}"
