"""The store: one durable place for the register, the ledger and the attachments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from gateway.store import migrate
from gateway.store.blobs import INLINE_BYTES_MAX, Blobs
from gateway.store.claims import Claim
from gateway.store.engine import (
    BUSY_TIMEOUT_MS,
    create_file,
    parse_url,
    reader_engine,
    sqlite_path,
    upgrade_engine,
    writer_engine,
)
from gateway.store.faults import may_try_again, translated
from gateway.store.file_place import FilePlace
from gateway.store.notice import StoreNotice
from gateway.store.object_place import Bucket, ObjectPlace
from gateway.store.places import Place
from gateway.store.queries import blob_data, setting
from gateway.store.transaction import Operation
from gateway.store.wal import WriteAheadLog
from gateway.store.writer import Grouping, Writer

P = ParamSpec("P")
R = TypeVar("R")

READERS = 4
"""Threads that read. More only queue for the interpreter."""


def _check_not_moved(connection: Connection) -> None:
    """StoreNotice where the register went on in another database: two would go on with one ledger."""
    if (where := setting(connection, migrate.MOVED)) is not None:
        raise StoreNotice("store.moved", url=where)


def _nothing_to_stop(_cause: str) -> None:
    """Before the store is open there is nothing that could go on writing."""


class Store:
    """An open store. Writes are operations and durable when they return; reads are functions of a connection.

    After a failed flush `failed` says what happened and every later write is Unavailable: what the disk holds is then
    known again only to the next start.
    """

    def __init__(
        self,
        writer: Engine,
        reader: Engine,
        wal: WriteAheadLog | None,
        blob_dir: Path,
        inline_bytes_max: int,
        grouping: Grouping,
        bucket: Bucket | None,
    ) -> None:
        """Use `Store.open`."""
        self.failed: str | None = None
        """Why the store stopped for good; None while it works."""
        places = partial(_places, bucket)
        self._embedded = wal is not None
        self.blobs = Blobs(
            blob_dir, places, inline_bytes_max, self.small_blob, self._claim, self._fail, embedded=self._embedded
        )
        self.folders = (blob_dir,) if wal is None else (blob_dir, wal.folder)
        """Where this machine's disks are written to; they may be several."""
        self._engines = (writer, reader)
        self._reader = reader
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._kept_free = ThreadPoolExecutor(1, thread_name_prefix="store-reader-kept-free")
        self._writer = Writer(writer, wal, self._fail, grouping)

    @staticmethod
    def create(url: str) -> None:
        """Make the database where there is none, and bring it to the newest schema. StoreNotice, Unavailable."""
        address = parse_url(url)
        if path := sqlite_path(address):
            create_file(path)
        engine = upgrade_engine(address)
        try:
            with translated(_nothing_to_stop):
                migrate.upgrade(engine)
        finally:
            engine.dispose()

    @classmethod
    def open(
        cls,
        url: str,
        blob_dir: Path,
        inline_bytes_max: int = INLINE_BYTES_MAX,
        grouping: Grouping = Grouping(),  # noqa: B008  frozen
        bucket: Bucket | None = None,
    ) -> Store:
        """Open a store that exists, at the newest schema. Large attachments go to `bucket`, or into `blob_dir`.

        StoreNotice where it does not or is not: it names the command to run. An empty database made by mistake would
        begin a second ledger, so nothing is ever created here.
        """
        address = parse_url(url)
        path = sqlite_path(address)
        if path is not None and not path.is_file():
            raise StoreNotice("store.file_missing", path=str(path))
        writer, reader = writer_engine(address), reader_engine(address, READERS + 2)
        try:
            with translated(_nothing_to_stop), reader.connect() as connection:
                migrate.check(connection)
                _check_not_moved(connection)
        except BaseException:
            reader.dispose()
            raise
        wal = WriteAheadLog(path, BUSY_TIMEOUT_MS) if path else None
        return cls(writer, reader, wal, blob_dir, inline_bytes_max, grouping, bucket)

    @property
    def waiting(self) -> int:
        """Writes that wait for their transaction: the measure of overload."""
        return self._writer.waiting

    async def write(self, operation: Operation[R]) -> R:
        """Do an operation; returns when it is durable. Unavailable where it is not, or may not be: send again."""
        return await self._writer.write(operation)

    async def read(self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`query(connection, ...)` in a reader thread, in one transaction that cannot write."""
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, partial(self._read, query, *args, **kwargs)
        )

    async def glance(self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read`, for a look at a few rows by their keys. Where the database is in this process it is done at once.

        SQLite finds them in some ten microseconds. A thread takes ten times that, nearly all of it for taking the
        interpreter from the event loop and giving it back, at every step of the statement (docs/hot-path.md).
        """
        if self._embedded:
            return self._read(query, *args, **kwargs)
        return await self.read(query, *args, **kwargs)

    async def read_ahead(self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read`, in a thread that is kept free for it: for whoever signs the ledger, however much others read."""
        return await asyncio.get_running_loop().run_in_executor(
            self._kept_free, partial(self._read, query, *args, **kwargs)
        )

    def close(self) -> None:
        """Commit what waits, and let go of everything. Safe to call twice."""
        self._writer.close()
        self._readers.shutdown()
        self._kept_free.shutdown()
        for engine in self._engines:
            engine.dispose()
        self.blobs.close()

    def _read(self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with translated(self._fail):
            try:
                return self._read_once(query, *args, **kwargs)
            except DBAPIError as error:  # reading twice harms nobody
                if not may_try_again(error):
                    raise
            return self._read_once(query, *args, **kwargs)

    def _read_once(self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self._reader.connect() as connection:
            return query(connection, *args, **kwargs)

    async def _claim(self, sha256s: tuple[str, ...], at: datetime) -> tuple[str, ...]:
        return await self.write(Claim(sha256s, at))

    def small_blob(self, sha256: str) -> bytes | None:
        """An attachment that lies in the database; None where it does not."""
        return self._read(blob_data, sha256)

    def _fail(self, cause: str) -> None:
        self.failed = self.failed or cause
        self._writer.stop()


def _places(bucket: Bucket | None, files: FilePlace) -> Sequence[Place]:
    """Where large attachments may be; the first takes what is new. Files written before stay where they are."""
    return (files,) if bucket is None else (ObjectPlace(bucket), files)
