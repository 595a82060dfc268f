"""Updates, replacements, duplicates: what becomes of those who have the document, and how its versions are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.exchange import courier, proving, register
from gateway.ledger import EntryKind, check_case, read_receipt
from gateway.model.delivery import DeliveryStatus
from gateway.model.packet import BusinessType, Replacement, ResponseFor
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Severity
from gateway.store.queries.threads import Related
from gateway.trust import verify_countersigned
from tests.exchange.conftest import Story
from tests.exchange.life import change, collect, delivery, document, events, outcome, seen, send, status, trusting
from tests.http.town import DEPARTMENT, FAR, MINISTRY, PROVINCE, awaited
from tests.pki import NOW

UPDATE, REPLACE, RECALL = BusinessType.UPDATE, BusinessType.REPLACE, BusinessType.RECALL


@pytest.fixture
def town(story: Story) -> Story:
    return trusting(story)


async def refusal(town: Story, file: bytes) -> Reason:
    with pytest.raises(Refused) as no:
        await send(town, file)
    return no.value.reason


@awaited
async def test_an_update_reaches_those_it_adds_and_asks_it_back_from_those_it_takes_off(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, DEPARTMENT)))
    await collect(town, sent.dispatch_id, DEPARTMENT)
    told = await send(
        town, change(UPDATE, "G22.1", "G22.1", to=(PROVINCE,), receivers=(FAR, DEPARTMENT, "000.00.00.H29"))
    )
    update = await seen(town, told.dispatch_id)
    assert [one.addressee for one in update.deliveries] == [PROVINCE, FAR]
    facts = read_receipt(verify_countersigned(told.xml, town.line.signer.certificate_der))
    assert [key for key, _ in facts.addressees] == [PROVINCE, FAR], "the receipt names those it added"
    kept, taken = await delivery(town, sent.dispatch_id), await delivery(town, sent.dispatch_id, DEPARTMENT)
    assert (events(kept)[-1], kept.changes[-1].kind.value, kept.status) == ("update", "update", DeliveryStatus.QUEUED)
    assert (events(taken)[-1], taken.changes[-1].kind.value) == ("recall", "recall")
    assert taken.changes[-1].reason == "Sai số liệu"
    await send(town, status("15", sender=DEPARTMENT), DEPARTMENT)
    assert outcome(await delivery(town, sent.dispatch_id, DEPARTMENT), NOW) == "done"
    await send(town, status("15", timestamp="2026/11/23 15:00:01"), PROVINCE)
    assert outcome(await delivery(town, sent.dispatch_id), NOW) == "done", "the update was agreed to"


@awaited
async def test_a_receiver_taken_off_before_it_fetched_never_gets_the_document(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    await send(town, change(UPDATE, "G22.1", "G22.1", to=(PROVINCE,), receivers=(FAR,)))
    assert (await delivery(town, sent.dispatch_id, FAR)).status is DeliveryStatus.WITHDRAWN
    assert await town.inbox("xa") == []


@awaited
async def test_receivers_nobody_knows_are_passed_over(town: Story) -> None:
    await send(town, document())
    told = await send(town, change(UPDATE, "G22.2", "G22.1", receivers=("K99.99",)))
    assert [one.addressee for one in (await seen(town, told.dispatch_id)).deliveries] == [PROVINCE]


@pytest.mark.parametrize("only", [(), (FAR,)], ids=["for all", "for some"])
def test_a_replacement_supersedes_visibly(town: Story, only: tuple[str, ...]) -> None:
    @awaited
    async def replace() -> None:
        sent = await send(town, document(to=(PROVINCE, DEPARTMENT, FAR)))
        await collect(town, sent.dispatch_id)
        old = Replacement("G22.1", only)
        told = await send(town, change(REPLACE, "G22.2", replaces=(old,), to=(PROVINCE, DEPARTMENT, FAR)))
        shown = {one.addressee: events(one)[-1] for one in (await seen(town, sent.dispatch_id)).deliveries}
        everyone = {PROVINCE: "replace", DEPARTMENT: "withdrawn", FAR: "withdrawn"}
        assert shown == ({PROVINCE: "acknowledged", DEPARTMENT: "queued", FAR: "withdrawn"} if only else everyone)
        entry = next(one for one in await town.entries() if one.kind is EntryKind.CHANGE)
        assert (entry["relation"], entry["target"]) == ("replaces", sent.dispatch_id)
        assert entry["addressees"].split(" ") == ([FAR] if only else sorted((PROVINCE, DEPARTMENT, FAR)))
        assert len((await seen(town, told.dispatch_id)).deliveries) == 3

    replace()


@awaited
async def test_one_packet_replaces_two_documents(town: Story) -> None:
    sent = [await send(town, document(f"G22.{number}", number=str(number))) for number in (1, 2)]
    told = await send(town, change(REPLACE, "G22.3", replaces=(Replacement("G22.1"), Replacement("G22.2"))))
    assert [(await delivery(town, one.dispatch_id)).status.value for one in sent] == ["withdrawn"] * 2
    chain = await register.versions(town.line, town.peer("bo"), sent[0].dispatch_id)
    assert {one.id for one in chain} == {told.dispatch_id, *(one.dispatch_id for one in sent)}


async def a_chain(town: Story) -> list[str]:
    """A document, updated under its own id, replaced, recalled."""
    files = [
        document(),
        change(UPDATE, "G22.1", "G22.1"),
        change(REPLACE, "G22.2", replaces=(Replacement("G22.1"),)),
        change(RECALL, "G22.3", response_for=(ResponseFor(MINISTRY, None, None, "G22.2"),)),
    ]
    return [(await send(town, file)).dispatch_id for file in files]


def relations(rows: tuple[Related, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.id, [(relation.value, target) for relation, target in one.links]) for one in rows]


@awaited
async def test_the_chain_of_versions_is_found_from_any_of_them(town: Story) -> None:
    chain = await a_chain(town)
    expected = [
        (chain[0], []),
        (chain[1], [("updates", chain[0])]),
        (chain[2], [("replaces", chain[1])]),
        (chain[3], [("recalls", chain[2])]),
    ]
    for start in chain:
        assert sorted(relations(await register.versions(town.line, town.peer("bo"), start))) == sorted(expected)
        assert sorted(relations(await register.versions(town.line, town.peer("tinh"), start))) == sorted(expected)
        with pytest.raises(Refused) as no:
            await register.versions(town.line, town.peer("xa"), start)
        assert no.value.reason is Reason.NOT_FOUND


LOOPS: dict[str, list[Callable[[], bytes]]] = {
    "a replacement of itself": [lambda: change(REPLACE, "G22.1", replaces=(Replacement("G22.1"),))],
    "a replacement of a replacement of itself": [
        lambda: change(REPLACE, "G22.2", replaces=(Replacement("G22.1"),)),
        lambda: change(REPLACE, "G22.1", replaces=(Replacement("G22.2"),)),
    ],
    "updates in a circle": [
        lambda: change(UPDATE, "G22.2", "G22.1"),
        lambda: change(UPDATE, "G22.3", "G22.2"),
        lambda: change(UPDATE, "G22.1", "G22.3"),
    ],
    "an update of what it was replaced by": [
        lambda: change(REPLACE, "G22.2", replaces=(Replacement("G22.1"),)),
        lambda: change(UPDATE, "G22.1", "G22.2"),
    ],
}


@pytest.mark.parametrize("kind", LOOPS)
def test_a_document_never_becomes_its_own_predecessor(town: Story, kind: str) -> None:
    @awaited
    async def close_the_circle() -> None:
        await send(town, document())
        *before, last = LOOPS[kind]
        for file in before:
            await send(town, file())
        size = len(await town.entries())
        assert await refusal(town, last()) is Reason.CHANGE_LOOP
        assert [one.kind for one in (await town.entries())[size:]] == [EntryKind.REFUSE]

    close_the_circle()


@awaited
async def test_a_document_may_be_sent_again_under_its_own_id_as_often_as_it_takes(town: Story) -> None:
    await send(town, document())
    for number in range(3):
        await send(town, change(UPDATE, "G22.1", "G22.1", reason=f"Lần {number}"))
        await send(town, change(REPLACE, "G22.1", reason=f"Lần {number}"))


@awaited
async def test_a_change_of_anothers_document_looks_like_one_of_none(town: Story) -> None:
    await send(town, document())
    for kind in (UPDATE, REPLACE):
        for name in ("G22.1", "G22.7"):
            file = change(kind, "G99.9", name).replace(f"OrganId>{MINISTRY}".encode(), f"OrganId>{FAR}".encode())
            with pytest.raises(Refused) as no:
                await send(town, file, FAR)
            assert no.value.reason is Reason.TARGET_UNKNOWN


@awaited
async def test_what_was_recalled_from_everyone_is_frozen(town: Story) -> None:
    sent = await send(town, document(to=(PROVINCE, FAR)))
    await collect(town, sent.dispatch_id)
    await send(town, change(RECALL, "G22.2", "G22.1", to=(FAR,)))
    await send(town, change(UPDATE, "G22.1", "G22.1"))
    await send(town, change(RECALL, "G22.3", "G22.1", to=(PROVINCE,)))
    for kind in (UPDATE, REPLACE):
        assert await refusal(town, change(kind, "G22.4", "G22.1")) is Reason.FROZEN
    shown = await seen(town, sent.dispatch_id)
    assert shown.subject and await register.receipt(town.line, town.peer("bo"), sent.dispatch_id)


@awaited
async def test_an_addressee_that_refuses_the_recall_thaws_the_document(town: Story) -> None:
    sent = await send(town, document())
    await collect(town, sent.dispatch_id)
    await send(town, change(RECALL, "G22.2", "G22.1"))
    assert await refusal(town, change(UPDATE, "G22.3", "G22.1")) is Reason.FROZEN
    await send(town, status("16"), PROVINCE)
    await send(town, change(UPDATE, "G22.3", "G22.1"))


@awaited
async def test_racing_changes_of_one_document_are_judged_one_after_the_other(town: Story) -> None:
    await send(town, document())
    files = [change(REPLACE, f"G22.{number}", replaces=(Replacement("G22.1"),)) for number in range(2, 8)]
    await asyncio.gather(*(send(town, file) for file in files), send(town, change(RECALL, "G22.9", "G22.1")))
    chain = await register.versions(town.line, town.peer("bo"), (await town.entries())[0]["dispatch"])
    assert len(chain) == 8
    withdrawn = [entry for entry in await town.entries() if entry.kind is EntryKind.WITHDRAW]
    assert len(withdrawn) == 1, "a delivery is taken back once"


@awaited
async def test_replies_make_the_thread_of_a_case(town: Story) -> None:
    sent = await send(town, document())
    about = ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20", "G22.1")
    reply = document("H29.1", to=(MINISTRY,), response_for=(about, ResponseFor())).replace(
        f"<edXML:From>\n<edXML:OrganId>{MINISTRY}".encode(), f"<edXML:From>\n<edXML:OrganId>{PROVINCE}".encode()
    )
    answer = await send(town, reply, PROVINCE)
    changed = await send(town, change(UPDATE, "G22.1", "G22.1"))
    told = await send(town, status("03"), PROVINCE)
    for start in (sent, answer, changed, told):
        thread = await register.thread(town.line, town.peer("bo"), start.dispatch_id)
        found = {one.id for one in thread} - {told.dispatch_id}
        assert found == {sent.dispatch_id, answer.dispatch_id, changed.dispatch_id}


@awaited
async def test_a_link_to_what_one_has_nothing_to_do_with_leads_nowhere(town: Story) -> None:
    sent = await send(town, document())
    about = ResponseFor(MINISTRY, None, None, "G22.1")
    reply = document("G99.1", to=(MINISTRY,), response_for=(about,)).replace(
        f"<edXML:From>\n<edXML:OrganId>{MINISTRY}".encode(), f"<edXML:From>\n<edXML:OrganId>{FAR}".encode()
    )
    answer = await send(town, reply, FAR)
    thread = await register.thread(town.line, town.peer("bo"), sent.dispatch_id)
    assert [one.id for one in thread] == [sent.dispatch_id]
    assert [one.id for one in await register.thread(town.line, town.peer("xa"), answer.dispatch_id)] == [
        answer.dispatch_id
    ]


@awaited
async def test_the_same_number_in_one_year_is_admitted_with_a_warning_to_both_sides(town: Story) -> None:
    first = await send(town, document())
    second = await send(town, document("G22.2"))
    third = await send(town, document("G22.3", to=(FAR,)))
    for told in (second, third):
        (warning,) = [one for one in told.warnings if one.reason is Reason.DUPLICATE]
        assert warning.severity is Severity.WARN and first.dispatch_id in warning.detail("vi")
    items = await courier.inbox(town.line, town.peer("tinh"), None, 10, 0)
    assert [item.duplicate_of for item in items] == [None, first.dispatch_id]
    one = await delivery(town, second.dispatch_id)
    assert events(one) == ["queued", "duplicate"] and one.timeline[-1].detail == first.dispatch_id
    entries = [entry for entry in await town.entries() if entry.kind is EntryKind.DUPLICATE]
    assert [(entry["dispatch"], entry["of"], entry["by"]) for entry in entries] == [
        (second.dispatch_id, first.dispatch_id, "number"),
        (third.dispatch_id, first.dispatch_id, "number"),
    ]
    await town.seal()
    case = await proving.prove(town.line, town.peer("tinh"), second.dispatch_id)
    report = check_case(case, town.line.notary.key.vkey)
    assert not report.wrong and "proven.duplicate" in [one.code for one in report.proven]


@awaited
async def test_duplicates_in_one_group_are_seen_too(town: Story) -> None:
    receipts = await asyncio.gather(*(send(town, document(f"G22.{number}")) for number in range(6)))
    repeats = [one for told in receipts for one in told.warnings if one.reason is Reason.DUPLICATE]
    assert len(repeats) == 5 and len({one.detail("vi") for one in repeats}) == 1


@pytest.mark.parametrize(
    "parts",
    [{"promulgated_on": "2025/11/20"}, {"number": "7817"}, {"code_notation": "BKT-TC"}],
    ids=["another year", "another number", "another notation"],
)
def test_another_number_or_year_is_no_duplicate(town: Story, parts: dict[str, str]) -> None:
    @awaited
    async def twice() -> None:
        await send(town, document())
        told = await send(town, document("G22.2", **parts))
        assert Reason.DUPLICATE not in [one.reason for one in told.warnings]

    twice()


@awaited
async def test_an_identifier_another_agency_used_is_a_duplicate_that_names_nothing_of_the_other(town: Story) -> None:
    first = await send(town, document())
    other = document(number="1").replace(f"OrganId>{MINISTRY}".encode(), f"OrganId>{FAR}".encode())
    told = await send(town, other, FAR)
    (warning,) = [one for one in told.warnings if one.reason is Reason.DUPLICATE]
    assert first.dispatch_id not in warning.detail("vi") and "G22.1" in warning.detail("vi")
