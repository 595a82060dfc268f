"""A place for large content: what a folder and an object store both do, and nothing that only one of them can.

Content is named by its SHA-256, so what is there already under a name is the same, and putting it again is success.
Names, and their order, are the same everywhere: a folder can be copied into a bucket and back by any program.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.store.staging import Staging


@dataclass(frozen=True, slots=True)
class Stored:
    """What a place has under a digest."""

    sha256: str
    size_bytes: int
    written_at: datetime


class Place(Protocol):
    """Where large content lies. Every method may raise Unavailable; content that is not there is no fault."""

    async def put(self, sha256: str, staging: Staging) -> None:
        """Take what is staged in a file, which is gone from there afterwards or may go. Durable when it returns."""
        ...

    async def size(self, sha256: str) -> int | None:
        """Bytes under a digest; None where there is nothing."""
        ...

    def pieces(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        """Bytes from `start` to (not including) `stop`, in pieces of bounded size; FileNotFoundError at the first
        where there is nothing. Waits for a disk or a network: to be drawn in a thread."""
        ...

    async def destroy(self, sha256: str) -> None:
        """Remove it for good. Success where there is nothing."""
        ...

    def stored(self) -> AsyncIterator[Stored]:
        """Everything there, in the order of its digests."""
        ...

    async def answers(self) -> bool:
        """Whether the place can be asked."""
        ...


_DIGEST = re.compile(r"[0-9a-f]{64}")


def name_of(sha256: str) -> str:
    """The name of content under its place."""
    return f"{sha256[:2]}/{sha256}"


def digest_in(name: str) -> str | None:
    """The digest of content by its name; None for a name that is nobody's of ours."""
    sha256 = name.rpartition("/")[2]
    return sha256 if _DIGEST.fullmatch(sha256) and name == name_of(sha256) else None
