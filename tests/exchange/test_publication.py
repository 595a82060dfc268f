"""The ledger as files: complete before its checkpoint, never written twice, mirrored by a copy, caught up with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.exchange.publication import Publisher
from gateway.ledger import NoteKey, open_checkpoint
from gateway.ledger.survey import survey
from gateway.ledger.tiles import Resource, resources
from gateway.store import StoreNotice
from gateway.store.publication import OtherBytesError, Publication
from tests.exchange.conftest import Story
from tests.http.test_ledger import grown
from tests.http.town import awaited
from tests.ledger.ledgers import flipped, note_signer
from tests.ledger.publications import note_of, published


@pytest.fixture
def kept(story: Story) -> Story:
    """The story under the key of the ledgers made here."""
    return Story(replace(story.line, notary=note_signer()), story.clock)


def sound(folder: Path, key: NoteKey) -> int:
    """Entries of the ledger in a folder, everything recomputed."""
    checkpoint = open_checkpoint((folder / "checkpoint").read_bytes(), key)

    def read(one: Resource) -> bytes | None:
        path = folder / one.path
        return path.read_bytes() if path.is_file() else None

    assert list(survey(checkpoint.size, checkpoint.root, read, lambda _: None)) == []
    return checkpoint.size


@awaited
async def test_every_size_published_is_whole_and_partial_forms_go_when_nobody_needs_them(
    kept: Story, tmp_path: Path
) -> None:
    line, folder = kept.line, tmp_path / "published"
    publisher = Publisher(line, folder)
    assert not await publisher.once()
    for size in (3, 255, 256, 300, 900):
        await grown(line.store, size)
        assert await publisher.once()
        assert sound(folder, line.notary.key) == size
        assert not await publisher.once(), "nothing is new"
        shutil.copytree(folder, tmp_path / f"mirror-{size}")
        assert sound(tmp_path / f"mirror-{size}", line.notary.key) == size
    partial = {str(one.relative_to(folder)) for one in folder.rglob("*.p")}
    assert "tile/0/000.p" not in partial and "tile/0/003.p" in partial
    assert not list((folder / ".incoming").iterdir())


@awaited
async def test_a_publisher_that_was_away_or_died_anywhere_catches_up(kept: Story, tmp_path: Path) -> None:
    line, folder = kept.line, tmp_path / "published"
    await grown(line.store, 10)
    await Publisher(line, folder).once()
    tree = await grown(line.store, 800)
    left = {one.path: data for one, data in zip(resources(10, 800), read_all(800, resources(10, 800)), strict=True)}
    for count in range(0, len(left), 2):  # died after so many files, with half of one in the anteroom
        torn = tmp_path / f"torn-{count}"
        shutil.copytree(folder, torn)
        for path in list(left)[:count]:
            (torn / path).parent.mkdir(parents=True, exist_ok=True)
            (torn / path).write_bytes(left[path])
        (torn / ".incoming" / "resource").write_bytes(b"half")
        assert sound(torn, line.notary.key) == 10
        assert await Publisher(line, torn).once()
        assert sound(torn, line.notary.key) == tree.size


def read_all(size: int, ones: object) -> list[bytes]:
    files, _ = published(size)
    return [files[one.path] for one in ones]  # type: ignore[attr-defined]


@awaited
async def test_a_folder_of_another_ledger_is_not_written_to(kept: Story, tmp_path: Path) -> None:
    line, folder = kept.line, tmp_path / "published"
    await grown(line.store, 300)
    for note in (note_of(published(200, seed=5)[1]), note_of(published(301)[1]), b"nothing"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "checkpoint").write_bytes(note)
        with pytest.raises(StoreNotice) as told:
            await Publisher(line, folder).once()
        assert told.value.key == "ledger.publish_other"
        assert (folder / "checkpoint").read_bytes() == note


@awaited
async def test_a_published_file_that_was_changed_is_told_and_not_mended(kept: Story, tmp_path: Path) -> None:
    line, folder = kept.line, tmp_path / "published"
    await grown(line.store, 300)
    place = folder / "tile" / "0" / "000"
    place.parent.mkdir(parents=True)
    place.write_bytes(flipped(published(300)[0]["tile/0/000"], 77))
    with pytest.raises(StoreNotice) as told:
        await Publisher(line, folder).once()
    assert told.value.key == "ledger.publish_other_file" and str(place) in told.value.message("vi")
    assert not (folder / "checkpoint").exists()


def test_nothing_that_is_published_is_ever_replaced(tmp_path: Path) -> None:
    publication = Publication(tmp_path)
    assert publication.open() is None
    publication.put([(Resource(0, 0, 1), b"a" * 32)])
    publication.put([(Resource(0, 0, 1), b"a" * 32)])
    with pytest.raises(OtherBytesError):
        publication.put([(Resource(0, 0, 1), b"b" * 32)])
    assert (tmp_path / "tile" / "0" / "000.p" / "1").read_bytes() == b"a" * 32
    assert [one.name for one in (tmp_path / "tile").rglob("*") if one.is_file()] == ["1"]
