"""The overview: every figure of a seeded story is recounted from the ledger by other means, on both engines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.exchange import activity
from gateway.exchange.deadlines import receipt_deadline, received_same_day
from gateway.exchange.overview import Figures, Scope, overview
from gateway.ledger import NONE, Entry, EntryKind, decode
from gateway.model.activity import MEASURES, Measure, Span
from gateway.model.calendar import local_day
from gateway.store import queries
from gateway.store.queries.activity import counted, receipts_owed
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.console.test_way_in import said
from tests.http.console.visitor import Visitor, settle
from tests.http.town import FAR, FILE, MINISTRY, PROVINCE, Town, awaited, inline, packet, town

JSON = {"Content-Type": "application/json"}


async def story(here: Town) -> None:
    """A week of the town: received in time, late, never; refused; asked back before and after it left."""
    first = await sent(here, "G22.1", to=(PROVINCE, FAR), code_number="101")
    await fetched(here, to_province := await delivery_of(here, first))
    await told(here, to_province, "03")
    await told(here, to_province, "06")
    await sent(here, "G22.2", code_number="102")
    await here.pass_(hours=1)
    await refused(here, inline(*packet("G22.3", sealed=False)))
    await refused(here, inline(b"<no-packet/>", ()))
    await refused(here, inline(*packet("G22.4", to=("Z99",))))
    third = await sent(here, "G22.5", to=(PROVINCE, FAR), code_number="105")
    await fetched(here, late := await delivery_of(here, third))
    body = json.dumps({"reason": "Gửi nhầm"}).encode()
    for _ in range(2):
        await here.ask("POST", f"/v1/dispatches/{third}/recall", data=body, headers=JSON)
    await here.pass_(days=3)
    await told(here, late, "01")
    fourth = await sent(here, "G22.6", to=(FAR,), code_number="106")
    await fetched(here, await delivery_of(here, fourth), "xa")
    path, stored = f"/v1/deliveries/{await delivery_of(here, fourth)}/acknowledgement", b'{"stored": true}'
    status, data, _ = await here.ask("POST", path, "xa", data=stored, headers=JSON)
    assert status == 200, data
    await here.pass_(days=20)


async def refused(here: Town, packed: bytes) -> None:
    status, data, _ = await here.ask("POST", "/v1/packets", data=packed, headers=FILE)
    assert status == 422, data


async def count_all(here: Town) -> None:
    while await activity.count(here.line):
        pass


async def entries_of(here: Town) -> list[Entry]:
    return [decode(one) for one in await here.line.store.read(queries.entries, 0, 10_000)]


def recount(entries: Iterable[Entry], here: Town) -> dict[str, Counter[str]]:
    """Every figure of every agency, from the entries as a whole: what an auditor does with a copy of the ledger."""
    entries = list(entries)
    changing = {one["dispatch"] for one in entries if one.kind in {EntryKind.STATUS, EntryKind.CHANGE}}
    documents = {
        one["dispatch"]: one for one in entries if one.kind is EntryKind.ACCEPT and one["dispatch"] not in changing
    }
    found: dict[str, Counter[str]] = {}

    def add(agency: str, measure: str) -> None:
        found.setdefault(agency, Counter())[measure] += 1

    for accepted in documents.values():
        add(accepted["sender"], "sent")
        if accepted["seal_certificate"] != NONE:
            add(accepted["sender"], "signed")
        for addressee in accepted["addressees"].split():
            _recount_delivery(entries, accepted, addressee, here, add)
    for target in {one["target"] for one in entries if one.kind is EntryKind.CHANGE and one["relation"] == "recalls"}:
        add(documents[target]["sender"], "recalled")
    families = {"xml": "refused_form", "form": "refused_form", "authority": "refused_authority"}
    for one in entries:
        if one.kind is EntryKind.REFUSE:
            peer = here.line.directory.peer(one["peer"])
            assert peer is not None
            add(peer.grants[0].agency, families.get(one["reason"].split(".")[0], "refused_other"))
    return found


def _recount_delivery(entries: list[Entry], accepted: Entry, addressee: str, here: Town, add: Any) -> None:
    def about(one: Entry) -> bool:
        if one.kind is EntryKind.STATUS:
            return (one["target"], one["agency"]) == (accepted["dispatch"], addressee) and one["code"] <= "06"
        fields = dict(one.fields)
        return (fields.get("dispatch"), fields.get("addressee")) == (accepted["dispatch"], addressee)

    here_of = [one for one in entries if about(one)]
    told_at = [one.at for one in here_of if one.kind in {EntryKind.ACKNOWLEDGE, EntryKind.STATUS}]
    ended_at = [one.at for one in here_of if one.kind in {EntryKind.DECLINE, EntryKind.EXPIRE, EntryKind.WITHDRAW}]
    if told_at or any(one.kind is EntryKind.DELIVER for one in here_of):
        add(addressee, "received")
    if told_at and received_same_day(min(told_at), accepted.at, here.line.calendar):
        add(addressee, "same_day")
    deadline = receipt_deadline(here.line.calendar, here.line.deadlines, accepted.at, 0)
    if min([*told_at, *ended_at, here.clock()]) > deadline:
        add(addressee, "overdue")


@awaited
async def test_every_figure_is_the_one_recounted_from_the_ledger(tmp_path: Path, store_url: str) -> None:
    async with town(tmp_path, url=store_url) as here:
        await story(here)
        await count_all(here)
        entries = await entries_of(here)
        seen = await overview(here.line, Span.read("2026") or _no(), Scope())
        shown = {key: Counter(dict(zip(MEASURES, figures.counts, strict=True))) for key, figures in seen.agencies}
        expected = recount(entries, here)
        assert {key: +counts for key, counts in shown.items()} == expected
        assert seen.counted_to == seen.ledger_size == len(entries)
        assert {one for counts in expected.values() for one in counts} == set(MEASURES), "the story has every figure"
        assert expected[MINISTRY]["recalled"] == 1
        assert seen.connected == 4
        for shorter in ("2026-q4", "2026-11"):
            of_days = await overview(here.line, Span.read(shorter) or _no(), Scope())
            assert sum((figures for _, figures in of_days.trend), Figures()) == of_days.total == seen.total


def _no() -> Span:
    raise AssertionError("a period was not read")


@awaited
async def test_counting_in_stretches_of_one_entry_by_two_at_once_counts_all_once(
    tmp_path: Path, store_url: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(activity, "ENTRIES_PER_ROUND", 1)
    async with town(tmp_path, url=store_url) as here:
        await story(here)
        for number in range(len(await entries_of(here)) + 20):
            one = await here.line.store.read(activity.read_stretch, here.clock())
            counted_now = activity.Tally(here.line, one).counted()
            assert await here.line.store.write(counted_now)
            assert not await here.line.store.write(counted_now), number
        seen = await overview(here.line, Span.read("2026") or _no(), Scope())
        shown = {key: +Counter(dict(zip(MEASURES, figures.counts, strict=True))) for key, figures in seen.agencies}
        assert shown == recount(await entries_of(here), here)


@awaited
async def test_a_receipt_made_in_time_and_committed_late_is_taken_out_of_the_overdue(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        delivery = await delivery_of(here, await sent(here))
        sent_at = here.clock()
        await here.pass_(days=2)
        await count_all(here)
        span = Span.read(f"{sent_at:%Y-%m}") or _no()
        assert (await overview(here.line, span, Scope())).total[Measure.OVERDUE] == 1
        here.clock.now = sent_at + timedelta(minutes=1)
        await fetched(here, delivery)
        await told(here, delivery, "03")
        await count_all(here)
        seen = await overview(here.line, span, Scope())
        assert (seen.total[Measure.OVERDUE], seen.total[Measure.SAME_DAY]) == (0, 1)
        ids = [decode(one)["dispatch"] for one in await here.line.store.read(queries.entries, 0, 1)]
        assert await here.line.store.read(receipts_owed, ids) == {}


@awaited
async def test_who_steers_sees_figures_periods_and_levels_and_nobody_else_does(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await story(here)
        await count_all(here)
        visitor = await Visitor(here).enter("binh")
        assert said(visitor, "console.overview.title")
        await visitor.go("/overview?period=2026")
        assert "Bộ Kiểm thử" in visitor.page
        assert "Ủy ban nhân dân tỉnh Kiểm thử" in visitor.page
        for measure in MEASURES:
            assert said(visitor, f"console.overview.means.{measure}")
        await visitor.go("/overview?period=2026&level=central&order=sent")
        assert "Bộ Kiểm thử" in visitor.page
        assert "Ủy ban nhân dân tỉnh Kiểm thử" not in visitor.page
        await visitor.go(f"/overview?period=2026-q4&agency={PROVINCE}")
        assert said(visitor, "console.overview.of_agency", agency="Ủy ban nhân dân tỉnh Kiểm thử")
        assert (await visitor.go("/overview?period=2020")).status == 200
        assert said(visitor, "console.overview.nothing")
        for wrong in ("period=2026-13", "period=x", "period=0000", "agency=khong-co", "level=x", "order=x"):
            assert (await visitor.go(f"/overview?{wrong}")).status == 404
        for other in ("lan", "minh", "tuan"):
            assert (await (await Visitor(here).enter(other)).go("/overview")).status == 403


@awaited
async def test_the_sheet_has_every_agency_and_the_ledger_knows_who_took_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await story(here)
        await count_all(here)
        visitor = await (await Visitor(here).enter("binh")).go("/overview?period=2026")
        await visitor.send("/overview/export", period="2026", agency="", level="", order="")
        assert visitor.status == 200
        assert visitor.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert visitor.page.startswith("\ufeffMã,Cơ quan,")
        assert f"{MINISTRY},Bộ Kiểm thử,4," in visitor.page
        exports = [one for one in await entries_of(here) if one.kind is EntryKind.EXPORT]
        assert [one["what"] for one in exports] == ["overview"]


@awaited
async def test_the_count_goes_on_where_it_stopped(tmp_path: Path, store_url: str) -> None:
    async with town(tmp_path, url=store_url) as here:
        await sent(here, "G22.1", code_number="101")
        await count_all(here)
        before = await here.line.store.read(counted)
        await sent(here, "G22.2", code_number="102")
        await count_all(here)
        after = await here.line.store.read(counted)
        assert (before.next_index, after.next_index) == (1, 2)
        span = Span.read(f"{local_day(here.clock()):%Y-%m}") or _no()
        assert (await overview(here.line, span, Scope())).total[Measure.SENT] == 2
