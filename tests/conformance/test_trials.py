"""Trials for a client system: one that does everything passes them all, each thing done wrong fails its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from gateway.conformance import papers
from gateway.conformance.axis import AxisPartner
from gateway.conformance.play import Outcome, Result
from gateway.conformance.sandbox import Sandbox, sandbox
from gateway.conformance.trials import TRIALS, hold_trials
from gateway.demo.papers import read
from gateway.model.packet import BusinessType, Document, Organ, Status, StatusCode
from tests.http.town import awaited


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Vendor:
    """A vendor's system, good but for its faults."""

    partner: AxisPartner
    box: Sandbox
    faults: frozenset[str]
    seen: set[str] = field(default_factory=set)
    number: int = 0

    async def work(self) -> None:
        await self.send_and_take_back()
        while True:
            for kind in ("edoc", "status"):
                for doc_id in await self.partner.waiting(kind):
                    if doc_id not in self.seen:
                        self.seen.add(doc_id)
                        await self.take(doc_id)
            await asyncio.sleep(0.05)

    async def take(self, doc_id: str) -> None:
        said = read(await self.partner.fetch(doc_id)).content
        if "never confirms" not in self.faults:
            await self.partner.confirm(doc_id)
        if isinstance(said, Status):
            if said.status_code == StatusCode.TAKE_BACK and "ignores 13" not in self.faults:
                await self.report(said.response_for.document_id, StatusCode.CHANGE_AGREED, "Đồng ý")
        elif said.business_type is BusinessType.RECALL:
            await self.report(said.change_target, StatusCode.CHANGE_AGREED, "Đã hủy")
        elif "từ chối" in (said.subject or ""):
            refused = StatusCode.ACCEPTED if "accepts everything" in self.faults else StatusCode.REFUSED
            await self.report(said.document_id, refused, "" if "gives no reason" in self.faults else "Sai nơi nhận")
        elif "(03)" in (said.subject or ""):
            await self.report(said.document_id, StatusCode.ACCEPTED, "")
            if "never finishes" not in self.faults:
                await self.report(said.document_id, StatusCode.FINISHED, "")

    async def report(self, document_id: str | None, code: StatusCode, description: str) -> None:
        to = self.box.partner.seat
        about = Document(Organ(to.agency), (), document_id, "1", "X", promulgated_on="2026/11/23")
        said = papers.status(self.partner.seat, to.agency, about, code, now(), description)
        await self.partner.send(papers.packed(said, self.partner.seat, now()).file, "status")

    async def send_and_take_back(self) -> None:
        to = self.box.partner.seat
        letter = papers.letter(self.partner.seat, (Organ(to.agency, to.name),), "77", "V/v nhà cung cấp gửi", now())
        page = "" if "sends no attachment" in self.faults else "Page"
        paper = papers.packed(letter, self.partner.seat, now(), page)
        with pytest.raises(aiohttp.ClientError):  # the answer is lost
            await self.partner.send(paper.file, "edoc")
        if "sends again as new" in self.faults:
            paper = papers.packed(
                replace(letter, document_id=f"{letter.document_id}-2"), self.partner.seat, now(), page
            )
        if "never sends again" in self.faults:
            return
        doc_id = await self.partner.send(paper.file, "edoc")
        # What has not left is withdrawn without asking.
        while set((await self.partner.fates(doc_id, "edoc")).values()) != {"done"}:
            await asyncio.sleep(0.05)
        reason = "" if "asks without a reason" in self.faults else "Gửi nhầm"
        asked = papers.status(self.partner.seat, to.agency, letter, StatusCode.TAKE_BACK, now(), reason)
        await self.partner.send(papers.packed(asked, self.partner.seat, now()).file, "status")


@asynccontextmanager
async def tried(folder: Path, *faults: str) -> AsyncIterator[tuple[Sandbox, Vendor]]:
    async with sandbox(folder, "127.0.0.1", 0, "vi") as box, aiohttp.ClientSession() as session:
        partner = AxisPartner(box.system, box.axis_url, box.axis.system_id, box.axis.secret, session, now)
        yield box, Vendor(partner, box, frozenset(faults))


async def results_of(folder: Path, *faults: str, until: Collection[str] = TRIALS.keys()) -> dict[str, Result]:
    """Stopped when these are decided, and the others had twice as long again to come as far as they do."""
    async with tried(folder, *faults) as (box, vendor):
        stop, decided, loop = asyncio.Event(), set[str](), asyncio.get_running_loop()
        began_s = loop.time()

        def told(one: Result) -> None:
            decided.add(one.scenario)
            if decided >= set(until):
                loop.call_later(2 * (loop.time() - began_s), stop.set)

        working = asyncio.create_task(vendor.work())
        results = await hold_trials(box.partner, box.system, box.line, now, stop, told)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert {one.scenario for one in results} == set(TRIALS)
    return {one.scenario: one for one in results}


@awaited
async def test_a_system_that_does_everything_passes_every_trial(tmp_path: Path) -> None:
    results = await results_of(tmp_path)
    assert {name: one for name, one in results.items() if one.outcome is not Outcome.PASS} == {}


@pytest.mark.parametrize(
    "faults",
    [
        {
            "gives no reason": ("refuse", Outcome.FAIL, "without a reason"),
            "sends no attachment": ("send", Outcome.FAIL, "without an attachment"),
            "asks without a reason": ("take-back", Outcome.FAIL, "without a reason"),
            "never finishes": ("report", Outcome.NOT_RUN, "send status 06"),
            "sends again as new": ("send-again", Outcome.FAIL, "came 2 times"),
            "ignores 13": ("give-back", Outcome.NOT_RUN, "15 or 16"),
        },
        {
            "accepts everything": ("refuse", Outcome.FAIL, "answered 03"),
            "never sends again": ("send-again", Outcome.NOT_RUN, "the answer to it was lost"),
            "never confirms": ("receive", Outcome.NOT_RUN, "confirm"),
        },
    ],
)
@awaited
async def test_what_a_system_does_wrong_is_said(tmp_path: Path, faults: dict[str, tuple[str, Outcome, str]]) -> None:
    decided = [trial for trial, outcome, _ in faults.values() if outcome is not Outcome.NOT_RUN]
    results = await results_of(tmp_path, *faults, until=decided)
    for trial, outcome, words in faults.values():
        assert results[trial].outcome is outcome
        assert words in results[trial].reason
