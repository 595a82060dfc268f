"""Changes from the axis's door whose receivers are not those of the document: who gets what, at either door."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.model.packet import Business, BusinessType, Receiver, Replacement
from tests.http.axis.places import file, lenient
from tests.http.doors.desks import AxisDesk, NativeDesk, desk
from tests.http.doors.scene import LATER_ID, WHY
from tests.http.town import DOCUMENT_ID, FAR, MINISTRY, PROVINCE, Town, awaited, town


class Three:
    """A ministry and a province at the axis's door, a far agency at the native one."""

    ministry: AxisDesk | NativeDesk
    province: AxisDesk | NativeDesk
    far: AxisDesk | NativeDesk

    async def sit_down(self, place: Town) -> Three:
        lenient(place)
        self.place = place
        self.ministry = await desk(place, "axis", "bo", MINISTRY)
        self.province = await desk(place, "axis", "tinh", PROVINCE)
        self.far = await desk(place, "native", "xa", FAR)
        return self

    async def change(self, business: Business, to: tuple[str, ...]) -> str:
        return await self.ministry.send(
            file(document_id=LATER_ID, code_number="7817", business=business, to=to, sealed=False)
        )

    async def shown(self, dispatch_id: str) -> dict[str, tuple[str, str]]:
        """By addressee: where the delivery stands, and what was asked and what came of it."""
        _, body, _ = await self.place.ask("GET", f"/v1/dispatches/{dispatch_id}")
        asked = {one["addressee"]: (one["status"], one["change"]) for one in json.loads(body)["deliveries"]}
        return {
            key: (status, f"{change['kind']} {change['outcome']}" if change else "")
            for key, (status, change) in asked.items()
        }


@awaited
async def test_a_recall_is_for_those_it_is_sent_to(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        here = await Three().sit_down(place)
        sent = await here.ministry.send(file(to=(PROVINCE, FAR)))
        (document,) = await here.far.take()
        await here.change(Business(BusinessType.RECALL, WHY, document_id=DOCUMENT_ID), (FAR,))
        assert await here.shown(sent) == {PROVINCE: ("queued", ""), FAR: ("acknowledged", "recall pending")}
        (asked,) = await here.far.take()
        assert (asked.says, asked.words) == ("type 1", WHY)
        place.clock.pass_(seconds=1)
        await here.far.report(document, MINISTRY, "15", "Đã hủy")
        (answer,) = await here.ministry.take()
        assert (answer.of, answer.says, answer.words) == (DOCUMENT_ID, "15", "Đã hủy")
        assert (await here.shown(sent))[FAR] == ("acknowledged", "recall done")
        assert not await here.far.can_read(document)
        assert [one.of for one in await here.province.take()] == [DOCUMENT_ID]


@awaited
async def test_an_update_adds_one_and_takes_another_off(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        here = await Three().sit_down(place)
        sent = await here.ministry.send(file())
        (document,) = await here.province.take()
        receivers = (Receiver(FAR, "0"), Receiver(PROVINCE, "1"))
        business = Business(BusinessType.UPDATE, WHY, document_id=DOCUMENT_ID, receivers=receivers)
        told = await here.change(business, (FAR,))
        assert (await here.shown(told)).keys() == {FAR}
        assert await here.shown(sent) == {PROVINCE: ("acknowledged", "recall pending")}
        assert [one.says for one in await here.far.take()] == ["type 2"]
        assert await here.province.take() == []
        place.clock.pass_(seconds=1)
        await here.province.report(document, MINISTRY, "16", "Đã chuyển xử lý")
        (answer,) = await here.ministry.take()
        assert (answer.says, answer.words) == ("16", "Đã chuyển xử lý")
        assert await here.shown(sent) == {PROVINCE: ("acknowledged", "recall refused")}
        assert await here.province.can_read(document)


@awaited
async def test_a_replacement_is_for_those_it_names(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        here = await Three().sit_down(place)
        sent = await here.ministry.send(file(to=(PROVINCE, FAR)))
        await here.province.take()
        old = (Replacement(DOCUMENT_ID, (FAR,)),)
        await here.change(Business(BusinessType.REPLACE, WHY, replacements=old), (PROVINCE, FAR))
        assert await here.shown(sent) == {PROVINCE: ("acknowledged", ""), FAR: ("withdrawn", "replace withdrawn")}
        assert [(one.of, one.says) for one in await here.far.take()] == [(LATER_ID, "type 3")]
        assert [(one.of, one.says) for one in await here.province.take()] == [(LATER_ID, "type 3")]
