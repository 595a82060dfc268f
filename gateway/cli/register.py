"""The operator's hand on the register: opening the store of a configuration, and what a change leaves in the ledger."""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway import config
from gateway.config import Config
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import Directory, DirectoryAct
from gateway.store import PutDirectory, Store, queries


def configured(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The option of a verb that works on the register of a configuration."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="GATEWAY_CONFIG",
        default=config.FILE_NAME,
        show_default=True,
    )(verb)


@asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[Store]:
    """The store of a configuration. StoreNotice where there is none, or it is not at the newest schema."""
    store = Store.open(
        settings.store.url, settings.store.blob_dir, settings.store.inline_bytes_max, bucket=settings.store.bucket
    )
    try:
        yield store
    finally:
        store.close()


async def directory_in_force(store: Store) -> Directory:
    """The directory as it is now."""
    return await store.read(queries.directory)


async def put_in_force(store: Store, before: Directory, after: Directory, act: DirectoryAct) -> int:
    """Record a directory and its digest. Refused where somebody else changed it since `before`."""
    at = datetime.now(UTC)
    return await store.write(PutDirectory(after, at, directory_entry(after, at), before, act, operator()))


def operator() -> str:
    """The account this command runs under: who changed the directory. A number where it has no name here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
