"""Both places of large content, by the same tests: files of a folder, objects of an S3-compatible store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store.file_place import FilePlace
from gateway.store.object_place import PART_BYTES, PIECE_BYTES, Bucket, ObjectPlace
from gateway.store.places import Place, Stored, digest_in, name_of
from gateway.store.staging import Staging
from gateway.trust.keys import KeyFileError
from tests.seaweed import Seaweed
from tests.store.samples import sha256

SMALL = b"ten bytes!"
LARGE = os.urandom(PART_BYTES + 100_000)


@pytest.fixture(params=["files", "objects"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind."""
    if request.param == "objects":
        seaweed: Seaweed = request.getfixturevalue("seaweed")
        return ObjectPlace(seaweed.bucket())
    (tmp_path / "blobs").mkdir()
    return FilePlace(tmp_path / "blobs", pytest.fail)


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[bytes], Staging]:
    def stage(data: bytes) -> Staging:
        staging = Staging(tmp_path, 0)
        staging.write(data)
        return staging

    return stage


async def stored(place: Place) -> list[Stored]:
    return [one async for one in place.stored()]


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["one part", "several parts"])
def test_what_was_put_is_there_once_however_often_it_is_put(
    place: Place, staged: Callable[[bytes], Staging], data: bytes
) -> None:
    async def story() -> None:
        digest = sha256(data)
        for _ in range(2):
            staging = staged(data)
            await place.put(digest, staging)
            staging.drop()
        assert await place.size(digest) == len(data)
        assert b"".join(place.pieces(digest, 0, len(data))) == data
        (one,) = await stored(place)
        assert (one.sha256, one.size_bytes) == (digest, len(data))

    asyncio.run(story())


def test_a_stretch_is_read_in_pieces_of_bounded_size(place: Place, staged: Callable[[bytes], Staging]) -> None:
    asyncio.run(place.put(sha256(LARGE), staged(LARGE)))
    for start, stop in ((0, 1), (1, PIECE_BYTES + 2), (len(LARGE) - 5, len(LARGE)), (7, 7)):
        pieces = list(place.pieces(sha256(LARGE), start, stop))
        assert b"".join(pieces) == LARGE[start:stop]
        assert all(len(piece) <= PIECE_BYTES for piece in pieces)


def test_what_is_not_there_is_no_fault(place: Place) -> None:
    async def story() -> None:
        assert await place.size(sha256(SMALL)) is None
        await place.destroy(sha256(SMALL))
        assert await place.answers()

    asyncio.run(story())
    with pytest.raises(FileNotFoundError):
        next(place.pieces(sha256(SMALL), 0, 10))


def test_what_is_destroyed_is_gone(place: Place, staged: Callable[[bytes], Staging]) -> None:
    async def story() -> None:
        await place.put(sha256(SMALL), staged(SMALL))
        await place.destroy(sha256(SMALL))
        assert await place.size(sha256(SMALL)) is None
        assert await stored(place) == []

    asyncio.run(story())


def test_everything_is_listed_in_the_order_of_digests(place: Place, staged: Callable[[bytes], Staging]) -> None:
    async def story() -> None:
        contents = [b"%d" % number for number in range(40)]
        await asyncio.gather(*(place.put(sha256(one), staged(one)) for one in contents))
        assert [one.sha256 for one in await stored(place)] == sorted(map(sha256, contents))

    asyncio.run(story())


def test_an_object_that_is_not_whole_is_put_anew(seaweed: Seaweed, staged: Callable[[bytes], Staging]) -> None:
    async def story() -> None:
        place = ObjectPlace(seaweed.bucket())
        await place.put(sha256(SMALL), staged(SMALL[:-1]))
        await place.put(sha256(SMALL), staged(SMALL))
        assert b"".join(place.pieces(sha256(SMALL), 0, len(SMALL))) == SMALL

    asyncio.run(story())


def test_strange_names_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    place = FilePlace(tmp_path, pytest.fail)
    digest = sha256(SMALL)
    for name in ("ab/readme", f"ab/{digest}", "incoming/x", "uploads/y", "lost+found/z"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert asyncio.run(stored(place)) == []
    assert digest_in(name_of(digest)) == digest
    assert digest_in(f"zz/{digest}") is digest_in("readme") is None


def test_a_store_away_or_that_lets_nobody_in_is_unavailable_and_no_secret_is_told(
    seaweed: Seaweed, staged: Callable[[bytes], Staging], tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("another-secret")
    (tmp_path / "wrong").chmod(0o600)
    known = seaweed.bucket()
    nowhere = Bucket(known.url, "http://127.0.0.1:9", "us-east-1", known.access_key, known.secret_file)
    stranger = Bucket(known.url, known.endpoint, known.region, known.access_key, tmp_path / "wrong")

    async def refused(bucket: Bucket) -> None:
        place = ObjectPlace(bucket)
        assert not await place.answers()
        with pytest.raises(Unavailable) as no:
            await place.put(sha256(SMALL), staged(SMALL))
        assert no.value.reason is Reason.STORE_UNAVAILABLE
        assert "secret" not in no.value.cause
        assert "\n" not in no.value.cause

    asyncio.run(refused(nowhere))
    asyncio.run(refused(stranger))
    nothing = ObjectPlace(replace(known, url="s3://no-such-bucket/x"))  # this server would make it at the first object
    assert asyncio.run(nothing.answers()) is False


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(KeyFileError):
        ObjectPlace(Bucket("s3://truc", access_key="k", secret_file=tmp_path / "secret"))


@pytest.mark.parametrize("url", ["https://truc/x", "s3:", "truc"])
def test_what_is_no_address_of_a_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://"):
        ObjectPlace(Bucket(url))
