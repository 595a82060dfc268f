"""Large content as files of a folder.

A file is written beside its place, flushed, renamed, and its folder flushed; only then may a dispatch speak of it. A
thief of the folder reads documents; a vandal's change is found, because every reader knows the digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gateway.store.durable import disk_faults, flush_folder
from gateway.store.places import Stored, digest_in, name_of
from gateway.store.staging import Staging

PIECE_BYTES = 256 * 1024
"""Read at once from a file."""


class FilePlace:
    """A folder of this machine, or one that several machines share."""

    def __init__(self, folder: Path, fail: Callable[[str], None]) -> None:
        """`fail` hears of a failed flush."""
        self._folder = folder
        self._fail = fail

    def path(self, sha256: str) -> Path:
        """Where content is, or would be."""
        return self._folder / name_of(sha256)

    async def put(self, sha256: str, staging: Staging) -> None:
        await asyncio.to_thread(self._put, sha256, staging)

    async def size(self, sha256: str) -> int | None:
        return await asyncio.to_thread(self._size, sha256)

    def pieces(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        path = self.path(sha256)
        with disk_faults(absent_too=False), path.open("rb") as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE_BYTES, stop - start))):
                start += len(piece)
                yield piece

    async def destroy(self, sha256: str) -> None:
        await asyncio.to_thread(self._destroy, sha256)

    async def stored(self) -> AsyncIterator[Stored]:
        for shard in await asyncio.to_thread(self._shards):
            for one in await asyncio.to_thread(self._shard, shard):
                yield one

    async def answers(self) -> bool:
        return True  # whether the disk works is known from the writing of everything else

    def _put(self, sha256: str, staging: Staging) -> None:
        """Safe to repeat and to race with itself."""
        assert staging.path is not None, "what is in memory goes into the database"
        place = self.path(sha256)
        with disk_faults(self._fail):
            staging.flush()
            with suppress(FileExistsError):
                place.parent.mkdir(mode=0o700)
            # Flushed even where the folder was there: whoever made it may not have come that far.
            flush_folder(self._folder)
            staging.path.rename(place)
            staging.drop()  # two names of one file: renaming one to the other leaves both
            flush_folder(place.parent)

    def _size(self, sha256: str) -> int | None:
        with disk_faults():
            try:
                return self.path(sha256).stat().st_size
            except FileNotFoundError:
                return None

    def _destroy(self, sha256: str) -> None:
        place = self.path(sha256)
        with disk_faults(self._fail), suppress(FileNotFoundError):
            place.unlink()
            flush_folder(place.parent)

    def _shards(self) -> list[str]:
        with disk_faults():
            return sorted(one.name for one in self._folder.iterdir() if len(one.name) == 2 and one.is_dir())

    def _shard(self, name: str) -> list[Stored]:
        """What one of the 256 folders holds. A file that goes meanwhile is none of it."""
        found = []
        with disk_faults():
            for path in sorted((self._folder / name).iterdir()):
                sha256 = digest_in(f"{name}/{path.name}")
                with suppress(FileNotFoundError):
                    seen = path.stat()
                    if sha256 is not None:
                        found.append(Stored(sha256, seen.st_size, datetime.fromtimestamp(seen.st_mtime, UTC)))
        return found
