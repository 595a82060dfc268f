"""Recall, both kinds: what has not left is taken back at once, whoever has the document is asked and answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.exchange import courier, desk, lifecycle, proving, watch
from gateway.exchange.deadlines import What, owed
from gateway.exchange.lifecycle import Telling
from gateway.ledger import EntryKind, check_case
from gateway.model.agency import Period
from gateway.model.delivery import Backoff, DeliveryStatus, Outcome
from gateway.model.packet import BusinessType, ResponseFor, Status, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Severity
from gateway.store import ClaimDue, CloseAttempt, Store, queries
from gateway.store.routing import Reroute, Route
from tests.exchange.conftest import Story
from tests.exchange.life import change, collect, delivery, document, events, outcome, send, status, trusting
from tests.exchange.replayed import differences
from tests.http.town import DEPARTMENT, FAR, MINISTRY, PROVINCE, awaited, open_line
from tests.pki import NOW

EVERYONE = (PROVINCE, DEPARTMENT, FAR)


@pytest.fixture
def town(story: Story) -> Story:
    return trusting(story)


def take_back(to: str = PROVINCE, of: str = "G22.1", why: str = "Gửi nhầm") -> bytes:
    return status("13", of, MINISTRY, to, why)


@pytest.mark.parametrize("kind", ["document", "status"])
def test_what_has_not_left_is_withdrawn_at_once(town: Story, kind: str) -> None:
    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        asked = await send(town, change(BusinessType.RECALL, "G22.2", "G22.1") if kind == "document" else take_back())
        one = await delivery(town, sent.dispatch_id)
        assert (one.status, outcome(one, NOW)) == (DeliveryStatus.WITHDRAWN, "withdrawn")
        assert events(one)[:2] == ["queued", "withdrawn"]
        assert one.timeline[1].detail == asked.dispatch_id
        with pytest.raises(Refused) as no:
            await courier.fetch(town.line, town.peer("tinh"), one.id)
        assert no.value.reason is Reason.STATE_CONFLICT
        entry = next(entry for entry in await town.entries() if entry.kind is EntryKind.WITHDRAW)
        assert (entry["delivery"], entry["change"]) == (one.id, asked.dispatch_id)

    recall()


@pytest.mark.parametrize("kind", ["document", "status"])
@pytest.mark.parametrize(("answer", "expected"), [("15", "done"), ("16", "refused")])
def test_whoever_has_the_document_is_asked_and_answers(town: Story, kind: str, answer: str, expected: str) -> None:
    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        await collect(town, sent.dispatch_id)
        asked = await send(town, change(BusinessType.RECALL, "G22.2", "G22.1") if kind == "document" else take_back())
        one = await delivery(town, sent.dispatch_id)
        assert (one.status, outcome(one, NOW)) == (DeliveryStatus.ACKNOWLEDGED, "pending")
        assert "recall" in events(one) and len(await town.inbox()) == 1, "the request is on its way"
        await send(town, status(answer, description="Đang xử lý"), PROVINCE)
        one = await delivery(town, sent.dispatch_id)
        assert (outcome(one, NOW), one.changes[-1].answer_reason) == (expected, "Đang xử lý")
        entry = next(entry for entry in await town.entries() if entry.kind is EntryKind.ANSWER)
        assert (entry["change"], entry["outcome"], entry["delivery"]) == (asked.dispatch_id, expected, one.id)
        if expected == "done":
            with pytest.raises(Refused) as no:
                await courier.fetch(town.line, town.peer("tinh"), one.id)
            assert no.value.reason is Reason.STATE_CONFLICT and asked.dispatch_id in no.value.finding.detail("vi")
        else:
            await courier.fetch(town.line, town.peer("tinh"), one.id)

    recall()


@pytest.mark.parametrize(("answer", "expected"), [("03", "done"), ("02", "refused")])
def test_a_vendor_that_accepts_or_refuses_the_recall_itself_has_answered(
    town: Story, answer: str, expected: str
) -> None:
    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        await collect(town, sent.dispatch_id)
        await send(town, change(BusinessType.RECALL, "G22.2", "G22.1"))
        await send(town, status(answer), PROVINCE)
        assert outcome(await delivery(town, sent.dispatch_id), NOW) == "pending", "that was about the document"
        await send(town, status(answer, of="G22.2"), PROVINCE)
        assert outcome(await delivery(town, sent.dispatch_id), NOW) == expected

    recall()


@awaited
async def test_a_recall_is_for_those_it_is_sent_to_and_for_all_where_it_names_none_of_them(town: Story) -> None:
    sent = await send(town, document(to=EVERYONE))
    await send(town, change(BusinessType.RECALL, "G22.2", "G22.1", to=(FAR,)))
    statuses = {key: (await delivery(town, sent.dispatch_id, key)).status.value for key in EVERYONE}
    assert statuses == {PROVINCE: "queued", DEPARTMENT: "queued", FAR: "withdrawn"}
    other = await send(town, document("G22.5", to=(PROVINCE, DEPARTMENT), number="5"))
    await send(town, change(BusinessType.RECALL, "G22.6", "G22.5", to=(FAR,), number="6"))
    for key in (PROVINCE, DEPARTMENT):
        assert (await delivery(town, other.dispatch_id, key)).status is DeliveryStatus.WITHDRAWN


@awaited
async def test_several_documents_are_recalled_by_one_packet(town: Story) -> None:
    sent = [await send(town, document(f"G22.{number}", number=str(number))) for number in (1, 2, 3)]
    about = [ResponseFor(MINISTRY, None, None, "G22.1"), ResponseFor(MINISTRY, "2/BKT-VP", "2026/11/20")]
    await send(town, change(BusinessType.RECALL, "G22.9", response_for=about))
    statuses = [(await delivery(town, one.dispatch_id)).status.value for one in sent]
    assert statuses == ["withdrawn", "withdrawn", "queued"]


@awaited
async def test_too_late_and_no_answer_are_seen_without_being_stored(town: Story) -> None:
    finished, silent = await send(town, document()), await send(town, document("G22.2", number="2"))
    for sent in (finished, silent):
        await collect(town, sent.dispatch_id)
    await send(town, status("06"), PROVINCE)
    for name in ("G22.1", "G22.2"):
        await send(town, take_back(of=name))
    assert outcome(await delivery(town, finished.dispatch_id), NOW) == "too_late"
    one = await delivery(town, silent.dispatch_id)
    assert outcome(one, NOW) == "pending" and one.changes[-1].deadline_at is not None
    assert outcome(one, one.changes[-1].deadline_at) == "no_answer"
    await send(town, status("15"), PROVINCE)
    assert outcome(await delivery(town, finished.dispatch_id), NOW) == "done", "they agreed all the same"


@awaited
async def test_an_answer_once_given_stays_and_a_refused_recall_may_be_asked_again(town: Story) -> None:
    sent = await send(town, document())
    await collect(town, sent.dispatch_id)
    await send(town, take_back())
    await send(town, status("16"), PROVINCE)
    await send(town, status("15", timestamp="2026/11/23 15:00:09"), PROVINCE)
    one = await delivery(town, sent.dispatch_id)
    assert outcome(one, NOW) == "refused" and events(one)[-1] == "status_15"
    await send(town, take_back(why="Lần hai"))
    await send(town, status("15", timestamp="2026/11/23 15:00:19"), PROVINCE)
    one = await delivery(town, sent.dispatch_id)
    assert [one.answer and one.answer.value for one in one.changes] == ["refused", "done"]


RECALLS = {
    "document": lambda of: change(BusinessType.RECALL, "G99.9", of, to=(PROVINCE,)),
    "status": lambda of: status("13", of, FAR, PROVINCE),
}


@pytest.mark.parametrize("kind", RECALLS)
def test_anothers_document_cannot_be_recalled_and_looks_like_none(town: Story, kind: str) -> None:
    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        told = []
        for name in ("G22.1", "G22.7"):
            file = RECALLS[kind](name).replace(f"OrganId>{MINISTRY}".encode(), f"OrganId>{FAR}".encode())
            with pytest.raises(Refused) as no:
                await send(town, file, FAR)
            told.append([(one.reason, one.detail("vi").replace(name, "…")) for one in no.value.findings])
        assert told[0] == told[1]
        assert told[0][0][0] is Reason.TARGET_UNKNOWN
        assert events(await delivery(town, sent.dispatch_id)) == ["queued"]
        assert [one.kind for one in await town.entries()][-2:] == [EntryKind.REFUSE] * 2

    recall()


@awaited
async def test_a_request_to_an_agency_that_never_got_the_document_is_refused(town: Story) -> None:
    await send(town, document())
    with pytest.raises(Refused) as no:
        await send(town, take_back(to=FAR))
    assert no.value.reason is Reason.TARGET_UNKNOWN


@awaited
async def test_under_observation_a_recall_of_the_unknown_is_admitted_with_a_warning(story: Story) -> None:
    town = trusting(story, "observe")
    told = await send(town, change(BusinessType.RECALL, "G22.2", "G22.1"))
    assert (Reason.TARGET_UNKNOWN, Severity.WARN) in [(one.reason, one.severity) for one in told.warnings]
    assert len(await town.inbox()) == 1


@awaited
async def test_an_old_client_that_asks_back_what_had_not_left_is_answered_in_the_addressees_name(town: Story) -> None:
    sent = await send(town, document())
    asked = await send(town, take_back())
    request = await delivery(town, asked.dispatch_id)
    assert request.status is DeliveryStatus.WITHDRAWN, "there is nothing to ask the addressee any more"
    telling = Telling(town.line)
    assert await telling.once() and not await telling.once()
    (waiting,) = await town.inbox("bo")
    _, said = await lifecycle.content(town.line, town.peer("bo"), waiting)
    assert isinstance(said, Status)
    assert (said.status_code, said.sender.id, said.response_for.document_id) == ("15", PROVINCE, "G22.1")
    assert "chưa đến nơi nhận" in (said.description or "")
    assert events(await delivery(town, sent.dispatch_id)) == ["queued", "withdrawn", "status_13", "status_15"]


@awaited
async def test_after_a_crash_the_answer_is_given_once(town: Story) -> None:
    await send(town, document(to=(PROVINCE, FAR)))
    for key in (PROVINCE, FAR):
        await send(town, take_back(key))
    for _ in range(3):
        await Telling(town.line).once()
    assert len(await town.inbox("bo")) == 2


@pytest.mark.parametrize("who", ["sender's peer", "sender", "addressee"])
def test_who_cannot_be_told_stops_neither_the_gateway_nor_the_telling_of_others(
    town: Story, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    @awaited
    async def tell() -> None:
        await send(town, document(to=(PROVINCE, FAR)))
        asked = await send(town, take_back())
        known, ended = town.line.directory, Period(ends_at=town.clock.now)
        gone = {"sender": MINISTRY, "addressee": PROVINCE}.get(who)
        town.line.state.directory = replace(
            known,
            peers=tuple(replace(one, grants=one.grants if gone or one.key != "bo" else ()) for one in known.peers),
            agencies=tuple(replace(one, period=ended) if one.key == gone else one for one in known.agencies),
        )
        telling = Telling(town.line)
        assert await telling.once() and not await telling.once()
        assert [asked.dispatch_id in one.getMessage() for one in caplog.records] == [True]
        assert not [one for one in await town.entries() if one.kind is EntryKind.REFUSE], "no system submitted that"
        assert not await town.line.store.read(queries.refusals, 0, 10)
        town.line.state.directory = known
        await send(town, take_back(FAR))
        assert await telling.once() and len(await town.inbox("bo")) == 1, "the other was not kept waiting"
        assert await Telling(town.line).once() and len(await town.inbox("bo")) == 2, "the next tenure tries again"

    tell()


@awaited
async def test_what_is_withdrawn_long_after_it_was_asked_back_is_told_too(town: Story) -> None:
    """A push was under way when it was asked back; it failed after a newer request had been answered and told."""
    await send(town, document(to=(PROVINCE, FAR)))
    await town.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
    (due,) = await town.line.store.write(ClaimDue(NOW, 5, 5, Backoff(), 0.0))
    await send(town, take_back())
    await send(town, take_back(FAR))
    telling = Telling(town.line)
    assert await telling.once() and not await telling.once()
    await town.line.store.write(CloseAttempt(due.delivery_id, due.number, NOW, Outcome.DEFERRED))
    assert await town.line.store.write(ClaimDue(NOW + timedelta(hours=1), 5, 5, Backoff(), 0.0)) == ()
    assert await telling.once()
    assert len(await town.inbox("bo")) == 2


@awaited
async def test_what_nobody_could_be_told_of_for_long_is_let_be(town: Story) -> None:
    await send(town, document(to=(PROVINCE, FAR)))
    await send(town, take_back())
    town.clock.pass_(days=20)
    await send(town, take_back(FAR))
    town.clock.pass_(days=11)
    assert await Telling(town.line).once()
    (waiting,) = await town.inbox("bo")
    _, said = await lifecycle.content(town.line, town.peer("bo"), waiting)
    assert isinstance(said, Status) and said.sender.id == FAR


@awaited
async def test_a_clerk_asks_a_document_back_from_all_or_some_and_never_twice(town: Story) -> None:
    sent = await send(town, document(to=EVERYONE))
    await collect(town, sent.dispatch_id, FAR)
    some = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm", ["000.00.00.H29"])
    assert [(one.delivery.addressee, outcome(one.delivery, NOW)) for one in some] == [(PROVINCE, "withdrawn")]
    rest = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm")
    asked = {one.delivery.addressee: (outcome(one.delivery, NOW), one.receipt is not None) for one in rest}
    assert asked == {PROVINCE: ("withdrawn", False), DEPARTMENT: ("withdrawn", True), FAR: ("pending", True)}
    town.clock.pass_(seconds=5)
    again = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm")
    assert [one.receipt for one in again] == [None] * 3
    one = await delivery(town, sent.dispatch_id, FAR)
    await lifecycle.report_status(town.line, town.peer("xa"), one.id, StatusCode.CHANGE_AGREED)
    assert outcome(await delivery(town, sent.dispatch_id, FAR), NOW) == "done"


@awaited
async def test_who_agrees_gives_the_document_back_whatever_was_asked_after_the_recall(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    await collect(town, sent.dispatch_id)
    asked = await send(town, take_back())
    await send(town, change(BusinessType.UPDATE, "G22.2", "G22.1", to=(FAR,)))
    await send(town, status("15"), PROVINCE)
    recall, update = (await delivery(town, sent.dispatch_id)).changes
    assert (recall.dispatch_id, recall.outcome(NOW), update.outcome(NOW)) == (asked.dispatch_id, "done", "pending")


@awaited
async def test_only_the_sender_recalls_and_only_from_addressees(town: Story) -> None:
    sent = await send(town, document())
    for peer in ("tinh", "xa"):
        with pytest.raises(Refused) as no:
            await lifecycle.recall(town.line, town.peer(peer), sent.dispatch_id, "Gửi nhầm")
        assert no.value.reason is Reason.NOT_FOUND
    with pytest.raises(Refused) as no:
        await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm", [FAR, "không có"])
    assert {one.reason for one in no.value.findings} == {Reason.TARGET_UNKNOWN} and len(no.value.findings) == 2


@awaited
async def test_what_ended_otherwise_is_not_asked_back(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    one = await delivery(town, sent.dispatch_id)
    await courier.decline(town.line, town.peer("tinh"), one.id, "Không đúng nơi nhận")
    town.clock.pass_(hours=80)
    assert await watch.expire(town.line) == 1
    recalled = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm")
    assert [(one.receipt, one.delivery.changes) for one in recalled] == [(None, ())] * 2


@pytest.mark.parametrize("ends", ["declined", "expired"])
def test_a_recall_of_what_the_addressee_never_took_is_over_and_nobody_is_reminded(town: Story, ends: str) -> None:
    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        one = await delivery(town, sent.dispatch_id)
        if ends == "declined":
            await courier.fetch(town.line, town.peer("tinh"), one.id)
            await send(town, take_back())
            await courier.decline(town.line, town.peer("tinh"), one.id, "Không đúng nơi nhận")
        else:  # its push may be arriving, so it is asked about; then nothing is heard of it any more
            await town.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
            await town.line.store.write(ClaimDue(NOW, 5, 5, Backoff(), 0.0))
            await send(town, take_back())
            town.clock.pass_(hours=80)
            assert await watch.expire(town.line) == 2  # the request too
        one = await delivery(town, sent.dispatch_id)
        assert outcome(one, NOW + timedelta(days=30)) == "not_taken"
        assert not desk.asked_back(one)
        (facts,) = await town.line.store.read(queries.delivery_facts, (one.id,))
        assert facts.recall_asked_at is not None
        assert list(owed(facts, town.line.calendar, town.line.deadlines)) == []
        await send(town, status("16", description="Không có văn bản"), PROVINCE)
        assert outcome(await delivery(town, sent.dispatch_id), NOW) == "refused", "what is said all the same counts"

    recall()


@pytest.mark.parametrize(("code", "expected"), [("03", ["done", "done"]), ("02", ["pending", "refused"])])
def test_agreeing_to_one_recall_by_its_own_id_ends_the_older_one_too(
    town: Story, code: str, expected: list[str]
) -> None:
    """Given back is given back; refusing one puts things back to where they were before it."""

    @awaited
    async def recall() -> None:
        sent = await send(town, document())
        one = await collect(town, sent.dispatch_id)
        await send(town, take_back())
        await send(town, change(BusinessType.RECALL, "G22.2", "G22.1"))
        await send(town, status(code, of="G22.2"), PROVINCE)
        asked = (await delivery(town, sent.dispatch_id)).changes
        assert [change.outcome(NOW).value for change in asked] == expected
        (facts,) = await town.line.store.read(queries.delivery_facts, (one.id,))
        owes = [one.what for one in owed(facts, town.line.calendar, town.line.deadlines)]
        assert owes == ([] if expected == ["done", "done"] else [What.RECALL])
        await town.seal()
        assert [one.what for one in await differences(town.line) if one.what != "directory"] == []

    recall()


@awaited
async def test_a_push_that_may_be_arriving_is_asked_about_and_never_made_again(town: Story) -> None:
    await town.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
    sent = await send(town, document())
    await town.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
    claim = ClaimDue(NOW, limit=5, per_addressee=5, backoff=Backoff(), chance=0.0)
    (due,) = await town.line.store.write(claim)
    await send(town, take_back())
    one = await delivery(town, sent.dispatch_id)
    assert (one.status, outcome(one, NOW)) == (DeliveryStatus.QUEUED, "pending"), "it may be there already"
    await town.line.store.write(CloseAttempt(due.delivery_id, due.number, NOW, Outcome.DEFERRED))
    town.clock.pass_(hours=1)
    assert await town.line.store.write(ClaimDue(town.clock(), 5, 5, Backoff(), 0.0)) == ()
    one = await delivery(town, sent.dispatch_id)
    assert (one.status, outcome(one, NOW)) == (DeliveryStatus.WITHDRAWN, "withdrawn")


@awaited
async def test_a_withdrawal_answers_all_who_asked_while_the_push_was_under_way(town: Story) -> None:
    sent = await send(town, document())
    await town.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
    (due,) = await town.line.store.write(ClaimDue(NOW, 5, 5, Backoff(), 0.0))
    await send(town, change(BusinessType.UPDATE, "G22.2", "G22.1"))
    await send(town, take_back(why="Gửi nhầm"))
    await town.line.store.write(CloseAttempt(due.delivery_id, due.number, NOW, Outcome.DEFERRED))
    await send(town, take_back(why="Gửi nhầm, xin hỏi lại"))
    one = await delivery(town, sent.dispatch_id)
    assert one.status is DeliveryStatus.WITHDRAWN
    assert [asked.outcome(NOW).value for asked in one.changes] == ["pending", "withdrawn", "withdrawn"]
    assert [one for one in await differences(town.line) if one.what in {"delivery", "event", "change"}] == []


@awaited
async def test_the_case_proves_the_recall_to_both_sides(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    await collect(town, sent.dispatch_id)
    asked = await send(town, change(BusinessType.RECALL, "G22.2", "G22.1", to=(PROVINCE, FAR)))
    await send(town, status("15"), PROVINCE)
    await town.seal()
    kinds = {}
    for peer, dispatch_id in (("bo", sent), ("tinh", sent), ("xa", sent), ("bo", asked), ("tinh", asked)):
        report = check_case(
            await proving.prove(town.line, town.peer(peer), dispatch_id.dispatch_id), town.line.notary.key.vkey
        )
        assert not report.wrong
        proven = {one.code.removeprefix("proven.") for one in report.proven}
        kinds[peer, dispatch_id is sent] = proven & {"change", "withdraw", "answer", "status", "acknowledge"}
    assert kinds == {
        ("bo", True): {"change", "withdraw", "answer", "status", "acknowledge"},
        ("tinh", True): {"change", "answer", "status", "acknowledge"},
        ("xa", True): {"change", "withdraw"},
        ("bo", False): {"change"},
        ("tinh", False): {"change"},
    }


@pytest.mark.parametrize("collected", [True, False])
def test_of_two_recalls_asked_at_once_on_two_nodes_the_database_lets_one_through(
    story: Story, store_url: str, tmp_path: Path, collected: bool
) -> None:
    """Each node has a store of its own on one database; what one knows when it asks, the other is about to change."""

    @awaited
    async def play() -> None:
        one = trusting(story)
        other_store = Store.open(store_url, tmp_path / "blobs")
        try:
            other = trusting(Story(open_line(other_store, tmp_path, one.clock), one.clock))
            for number in range(1, 6):
                sent = await send(one, document(f"G22.{number}", to=(PROVINCE, FAR), number=str(number)))
                if collected:
                    await collect(one, sent.dispatch_id)
                both = (
                    lifecycle.recall(node.line, node.peer("bo"), sent.dispatch_id, f"Gửi nhầm, {name} báo")
                    for name, node in (("Lan", one), ("Hòa", other))
                )
                answers = [item.receipt is not None for asked in await asyncio.gather(*both) for item in asked]
                assert answers.count(True) == 2, "each addressee is asked by one of the two"
                for key in (PROVINCE, FAR):
                    assert len((await delivery(one, sent.dispatch_id, key)).changes) == 1
            kinds = [entry.kind for entry in await one.entries()]
            assert kinds.count(EntryKind.CHANGE) == 10
            assert EntryKind.REFUSE not in kinds, "who was second did nothing wrong"
        finally:
            other_store.close()

    play()


@awaited
async def test_whoever_refused_may_be_asked_again_and_a_packet_of_the_senders_own_always_goes_through(
    town: Story,
) -> None:
    sent = await send(town, document())
    await collect(town, sent.dispatch_id)
    (first,) = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm")
    assert first.receipt
    await send(town, status("16", description="Đang xử lý"), PROVINCE)
    (again,) = await lifecycle.recall(town.line, town.peer("bo"), sent.dispatch_id, "Gửi nhầm, lần hai")
    assert again.receipt
    assert await send(town, take_back(why="Hệ thống của nơi gửi tự gửi"))
    assert len((await delivery(town, sent.dispatch_id)).changes) == 3
