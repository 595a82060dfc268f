"""A document between two agencies, each at a door of its own: what one does, the other reads, and both can prove."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from gateway.exchange.lifecycle import Telling
from gateway.ledger import check_case
from gateway.ledger.evidence import read_evidence
from gateway.model.packet import Business, BusinessType, Replacement
from gateway.trust import verify_countersigned
from tests.http.axis.places import file, lenient
from tests.http.doors.desks import AxisDesk, NativeDesk, Told, desk
from tests.http.town import DOCUMENT_ID, MINISTRY, PROVINCE, Town
from tests.pki import pki

LATER_ID = f"{MINISTRY},2026/11/20,7817/BKT-VP"
WHY, ANSWER = "Gửi nhầm nơi nhận", "Văn thư báo: số đến 412"


@dataclass
class Scene:
    """A ministry that sends, a province that receives."""

    place: Town
    sender: AxisDesk | NativeDesk
    addressee: AxisDesk | NativeDesk
    dispatch_id: str = ""
    document: Told | None = None
    """As the province read it; None before that."""

    async def begin(self) -> None:
        """The document is handed in."""
        self.dispatch_id = await self.sender.send(file())

    async def collect(self) -> Told:
        """The province reads the document and says that it has it."""
        (self.document,) = await self.addressee.take()
        self.place.clock.pass_(seconds=1)
        return self.document

    async def change(self, kind: BusinessType) -> Told | None:
        """The ministry changes its document by another one; what the province reads of it."""
        replaced = (Replacement(DOCUMENT_ID),) if kind is BusinessType.REPLACE else ()
        business = Business(kind, WHY, document_id=None if replaced else DOCUMENT_ID, replacements=replaced)
        await self.sender.send(file(document_id=LATER_ID, code_number="7817", business=business, sealed=False))
        return next(iter(await self.addressee.take()), None)

    async def ask_back(self) -> Told | None:
        """The ministry asks its document back by status 13; what the province reads of it."""
        await self.sender.ask_back(self.dispatch_id, DOCUMENT_ID, PROVINCE, WHY)
        return next(iter(await self.addressee.take()), None)

    async def report(self, code: str) -> Told:
        """The province says what it did; what the ministry reads of it."""
        assert self.document is not None
        self.place.clock.pass_(seconds=1)
        await self.addressee.report(self.document, MINISTRY, code, ANSWER)
        (told,) = await self.sender.take()
        return told

    async def told_that_it_never_left(self) -> Told:
        """What the ministry reads after it asked back by status what had not left."""
        assert await Telling(self.place.line).once()
        (told,) = await self.sender.take()
        return told

    async def standing(self, one: AxisDesk | NativeDesk) -> dict[str, Any]:
        """The delivery as the register shows it to an agency."""
        status, body, _ = await self.place.ask("GET", f"/v1/dispatches/{self.dispatch_id}", one.token)
        assert status == 200, body
        (delivery,) = json.loads(body)["deliveries"]
        assert isinstance(delivery, dict)
        return delivery

    async def evidence(self, one: AxisDesk | NativeDesk) -> list[str]:
        """The events an agency has sealed evidence of, each document read."""
        _, body, _ = await self.place.ask("GET", f"/v1/dispatches/{self.dispatch_id}/evidence", one.token)
        listed = json.loads(body)["evidence"]
        for row in listed:
            _, xml, _ = await self.place.ask("GET", row["document"], one.token)
            facts = read_evidence(verify_countersigned(xml, pki().gateway.der))
            assert (facts.event, facts.index, facts.dispatch) == (row["event"], row["index"], self.dispatch_id)
        return [row["event"] for row in listed]

    async def proven(self, one: AxisDesk | NativeDesk) -> list[str]:
        """The kinds of ledger entries in the case an agency gets, after the case was checked."""
        status, case, _ = await self.place.ask("GET", f"/v1/dispatches/{self.dispatch_id}/proof", one.token)
        assert status == 200, case
        report = check_case(case, self.place.line.notary.key.vkey)
        assert report.holds, [problem.text("en") for problem in report.wrong]
        return [fact.code.partition(".")[2] for fact in report.proven if "index" in dict(fact.values)]


async def scene(place: Town, sender_door: str, addressee_door: str) -> Scene:
    """The scene before anything happened, in a time of transition: the SDK seals nothing."""
    lenient(place)
    return Scene(
        place, await desk(place, sender_door, "bo", MINISTRY), await desk(place, addressee_door, "tinh", PROVINCE)
    )


Act = Callable[[Scene], Awaitable[Told | None]]
