"""Never a smaller or another tree: what was once signed is refused to be unsigned, whatever the database says."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.exchange import sequencer
from gateway.exchange.keeping import Keeping
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import Checkpoint, leaf_hash
from gateway.store import Store, StoreNotice, queries
from gateway.store.last_signed import LastSigned
from tests.exchange.conftest import Story
from tests.http.town import awaited
from tests.store.samples import admit


def guarded(story: Story, folder: Path) -> Story:
    """The same story with the file beside the key."""
    keeping = Keeping(last_signed=LastSigned(folder / "ledger.signed"))
    return Story(replace(story.line, keeping=keeping), story.clock)


async def told(story: Story) -> str:
    with pytest.raises(StoreNotice) as notice:
        await sequencer.check(story.line)
    with pytest.raises(StoreNotice) as again:
        await Sequencer(story.line).once()
    assert again.value.key == notice.value.key
    return notice.value.key


@awaited
async def test_each_signature_is_remembered_before_it_is_made(story: Story, tmp_path: Path) -> None:
    here = guarded(story, tmp_path)
    for number in range(3):
        await here.line.store.write(admit(number))
        await here.seal()
        signed = await here.line.store.read(queries.tree)
        assert await sequencer.last_signed(here.line) == Checkpoint("truc.test/ledger", signed.size, signed.root)
    await sequencer.check(here.line)


@awaited
async def test_a_database_rolled_back_to_a_backup_is_refused(story: Story, tmp_path: Path) -> None:
    """Yesterday's copy of the database under today's key."""
    here = guarded(story, tmp_path)
    await here.line.store.write(admit(1))
    await here.seal()
    mark = (tmp_path / "ledger.signed").read_bytes()
    for number in range(2, 5):
        await here.line.store.write(admit(number))
        await here.seal()
    tree = await here.line.store.read(queries.tree)
    ahead = Checkpoint("truc.test/ledger", tree.size + 2, bytes(32))
    (tmp_path / "ledger.signed").write_bytes(ahead.text())
    assert await told(here) == "ledger.rolled_back"
    (tmp_path / "ledger.signed").write_bytes(mark)
    await sequencer.check(here.line)  # an older file is no contradiction


@awaited
async def test_a_second_gateway_with_the_same_key_is_refused(story: Story, tmp_path: Path) -> None:
    """It shares the keys, not the database: whoever signs second finds another tree than its own."""
    here = guarded(story, tmp_path)
    await here.line.store.write(admit(1))
    await here.line.store.write(admit(2))
    await here.seal()
    tree = await here.line.store.read(queries.tree)
    file = tmp_path / "ledger.signed"
    for size in (1, tree.size):
        file.write_bytes(Checkpoint("truc.test/ledger", size, bytes(32)).text())
        assert await told(here) == "ledger.other_tree"
    await here.line.store.write(admit(3))
    file.write_bytes(Checkpoint("truc.test/ledger", tree.size + 1, bytes(32)).text())
    assert await told(here) == "ledger.other_tree"
    file.write_bytes(Checkpoint("other.test/ledger", tree.size, tree.root).text())
    assert await told(here) == "ledger.mark_of_another"
    assert await here.line.store.read(queries.tree) == tree, "nothing was signed meanwhile"


@awaited
async def test_a_crash_between_the_file_and_the_database_goes_on_where_it_stopped(story: Story, tmp_path: Path) -> None:
    """The file is ahead of the checkpoint that was never kept; the entries are all there."""
    here = guarded(story, tmp_path)
    for number in range(3):
        await here.line.store.write(admit(number))
    await here.seal()
    tree = await here.line.store.read(queries.tree)
    await here.line.store.write(admit(4))
    entry = await here.line.store.read(queries.entries, tree.size, 1)
    grown = tree.grow([leaf_hash(one) for one in entry]).tree
    (tmp_path / "ledger.signed").write_bytes(Checkpoint("truc.test/ledger", grown.size, grown.root).text())
    await sequencer.check(here.line)
    await here.line.store.write(admit(5))
    await here.seal()
    assert (await here.line.store.read(queries.tree)).size == grown.size + 1


@awaited
async def test_two_sequencers_that_share_the_keys_and_the_database_keep_one_ledger(
    story: Story, tmp_path: Path
) -> None:
    here = guarded(story, tmp_path)
    rivals = [Sequencer(here.line) for _ in range(3)]
    for number in range(6):
        await here.line.store.write(admit(number))
        await asyncio.gather(*(rival.once() for rival in rivals))
    await here.seal()
    assert (await here.line.store.read(queries.ledger_head)).tree_size == 6
    await sequencer.check(here.line)


def test_yesterdays_database_under_todays_key_ends_the_gateway_at_its_start(
    story: Story, sqlite_url: str, tmp_path: Path
) -> None:
    """With whole files, as an operator would restore them."""

    async def day(url: str, documents: range) -> None:
        store = Store.open(url, tmp_path / "blobs")
        try:
            line = replace(story.line, store=store, keeping=Keeping(last_signed=LastSigned(tmp_path / "day.signed")))
            await sequencer.check(line)
            for number in documents:
                await store.write(admit(number))
            await Sequencer(line).once()
        finally:
            store.close()

    database = Path(sqlite_url.removeprefix("sqlite:///"))
    asyncio.run(day(sqlite_url, range(3)))
    shutil.copy(database, tmp_path / "yesterday.db")
    asyncio.run(day(sqlite_url, range(3, 5)))
    with pytest.raises(StoreNotice) as notice:
        asyncio.run(day(f"sqlite:///{tmp_path / 'yesterday.db'}", range(5, 6)))
    assert notice.value.key == "ledger.rolled_back"
