"""Who follows the ledger goes past no entry that cannot be read: the gateway ends, and says which it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from gateway.exchange import activity, indexing
from gateway.exchange.line import Line
from gateway.model.reasons import Reason
from gateway.store import RecordRefusal, StoreNotice, queries
from tests.exchange.conftest import Story, file_of
from tests.http.town import awaited


@pytest.mark.parametrize("follow", [indexing.index_more, activity.count])
@pytest.mark.parametrize("written", [b"", b"\xff\n", b"an entry of another release\nkind: later\n"])
def test_an_entry_that_cannot_be_read_is_named_and_nothing_behind_it_is_taken(
    story: Story, follow: Callable[[Line], Awaitable[bool]], written: bytes
) -> None:
    @awaited
    async def tell() -> None:
        line = story.line
        await story.submit(file_of())
        while await follow(line):
            pass
        at = line.clock()
        size = (await line.store.read(queries.ledger_head)).size
        await line.store.write(RecordRefusal("bo", "0" * 64, Reason.XML_MALFORMED, at, written))
        await story.submit(file_of("G22.2", code_number="7817"))
        for _ in range(2):
            with pytest.raises(StoreNotice) as notice:
                await follow(line)
            assert (notice.value.key, notice.value.values) == ("ledger.entry_damaged", {"index": str(size)})
        assert f"bản ghi {size} của sổ cái" in notice.value.message("vi")

    tell()
