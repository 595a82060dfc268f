"""The clerk's first page: what cannot wait comes first, nothing of others is seen, a stream tells of what is new."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.store.queries.desk import newest_event
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.console.test_way_in import said
from tests.http.console.visitor import Visitor, settle
from tests.http.town import FAR, PROVINCE, Town, awaited, town


@awaited
async def test_a_quiet_desk_says_that_nothing_waits(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        assert visitor.status == 200
        assert said(visitor, "console.clerk.today.nothing")
        assert said(visitor, "console.clerk.today.none_sent")


@awaited
async def test_what_an_addressee_refused_comes_first_with_its_reason(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        refused = await delivery_of(here, await sent(here, "G22.1", code_number="101"))
        await fetched(here, refused)
        await told(here, refused, "02", "Không thuộc thẩm quyền")
        await sent(here, "G22.2", to=(FAR,), code_number="102")
        await here.pass_(hours=26)
        visitor = await Visitor(here).enter("lan")
        assert said(visitor, "console.clerk.need.refused.ours.late")
        first = visitor.page.index("Không thuộc thẩm quyền")
        assert first < visitor.page.index("102/BKT-VP")
        assert said(visitor, "console.clerk.need.receipt.ours.late")


@awaited
async def test_what_came_waits_for_its_receipt_until_it_is_told(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        delivery = await delivery_of(here, await sent(here))
        visitor = await Visitor(here).enter("hoa")
        assert said(visitor, "console.clerk.need.receipt.theirs.soon")
        await fetched(here, delivery)
        await told(here, delivery, "03")
        assert said(await visitor.go("/today"), "console.clerk.today.nothing")
        assert said(visitor, "console.clerk.status.03")


@awaited
async def test_a_clerk_sees_the_papers_of_their_agencies_alone(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here, "G22.1", to=(FAR,), subject="Chuyện của nơi khác")
        visitor = await Visitor(here).enter("hoa")
        assert "Chuyện của nơi khác" not in visitor.page
        assert (await visitor.go(f"/today?agency={FAR}")).status == 404
        assert (await visitor.go(f"/today?agency={PROVINCE}")).status == 200
        assert (await (await Visitor(here).enter("minh")).go("/today")).status == 403


@awaited
async def test_a_stream_tells_that_something_is_new_and_goes_on_after_a_break(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
        seen: list[str] = []
        for document in ("G22.1", "G22.2"):  # the second comes while nobody listens
            await sent(here, document, code_number=f"10{document[-1]}")
            headers = cookies | ({"Last-Event-ID": seen[-1]} if seen else {})
            async with here.session.get(f"{here.url}/console/live?after=0", headers=headers) as answer:
                assert answer.status == 200
                async with asyncio.timeout(120):
                    async for line in answer.content:
                        if line.startswith(b"id: "):
                            seen.append(line.decode()[4:].strip())
                            break
        assert int(seen[0]) < int(seen[1])


async def _told_until(here: Town, cookies: dict[str, str], after: str, last: int) -> list[int]:
    """What a stream tells behind a change, up to the newest one; then it is cut."""
    seen: list[int] = []
    headers = cookies | {"Last-Event-ID": after}
    async with here.session.get(f"{here.url}/console/live?after=0", headers=headers) as answer, asyncio.timeout(120):
        async for line in answer.content:
            if line.startswith(b"id: "):
                seen.append(int(line[4:]))
                if seen[-1] >= last:
                    break
    return seen


@awaited
async def test_a_stream_cut_again_and_again_loses_nothing_and_tells_nothing_twice(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
        told, after = list[int](), await here.line.store.read(newest_event)
        for cut in range(4):
            for number in range(cut + 1):  # while nobody listens
                await sent(here, f"G22.{cut}{number}", code_number=f"1{cut}{number}")
            newest = await here.line.store.read(newest_event)
            seen = await _told_until(here, cookies, str(after), newest)
            assert seen[-1] == newest and min(seen) > after
            told, after = told + seen, seen[-1]
        assert told == sorted(set(told))
        assert await _told_until(here, cookies, str(told[0]), told[-1]) == [told[-1]], (
            "taken up earlier, to the end again"
        )


@awaited
async def test_a_stream_says_nothing_of_what_concerns_others(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("hoa")
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
        await sent(here, "G22.1", to=(FAR,))
        async with here.session.get(f"{here.url}/console/live?after=0", headers=cookies) as answer:
            got = b""
            for _ in range(3):
                got += await answer.content.readline()
            assert b"id:" not in got
        async with here.session.get(f"{here.url}/console/live") as nobody:
            assert nobody.status == 401
