"""Whatever happens to a document is told through whichever doors the two sides use, and proven to both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.model.packet import BusinessType, StatusCode
from tests.house.source import TOP
from tests.http.doors.cells import ROWS, WAYS, Row, table
from tests.http.doors.desks import CARRIED
from tests.http.doors.scene import WHY, scene
from tests.http.town import awaited, town


def outcome(delivery: dict[str, Any]) -> str:
    asked = delivery["change"]
    return f"{asked['kind']} {asked['outcome']}" if asked else ""


@pytest.mark.parametrize("way", WAYS, ids="-".join)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@awaited
async def test_what_one_side_does_at_its_door_the_other_has_at_its_own(
    tmp_path: Path, row: Row, way: tuple[str, str]
) -> None:
    async with town(tmp_path) as place:
        here = await scene(place, *(way if row.by_sender else reversed(way)))
        await here.begin()
        told = await row.act(here)
        assert told is not None and (told.says, told.words) == (row.says, row.words)
        for one in (here.sender, here.addressee):
            seen = await here.standing(one)
            assert (seen["status"], outcome(seen)) == (row.status, row.change)
            assert (seen["processing"] or {"code": ""})["code"] == row.processing
            assert seen["change"] is None or seen["change"]["reason"] == WHY
            assert row.event in await here.evidence(one)
            assert set(row.entries) <= set(await here.proven(one))
        assert await here.sender.carried(here.dispatch_id) == CARRIED[row.status]
        assert await here.sender.take() == await here.addressee.take() == []
        if here.document is not None:
            assert await here.addressee.can_read(here.document) is row.readable


def test_the_page_has_a_cell_for_every_test() -> None:
    page = (TOP / "docs" / "two-doors.md").read_text(encoding="utf-8")
    assert table() in page, "write it anew: python -m tests.http.doors.cells"


def test_the_rows_are_all_codes_all_types_and_both_recalls() -> None:
    names = [row.name for row in ROWS]
    assert set(names) >= {*StatusCode, *(f"type{kind.value}" for kind in BusinessType)}
    assert {name.rpartition("-in-time")[0] for name in names} >= {"recall", "take-back"}
    assert len(set(names)) == len(names)
