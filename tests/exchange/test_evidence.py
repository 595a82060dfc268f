"""Evidence is issued when it is first asked for, to whom it concerns, the same bytes ever after; on each engine."""

from __future__ import annotations

import pytest

from gateway.exchange import courier, evidence, proving, watch
from gateway.ledger import EntryKind, check_case
from gateway.ledger.evidence import Event, read_evidence
from gateway.model.delivery import Backoff, Outcome
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable
from gateway.store import ClaimDue, CloseAttempt, queries
from gateway.store.routing import Reroute, Route
from gateway.trust import verify_countersigned
from tests.exchange.conftest import Story, file_of
from tests.exchange.replayed import differences
from tests.http.town import DEPARTMENT, FAR, PROVINCE, awaited
from tests.pki import pki


async def events(story: Story, peer: str, dispatch: str) -> list[tuple[int, str]]:
    ones = await evidence.of_dispatch(story.line, story.peer(peer), dispatch)
    return [(one.index, one.event) for one in ones]


@awaited
async def test_each_party_gets_what_concerns_it(story: Story) -> None:
    receipt = await story.submit(file_of(to=(PROVINCE, FAR)))
    dispatch = receipt.dispatch_id
    (delivery,) = await story.inbox("tinh")
    await courier.fetch(story.line, story.peer("tinh"), delivery)
    (other,) = await story.inbox("xa")
    await courier.decline(story.line, story.peer("xa"), other, "không thuộc thẩm quyền")
    accepted = [(0, Event.SUBMISSION_ACCEPTANCE), (0, Event.CONTENT_CONSIGNMENT)]
    handed, declined = [(1, Event.CONTENT_HANDOVER)], [(2, Event.CONSIGNMENT_REJECTION)]
    assert await events(story, "bo", dispatch) == accepted + handed + declined
    assert await events(story, "tinh", dispatch) == accepted + handed
    assert await events(story, "xa", dispatch) == accepted + declined
    with pytest.raises(Refused) as not_theirs:
        await evidence.document(story.line, story.peer("xa"), dispatch, 1, Event.CONTENT_HANDOVER)
    assert not_theirs.value.reason is Reason.NOT_FOUND


@awaited
async def test_an_evidence_is_issued_once_and_the_same_for_everybody(story: Story) -> None:
    dispatch = (await story.submit(file_of())).dispatch_id
    (delivery,) = await story.inbox()
    await courier.acknowledge(story.line, story.peer("tinh"), delivery)
    first = await evidence.document(story.line, story.peer("bo"), dispatch, 1, Event.CONSIGNMENT_ACCEPTANCE)
    story.clock.pass_(days=3)
    again = await evidence.document(story.line, story.peer("tinh"), dispatch, 1, Event.CONSIGNMENT_ACCEPTANCE)
    assert first == again
    facts = read_evidence(verify_countersigned(first, pki().gateway.der))
    assert (facts.dispatch, facts.recipients) == (dispatch, (PROVINCE,))


@awaited
async def test_what_a_hub_collects_for_another_is_a_relay_too(story: Story) -> None:
    """The department is behind the province's hub; the province is not behind itself."""
    dispatch = (await story.submit(file_of(to=(PROVINCE, DEPARTMENT)))).dispatch_id
    for delivery in await story.inbox("tinh"):
        await courier.fetch(story.line, story.peer("tinh"), delivery)
    named = [(one.recipients, one.event) for one in await evidence.of_dispatch(story.line, story.peer("bo"), dispatch)]
    assert ((DEPARTMENT,), Event.RELAY_ACCEPTANCE) in named
    assert ((PROVINCE,), Event.RELAY_ACCEPTANCE) not in named


@awaited
async def test_what_expired_says_so_twice_with_its_reason(story: Story) -> None:
    dispatch = (await story.submit(file_of())).dispatch_id
    story.clock.pass_(hours=story.line.rules.deadline_h + 1)
    await watch.expire(story.line)
    late = [one for one in await evidence.of_dispatch(story.line, story.peer("bo"), dispatch) if one.index == 1]
    assert [one.event for one in late] == [Event.CONTENT_HANDOVER_FAILURE, Event.ACCEPTANCE_REJECTION_EXPIRY]
    assert {one.reason for one in late} == {"deadline.passed"}


@awaited
async def test_pushes_that_failed_are_listed_first_and_latest_and_each_can_be_had(story: Story) -> None:
    dispatch, tries = await failing(story, 4)
    failures = [one for one in await evidence.of_dispatch(story.line, story.peer("bo"), dispatch) if one.index]
    assert [one.index for one in failures] == [tries[0], tries[-1]]
    assert {(one.event, one.recipients) for one in failures} == {
        (Event.CONSIGNMENT_NOTIFICATION_FAILURE, (PROVINCE,)),
    }
    assert [one.reason for one in failures] == ["push.interrupted", "push.deferred"]
    for index in tries:
        xml = await evidence.document(story.line, story.peer("tinh"), dispatch, index, failures[0].event)
        assert read_evidence(verify_countersigned(xml, pki().gateway.der)).index == index
    with pytest.raises(Refused):
        await evidence.document(story.line, story.peer("xa"), dispatch, tries[1], failures[0].event)


@awaited
async def test_a_push_that_failed_is_in_the_case_and_can_be_shown_alone(story: Story) -> None:
    dispatch, tries = await failing(story, 3)
    await story.seal()
    vkey, name = story.line.notary.key.vkey, Event.CONSIGNMENT_NOTIFICATION_FAILURE
    whole = check_case(await proving.prove(story.line, story.peer("bo"), dispatch), vkey)
    alone = check_case(await proving.prove_event(story.line, story.peer("bo"), dispatch, tries[1]), vkey)
    for report, indexes in ((whole, [tries[0], tries[-1]]), (alone, [tries[1]])):
        told = [dict(one.values) for one in report.proven if one.code == "proven.evidence"]
        assert report.holds
        assert [one["index"] for one in told if one["event"] == name] == [str(index) for index in indexes]
    assert [one.what for one in await differences(story.line)] == [
        "directory"
    ]  # of this story alone: not in its ledger


async def failing(story: Story, times: int) -> tuple[str, list[int]]:
    """A dispatch whose push fails so often, at first because the process dies; and the entries that say so."""
    dispatch = (await story.submit(file_of())).dispatch_id
    seen = await story.line.store.read(queries.dispatch, dispatch)
    assert seen is not None
    (delivery,) = (one.id for one in seen.deliveries)
    await story.line.store.write(Reroute(Route(PROVINCE, "tinh", push=True)))
    for number in range(1, times + 1):
        story.clock.pass_(hours=1)
        at = story.clock()
        (due,) = await story.line.store.write(ClaimDue(at, 8, 4, Backoff(), 0.5))
        assert (due.delivery_id, due.number) == (delivery, number)
        if number > 1:
            await story.line.store.write(CloseAttempt(delivery, number, at, Outcome.DEFERRED, "timeout"))
    entries = await story.entries()
    return dispatch, [index for index, one in enumerate(entries) if one.kind is EntryKind.ATTEMPT]


@awaited
async def test_a_refusal_gives_its_peer_evidence_and_nobody_else(story: Story) -> None:
    with pytest.raises(Refused):
        await story.submit(file_of(sealed=False))
    (row,) = await evidence.refusals(story.line, story.peer("bo"), 0, 10)
    assert row.ledger_index == 0
    facts = read_evidence(
        verify_countersigned(await evidence.of_refusal(story.line, story.peer("bo"), 0), pki().gateway.der)
    )
    assert (facts.event, facts.reason, facts.submitter) == (Event.SUBMISSION_REJECTION, row.reason, "bo")
    assert await evidence.refusals(story.line, story.peer("xa"), 0, 10) == ()
    for peer, index in (("xa", 0), ("bo", 1)):
        with pytest.raises(Refused) as no:
            await evidence.of_refusal(story.line, story.peer(peer), index)
        assert no.value.reason is Reason.NOT_FOUND


@awaited
async def test_a_gateway_whose_certificate_ended_issues_nothing_new_and_keeps_what_it_issued(story: Story) -> None:
    dispatch = (await story.submit(file_of())).dispatch_id
    peer = story.peer("bo")
    first = await evidence.document(story.line, peer, dispatch, 0, Event.SUBMISSION_ACCEPTANCE)
    story.clock.pass_(days=400)
    assert await evidence.document(story.line, peer, dispatch, 0, Event.SUBMISSION_ACCEPTANCE) == first
    with pytest.raises(Unavailable) as no:
        await evidence.document(story.line, peer, dispatch, 0, Event.CONTENT_CONSIGNMENT)
    assert no.value.reason is Reason.KEY_UNAVAILABLE
