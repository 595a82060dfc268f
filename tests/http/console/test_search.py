"""Finding documents in the console."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from gateway.exchange.indexing import index_more
from tests.http.console.papers import sent
from tests.http.console.test_way_in import said
from tests.http.console.visitor import Visitor, settle
from tests.http.town import DEPARTMENT, FAR, PROVINCE, Town, awaited, town


async def indexed(here: Town) -> None:
    while await index_more(here.line):
        pass


@awaited
async def test_a_document_is_found_with_and_without_diacritics_by_its_parties_alone(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        mine = await sent(here, "G22.1", code_number="101", subject="Về việc góp ý dự thảo Nghị định")
        other = await sent(here, "G22.2", to=(FAR,), code_number="102", subject="Về việc góp ý dự thảo Thông tư")
        await indexed(here)
        lan, hoa = await Visitor(here).enter("lan"), await Visitor(here).enter("hoa")
        for query in ("góp ý", "gop y", "GOP Ý dự", "bkt-vp", "ủy ban"):
            await lan.go(f"/search?q={quote(query)}")
            assert mine in lan.page, query
            assert (other in lan.page) == (query != "ủy ban"), query
            await hoa.go(f"/search?q={quote(query)}")
            assert mine in hoa.page and other not in hoa.page, query
        assert said(await lan.go("/search?q=g%C3%B3p+xyz"), "console.clerk.search.nothing")
        assert said(await lan.go("/search"), "console.clerk.search.start")


@awaited
async def test_day_direction_agency_kind_and_state_narrow_a_search(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        early = await sent(here, "G22.1", code_number="101")
        await here.pass_(hours=48)
        late = await sent(here, "G22.2", to=(DEPARTMENT,), code_number="102")
        await indexed(here)
        hoa = await Visitor(here).enter("hoa")
        for query, found in (
            ("way=received", {early, late}),
            ("way=sent", set()),
            ("since=2026-11-25", {late}),
            ("until=2026-11-24", {early}),
            ("since=2026-13-45&way=received", {early, late}),
            (f"agency={PROVINCE}&way=received", {early}),
            (f"other={quote('Bộ Kiểm thử')}", {early, late}),
            ("other=khong-co-co-quan-nay", set()),
            ("kind=1", set()),
            ("kind=0", {early, late}),
            ("state=queued", {early, late}),
            ("state=refused", set()),
            ("q=%E2%80%AE%00", set()),
        ):
            await hoa.go(f"/search?{query}")
            assert hoa.status == 200
            assert {one for one in (early, late) if one in hoa.page} == found, query
