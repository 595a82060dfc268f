"""Large content as objects of an S3-compatible store, through obstore.

Small objects are put on condition that there is none; large ones in parts, which the library cannot put on a condition,
so whether there is one is asked first, and writing the same bytes again does no harm. Bytes are read in ranges: no
request lasts as long as a slow reader. The bytes of a part are read from the staged file, so memory stays bounded.
The library is loaded by the functions that need it: 4 MB that a gateway without an object store never holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.places import Stored, digest_in, name_of
from gateway.store.staging import Staging
from gateway.trust.keys import load_password

PART_BYTES = 8 * 1024 * 1024
"""Of an object that is put in parts: S3 takes up to 10,000."""
PARTS_AT_ONCE = 2
PUTS_AT_ONCE = 4
"""With the parts of each, the memory that putting takes: 64 MiB."""
PIECE_BYTES = 4 * 1024 * 1024
"""Asked for at once from a large object."""
NAMES_PER_PAGE = 1_000
RETRY_AFTER_S = 30

CONNECT_TIMEOUT, REQUEST_TIMEOUT = timedelta(seconds=3), timedelta(seconds=30)
RETRIES_MAX, RETRY_TIMEOUT = 2, timedelta(seconds=20)

_BEHIND_ALL = "g"
"""Names are hexadecimal: behind this one there is none."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3-compatible store, and how to get in. What is left empty the environment says (AWS_...), or the machine."""

    url: str
    """s3://bucket/prefix"""
    endpoint: str = ""
    """https://...; plain http only where it says so. Empty: Amazon's."""
    region: str = ""
    access_key: str = ""
    secret_file: Path | None = None
    """The secret of the access key, in a file that only its owner can read."""


class ObjectPlace:
    """A bucket, or what lies under a prefix in it."""

    def __init__(self, bucket: Bucket) -> None:
        """Asks nothing of the network. ValueError for an address that is none, KeyFileError for the secret's file,
        Unavailable for credentials that cannot be any."""
        from obstore.store import S3Store

        address = urlsplit(bucket.url)
        if address.scheme != "s3" or not address.netloc:
            raise ValueError(f"not the address of a bucket (s3://bucket/prefix): {bucket.url}")
        said: dict[str, Any] = {
            "region": bucket.region,
            "endpoint": bucket.endpoint,
            "access_key_id": bucket.access_key,
        }
        if bucket.secret_file:
            said["secret_access_key"] = load_password(bucket.secret_file)
        with _faults():
            self._store = S3Store(
                address.netloc,
                prefix=address.path.strip("/") or None,
                client_options={
                    "connect_timeout": CONNECT_TIMEOUT,
                    "timeout": REQUEST_TIMEOUT,
                    "allow_http": bucket.endpoint.startswith("http:"),
                },
                retry_config={"max_retries": RETRIES_MAX, "retry_timeout": RETRY_TIMEOUT},
                **{name: value for name, value in said.items() if value},
            )
        self._puts = asyncio.Semaphore(PUTS_AT_ONCE)

    async def put(self, sha256: str, staging: Staging) -> None:
        assert staging.path is not None, "what is in memory goes into the database"
        file, name = staging.path, name_of(sha256)
        size_bytes = (await asyncio.to_thread(file.stat)).st_size
        async with self._puts:
            if size_bytes <= PART_BYTES and await self._put_where_none_is(name, file):
                return
            if await self.size(sha256) == size_bytes:
                return
            with _faults():
                await self._store.put_async(name, file, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
            if await self.size(sha256) != size_bytes:
                raise _unavailable(f"{name} is not whole after it was put")

    async def _put_where_none_is(self, name: str, file: Path) -> bool:
        """False where there is something of that name."""
        from obstore.exceptions import AlreadyExistsError

        with _faults():
            try:
                await self._store.put_async(name, file, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    async def size(self, sha256: str) -> int | None:
        with _faults(absent_too=False):
            try:
                return (await self._store.head_async(name_of(sha256)))["size"]
            except FileNotFoundError:
                return None

    def pieces(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        name = name_of(sha256)
        while start < stop:
            end = min(start + PIECE_BYTES, stop)
            with _faults(absent_too=False):
                piece = bytes(self._store.get_range(name, start=start, end=end))
            start += len(piece)
            yield piece

    async def destroy(self, sha256: str) -> None:
        with _faults(absent_too=False), suppress(FileNotFoundError):
            await self._store.delete_async(name_of(sha256))

    async def stored(self) -> AsyncIterator[Stored]:
        with _faults():
            async for page in self._store.list(chunk_size=NAMES_PER_PAGE):
                for one in page:
                    if (sha256 := digest_in(one["path"])) is not None:
                        yield Stored(sha256, one["size"], one["last_modified"])

    async def answers(self) -> bool:
        try:
            with _faults():
                async for _ in self._store.list(offset=_BEHIND_ALL):
                    pass
        except Unavailable:
            return False
        return True


@contextmanager
def _faults(*, absent_too: bool = True) -> Iterator[None]:
    """Translate what the library says: its first line names the request, never a secret.

    Not `absent_too`: that an object is not there is for the caller to hear as it is. (A bucket may be absent as well.)
    """
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, ValueError) as fault:
        if isinstance(fault, FileNotFoundError) and not absent_too:
            raise
        raise _unavailable(str(fault)) from fault


def _unavailable(cause: str) -> Unavailable:
    what = cause.strip().partition("\n")[0][:300]
    return Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=RETRY_AFTER_S, cause=f"object store: {what}")
