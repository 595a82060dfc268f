"""Processing statuses: each kept as it came, matched to what it speaks of, told to the other side."""

from __future__ import annotations

import asyncio

import pytest

from gateway import edxml
from gateway.exchange import courier, lifecycle, proving
from gateway.ledger import EntryKind, check_case
from gateway.model.delivery import DeliveryStatus
from gateway.model.packet import ResponseFor, Staff, Status, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Severity
from tests.exchange.conftest import Story
from tests.exchange.life import collect, delivery, document, events, seen, send, status, trusting
from tests.http.town import DEPARTMENT, FAR, MINISTRY, PROVINCE, awaited
from tests.pki import NOW


@pytest.fixture
def town(story: Story) -> Story:
    return trusting(story)


@awaited
async def test_a_status_packet_is_delivered_and_stands_in_the_timeline_of_what_it_speaks_of(town: Story) -> None:
    sent = await send(town, document())
    told = await send(town, status("03", description="Số đến 412"), PROVINCE)
    one = await delivery(town, sent.dispatch_id)
    assert events(one) == ["queued", "status_03"]
    assert (one.timeline[-1].detail, one.status) == ("Số đến 412", DeliveryStatus.QUEUED)
    assert one.processing is not None and (one.processing.code, one.processing.dispatch_id) == ("03", told.dispatch_id)
    (item,) = await courier.inbox(town.line, town.peer("bo"), None, 10, 0)
    assert (item.dispatch_id, item.status_code, item.business_type) == (told.dispatch_id, "03", 0)
    entry = next(one for one in await town.entries() if one.kind is EntryKind.STATUS)
    assert (entry["dispatch"], entry["target"]) == (told.dispatch_id, sent.dispatch_id)
    assert (entry["delivery"], entry["agency"], entry["code"]) == (one.id, PROVINCE, "03")
    assert Reason.STATUS_UNMATCHED not in [warning.reason for warning in told.warnings]


@awaited
async def test_all_statuses_are_kept_and_the_latest_by_its_own_time_is_shown(town: Story) -> None:
    sent = await send(town, document())
    rows = [("06", "15:09:00"), ("03", "15:01:00"), ("03", "15:01:00"), ("05", "15:09:00"), ("01", "08:00:00")]
    for place, (code, time) in enumerate(rows):
        await send(town, status(code, timestamp=f"2026/11/23 {time}", description=str(place)), PROVINCE)
    one = await delivery(town, sent.dispatch_id)
    assert events(one)[1:] == ["status_06", "status_03", "status_03", "status_05", "status_01"]
    assert one.processing is not None and one.processing.code == "05", "of one minute, the one that came later"


@pytest.mark.parametrize(
    "timestamp", ["1970/01/01 00:00:00", "2999/12/31 23:59:59", "2026/02/30 10:00:00", "gần đây", None]
)
def test_a_clock_that_is_far_off_counts_for_nothing(town: Story, timestamp: str | None) -> None:
    @awaited
    async def tell() -> None:
        sent = await send(town, document())
        await send(town, status("03", timestamp="2026/11/23 15:01:00"), PROVINCE)
        town.clock.pass_(minutes=30)
        await send(town, status("05", timestamp=timestamp), PROVINCE)
        one = await delivery(town, sent.dispatch_id)
        assert one.processing is not None and one.processing.code == "05", "shown by its arrival"
        town.clock.pass_(minutes=30)
        await send(town, status("06", timestamp="2026/11/23 16:00:00"), PROVINCE)
        one = await delivery(town, sent.dispatch_id)
        assert one.processing is not None and one.processing.code == "06", "and never for ever"

    tell()


@awaited
async def test_a_status_that_names_only_number_and_day_is_matched(town: Story) -> None:
    sent = await send(town, document())
    await send(town, status("03", target=ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20")), PROVINCE)
    assert events(await delivery(town, sent.dispatch_id)) == ["queued", "status_03"]


@pytest.mark.parametrize(
    ("sender", "about"),
    [
        (PROVINCE, ResponseFor(MINISTRY, "1/XX", "2026/11/20", "no such document")),
        (FAR, ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20", "G22.1")),
        (PROVINCE, ResponseFor(FAR, "7816/BKT-VP", "2026/11/20", "G22.1")),
        (PROVINCE, ResponseFor(MINISTRY)),
        (PROVINCE, ResponseFor(MINISTRY, "7816/BKT-VP", "2026/02/31")),
    ],
    ids=["no such document", "not its addressee", "another's document", "an empty ResponseFor", "no such day"],
)
def test_a_status_of_something_one_has_nothing_to_do_with_is_kept_and_delivered(
    town: Story, sender: str, about: ResponseFor
) -> None:
    @awaited
    async def tell() -> None:
        sent = await send(town, document())
        told = await send(town, status("06", target=about, sender=sender), sender)
        warnings = [one for one in told.warnings if one.reason is Reason.STATUS_UNMATCHED]
        assert [one.severity for one in warnings] == [Severity.WARN]
        assert sent.dispatch_id not in warnings[0].detail("vi")
        assert events(await delivery(town, sent.dispatch_id)) == ["queued"]
        assert len(await town.inbox("bo" if about.organ_id == MINISTRY else "xa")) == 1
        entry = next(one for one in await town.entries() if one.kind is EntryKind.STATUS)
        assert (entry["target"], entry["delivery"]) == ("-", "-")

    tell()


@awaited
async def test_another_agencys_document_looks_like_one_that_does_not_exist(town: Story) -> None:
    await send(town, document())
    real = await send(town, status("06", sender=FAR, of="G22.1"), FAR)
    none = await send(town, status("06", sender=FAR, of="G22.2"), FAR)
    words = [[one.detail("vi").replace("G22.2", "G22.1") for one in told.warnings] for told in (real, none)]
    assert words[0] == words[1]


@awaited
async def test_an_unknown_code_is_refused(town: Story) -> None:
    await send(town, document())
    with pytest.raises(Refused) as no:
        await send(town, status("07"), PROVINCE)
    assert no.value.reason is Reason.FORM_STATUS_CODE


@awaited
async def test_statuses_of_one_group_are_matched_in_their_order(town: Story) -> None:
    sent = await send(town, document())
    files = [
        status(code, timestamp=f"2026/11/23 15:0{place}:00") for place, code in enumerate(("01", "03", "05", "06"))
    ]
    await asyncio.gather(*(send(town, file, PROVINCE) for file in files))
    assert sorted(events(await delivery(town, sent.dispatch_id))[1:]) == [f"status_0{one}" for one in (1, 3, 5, 6)]


@awaited
async def test_a_clerk_reports_a_status_and_the_sender_gets_a_packet(town: Story) -> None:
    sent = await send(town, document(to=("000.00.00.H29",)))
    one = await collect(town, sent.dispatch_id)
    told = await lifecycle.report_status(
        town.line, town.peer("tinh"), one.id, StatusCode.REFUSED, "Không đúng thẩm quyền", Staff(name="Trần Văn Bình")
    )
    (item,) = await courier.inbox(town.line, town.peer("bo"), None, 10, 0)
    assert item.dispatch_id == told.dispatch_id
    fetched, said = await lifecycle.content(town.line, town.peer("bo"), item.delivery_id)
    assert isinstance(said, Status)
    assert said.sender.id == "000.00.00.H29", "under the identifier the sender wrote"
    assert said.response_for == ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20", "G22.1")
    assert (said.status_code, said.description) == ("02", "Không đúng thẩm quyền")
    assert said.staff is not None and said.staff.name == "Trần Văn Bình"
    assert said.timestamp == "2026/11/23 15:00:00" and NOW.hour == 8, "Viet Nam's time"
    assert edxml.write(said) == fetched.skeleton
    shown = (await delivery(town, sent.dispatch_id)).processing
    assert shown is not None and (shown.code, shown.stated_at) == ("02", NOW.replace(microsecond=0))


@awaited
async def test_a_status_reported_again_at_once_is_the_same_packet(town: Story) -> None:
    one = await collect(town, (await send(town, document())).dispatch_id)
    told = [await lifecycle.report_status(town.line, town.peer("tinh"), one.id, StatusCode.ACCEPTED) for _ in range(2)]
    assert [receipt.repeated for receipt in told] == [False, True]
    town.clock.pass_(seconds=1)
    later = await lifecycle.report_status(town.line, town.peer("tinh"), one.id, StatusCode.ACCEPTED)
    assert not later.repeated


@awaited
async def test_a_hub_reports_for_the_department_below_it(town: Story) -> None:
    sent = await send(town, document(to=(DEPARTMENT,)))
    one = await collect(town, sent.dispatch_id, DEPARTMENT)
    await lifecycle.report_status(town.line, town.peer("tinh"), one.id, StatusCode.ACCEPTED)
    assert events(await delivery(town, sent.dispatch_id, DEPARTMENT))[-1] == "status_03"


@awaited
async def test_nobody_reports_on_anothers_delivery_nor_on_one_that_was_never_handed_over(town: Story) -> None:
    one = await delivery(town, (await send(town, document())).dispatch_id)
    with pytest.raises(Refused) as no:
        await lifecycle.report_status(town.line, town.peer("xa"), one.id, StatusCode.FINISHED)
    assert no.value.reason is Reason.NOT_FOUND
    await send(town, status("13", sender=MINISTRY, to=PROVINCE), MINISTRY)
    with pytest.raises(Refused) as no:
        await lifecycle.report_status(town.line, town.peer("tinh"), one.id, StatusCode.FINISHED)
    assert no.value.reason is Reason.STATE_CONFLICT


@awaited
async def test_a_status_has_no_status(town: Story) -> None:
    await send(town, document())
    await send(town, status("03"), PROVINCE)
    (waiting,) = await town.inbox("bo")
    await courier.fetch(town.line, town.peer("bo"), waiting)
    with pytest.raises(Refused) as no:
        await lifecycle.report_status(town.line, town.peer("bo"), waiting, StatusCode.ACCEPTED)
    assert no.value.reason is Reason.STATE_CONFLICT


@awaited
async def test_the_case_of_a_document_proves_what_was_reported_of_it_to_both_sides(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    told = await send(town, status("06"), PROVINCE)
    await send(town, status("03", sender=FAR), FAR)
    await town.seal()
    proven = {}
    for peer, dispatch_id in (("bo", sent.dispatch_id), ("tinh", sent.dispatch_id), ("tinh", told.dispatch_id)):
        case = await proving.prove(town.line, town.peer(peer), dispatch_id)
        report = check_case(case, town.line.notary.key.vkey)
        assert not report.wrong
        said = [dict(one.values)["agency"] for one in report.proven if one.code == "proven.status"]
        proven[peer, dispatch_id] = said
    assert proven == {
        ("bo", sent.dispatch_id): [PROVINCE, FAR],
        ("tinh", sent.dispatch_id): [PROVINCE],
        ("tinh", told.dispatch_id): [PROVINCE],
    }
    assert (await seen(town, sent.dispatch_id, "tinh")).deliveries[0].timeline[-1].event == "status_06"
