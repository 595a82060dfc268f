"""An inventory of content: what the register names, beside what lies at the places, both in the order of digests.

Two ordered lists are walked side by side, so it takes the same memory for ten attachments and for ten million. The
gateway may run meanwhile: what looks wrong is looked at a second time before it is said.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import Store
from gateway.store.places import Place, Stored
from gateway.store.queries import contents
from gateway.store.queries.contents import Registered

ROWS_PER_READ = 1_000
HOLDERS_TOLD = 5


class Wrong(StrEnum):
    """What may be wrong with content."""

    MISSING = "missing"
    SIZE = "size"
    DAMAGED = "damaged"
    ERASED = "erased"
    """It was destroyed by the rules of retention, and is still there."""
    ORPHAN = "orphan"
    """No document speaks of it: left by a submission that was broken off, or about to be spoken of."""


HARMLESS = frozenset({Wrong.ORPHAN})


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Content that is not as the register says."""

    wrong: Wrong
    sha256: str
    size_bytes: int
    """As the register says; of an orphan, as it is."""
    written_at: datetime | None = None
    dispatches: tuple[str, ...] = ()
    """Some of those that have it as an attachment."""


@dataclass(slots=True)
class Count:
    """What was looked at."""

    contents: int = 0
    size_bytes: int = 0
    in_database: int = 0
    wrong: dict[Wrong, int] = field(default_factory=lambda: dict.fromkeys(Wrong, 0))

    @property
    def sound(self) -> bool:
        """Whether everything the register names is there, and nothing that was destroyed."""
        return not any(count for wrong, count in self.wrong.items() if wrong not in HARMLESS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One digest: what the register says of it, and what each place has."""

    sha256: str
    registered: Registered | None
    stored: tuple[Stored | None, ...]


async def inspect(store: Store, count: Count, *, deep: bool) -> AsyncIterator[Discrepancy]:
    """Everything that is not as it should be, in the order of digests; `count` grows meanwhile.

    `deep`: every byte is read and compared with its digest. Unavailable where a place cannot be asked.
    """
    async for entry in entries(store, store.blobs.places):
        if entry.registered is not None:
            count.contents += 1
            count.size_bytes += entry.registered.size_bytes
            count.in_database += entry.registered.inline_bytes is not None
        wrong = _wrong(entry) or (await asyncio.to_thread(_damage, store, entry) if deep else None)
        if wrong is not None and (found := await _again(store, entry.sha256, wrong)) is not None:
            count.wrong[found.wrong] += 1
            yield found


async def orphans(store: Store, place: Place, written_before: datetime) -> AsyncIterator[str]:
    """Digests of what a place has and no document speaks of, written before then."""
    async for entry in entries(store, (place,)):
        (stored,) = entry.stored
        if entry.registered is None and stored is not None and stored.written_at < written_before:
            yield entry.sha256


async def entries(store: Store, places: Sequence[Place]) -> AsyncIterator[Entry]:
    """The register and the places side by side."""
    lists: list[AsyncIterator[Registered] | AsyncIterator[Stored]] = [_registered(store)]
    lists += [_in_order(place.stored()) for place in places]
    heads: list[Registered | Stored | None] = [await anext(one, None) for one in lists]
    while waiting := [head.sha256 for head in heads if head is not None]:
        sha256 = min(waiting)
        row = [head if head is not None and head.sha256 == sha256 else None for head in heads]
        yield Entry(
            sha256,
            row[0] if isinstance(row[0], Registered) else None,
            tuple(one if isinstance(one, Stored) else None for one in row[1:]),
        )
        for number, taken in enumerate(row):
            if taken is not None:
                heads[number] = await anext(lists[number], None)


async def _registered(store: Store) -> AsyncIterator[Registered]:
    after = ""
    while page := await store.read(contents.registered, after, ROWS_PER_READ):
        for one in page:
            yield one
        after = page[-1].sha256


async def _in_order(stored: AsyncIterator[Stored]) -> AsyncIterator[Stored]:
    """Unavailable where a store lists its objects in another order: side by side they would all look lost."""
    before = ""
    async for one in stored:
        if one.sha256 <= before:
            raise Unavailable(Reason.STORE_UNAVAILABLE, cause="the object store does not list its objects in order")
        before = one.sha256
        yield one


def _wrong(entry: Entry) -> Wrong | None:
    """What the lists show."""
    registered, sizes = entry.registered, [one.size_bytes for one in entry.stored if one is not None]
    if registered is None:
        return Wrong.ORPHAN
    if registered.inline_bytes is not None:
        sizes = [registered.inline_bytes]
    if not sizes:
        return Wrong.MISSING
    return None if sizes[0] == registered.size_bytes else Wrong.SIZE


def _damage(store: Store, entry: Entry) -> Wrong | None:
    """What reading shows; each place that has the content is read."""
    if entry.registered is None:
        return None
    pieces: list[Iterator[bytes]] = [
        place.pieces(entry.sha256, 0, stored.size_bytes)
        for place, stored in zip(store.blobs.places, entry.stored, strict=True)
        if stored is not None
    ]
    if entry.registered.inline_bytes is not None:
        pieces = [iter((store.small_blob(entry.sha256) or b"",))]
    return None if all(_digest(one) == entry.sha256 for one in pieces) else Wrong.DAMAGED


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    try:
        for piece in pieces:
            digest.update(piece)
    except FileNotFoundError:  # it went meanwhile: the second look tells why
        return ""
    return digest.hexdigest()


async def _again(store: Store, sha256: str, wrong: Wrong) -> Discrepancy | None:
    """The second look: what is still wrong now that what was under way is over."""
    registered = await store.read(contents.registered_as, sha256)
    size_bytes = await store.blobs.size(sha256)
    if registered is None:
        if size_bytes is None:
            return None
        erased = await store.read(contents.was_erased, sha256)
        return Discrepancy(Wrong.ERASED if erased else Wrong.ORPHAN, sha256, size_bytes)
    found = registered.inline_bytes if registered.inline_bytes is not None else size_bytes
    if found == registered.size_bytes and wrong is not Wrong.DAMAGED:
        return None
    if found != registered.size_bytes:
        wrong = Wrong.MISSING if found is None else Wrong.SIZE
    holders = await store.read(contents.holders, sha256, HOLDERS_TOLD)
    return Discrepancy(wrong, sha256, registered.size_bytes, dispatches=holders)
