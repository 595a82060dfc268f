"""Intake: a receipt is given only for what is durable, once per packet; every refusal is recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from gateway.exchange import intake
from gateway.ledger import EntryKind, read_receipt
from gateway.model.agency import Peer, PolicyName
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Severity, Unavailable
from gateway.store import queries
from gateway.trust import read_certificate, verify_countersigned
from tests.exchange.conftest import Story, file_of
from tests.http.town import DEPARTMENT, FAR, PROVINCE, awaited, inline, packet
from tests.pki import NOW


async def refused(story: Story, file: bytes, peer: str = "bo") -> Refused:
    with pytest.raises(Refused) as no:
        await story.submit(file, peer)
    return no.value


@awaited
async def test_a_receipt_states_what_was_recorded_under_the_gateways_seal(story: Story) -> None:
    receipt = await story.submit(file_of(to=(PROVINCE, FAR)))
    facts = read_receipt(verify_countersigned(receipt.xml, story.line.signer.certificate_der))
    (entry,) = await story.entries()
    assert entry.kind is EntryKind.ACCEPT
    assert (entry["dispatch"], entry["packet"]) == (receipt.dispatch_id, receipt.packet_digest)
    assert entry["receipt"] == sha256(receipt.xml).hexdigest()
    assert facts.packet_digest == receipt.packet_digest == story.received(file_of(to=(PROVINCE, FAR))).digest
    assert facts.addressees == ((PROVINCE, PROVINCE), (FAR, FAR))
    assert facts.admitted_at == receipt.admitted_at == NOW
    dispatch = await story.line.store.read(queries.dispatch, receipt.dispatch_id)
    assert dispatch is not None and [one.addressee for one in dispatch.deliveries] == [PROVINCE, FAR]


@awaited
async def test_the_same_packet_again_gets_the_same_receipt_and_records_nothing(story: Story) -> None:
    first = await story.submit(file_of())
    story.clock.pass_(days=9_000)  # certificates have long expired: a retry does not depend on the clock
    again = await story.submit(file_of())
    assert again.repeated and not first.repeated
    assert (again.xml, again.ledger_index, again.dispatch_id) == (first.xml, first.ledger_index, first.dispatch_id)
    assert len(await story.entries()) == 1
    assert len(await story.inbox()) == 1


@awaited
async def test_twins_that_race_become_one_dispatch_with_one_receipt(story: Story) -> None:
    receipts = await asyncio.gather(*(story.submit(file_of()) for _ in range(12)))
    assert len({receipt.xml for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert len(await story.inbox()) == 1


@awaited
async def test_other_bytes_under_a_known_document_id_are_refused_and_recorded(story: Story) -> None:
    first = await story.submit(file_of("G22.7"))
    no = await refused(story, file_of("G22.7", attachments=(("khác.pdf", b"%PDF-1.7 khac"),)))
    assert no.reason is Reason.DOCUMENT_ID_TAKEN
    assert first.dispatch_id in no.finding.detail("vi")
    conflict = (await story.entries())[-1]
    assert conflict.kind is EntryKind.CONFLICT
    assert conflict["document"] != sha256(b"G22.7").hexdigest()
    salts = await story.line.store.read(queries.salts_of, (conflict["document"],))
    assert sha256(salts[conflict["document"]] + b"G22.7").hexdigest() == conflict["document"]
    assert len(await story.inbox()) == 1


@awaited
async def test_racing_packets_under_one_document_id_are_one_dispatch_and_a_conflict(story: Story) -> None:
    files = [file_of("G22.8", attachments=((f"{number}.pdf", b"%PDF-1.7"),)) for number in range(6)]
    outcomes = await asyncio.gather(*(story.submit(file) for file in files), return_exceptions=True)
    reasons = [one.reason for one in outcomes if isinstance(one, Refused)]
    assert reasons == [Reason.DOCUMENT_ID_TAKEN] * 5
    assert len(await story.inbox()) == 1


@awaited
async def test_an_agency_addressed_by_both_its_identifiers_gets_one_delivery(story: Story) -> None:
    await story.submit(file_of(to=("000.00.00.H29", PROVINCE, DEPARTMENT)))
    items = [await story.line.store.read(queries.delivery, one) for one in await story.inbox()]
    assert [(one.addressee, one.addressed_as) for one in items if one] == [
        (PROVINCE, "000.00.00.H29"),
        (DEPARTMENT, DEPARTMENT),
    ]


@awaited
async def test_a_refusal_is_recorded_with_digest_and_reason_and_leaves_no_dispatch(story: Story) -> None:
    file = file_of(to=("H99.99.99",))
    no = await refused(story, file)
    assert no.reason is Reason.AUTHORITY_UNKNOWN_ADDRESSEE
    (entry,) = await story.entries()
    assert entry.kind is EntryKind.REFUSE
    assert (entry["reason"], entry["packet"]) == ("authority.unknown_addressee", story.received(file).digest)
    (row,) = await story.line.store.read(queries.refusals, 0, 10)
    assert (row.peer, row.reason) == ("bo", "authority.unknown_addressee")
    assert await story.line.store.read(queries.twin, "bo", story.received(file).digest) is None


@awaited
async def test_a_flood_of_refusals_does_not_grow_the_ledger(story: Story) -> None:
    few = Story(replace(story.line, rules=replace(story.line.rules, refusals_recorded_per_minute=3)), story.clock)
    for _ in range(8):
        await refused(few, file_of(to=("H99.99.99",)))
    assert len(await few.entries()) == 3
    assert len(await few.line.store.read(queries.refusals, 0, 100)) == 8
    story.clock.pass_(minutes=1)
    await refused(few, file_of(to=("H99.99.99",)))
    assert len(await few.entries()) == 4


@awaited
async def test_a_peer_cannot_send_in_another_agencys_name(story: Story) -> None:
    assert (await refused(story, file_of(), peer="tinh")).reason is Reason.AUTHORITY_NOT_YOURS


@awaited
async def test_an_unsealed_packet_is_refused_unless_the_peers_policy_allows_it_with_a_warning(story: Story) -> None:
    bare = inline(*packet(sealed=False))
    assert (await refused(story, bare)).reason is Reason.SEAL_MISSING
    story.line.state.directory = replace(story.line.directory, peers=_transition(story))
    receipt = await story.submit(bare)
    assert (Reason.SEAL_MISSING, Severity.WARN) in [(one.reason, one.severity) for one in receipt.warnings]
    facts = read_receipt(verify_countersigned(receipt.xml, story.line.signer.certificate_der))
    assert "seal.missing" in facts.findings and facts.seal_certificate is None


@awaited
async def test_of_several_faults_the_first_step_names_the_refusal_and_all_are_told(story: Story) -> None:
    skeleton, attachments = packet(to=("H99.99.99", "H99.99.99"))
    no = await refused(story, inline(skeleton, [(cid, data + b"!") for cid, data in attachments]))
    assert no.reason is Reason.FORM_DUPLICATE_ADDRESSEE
    assert {one.reason for one in no.findings} == {
        Reason.FORM_DUPLICATE_ADDRESSEE,
        Reason.AUTHORITY_UNKNOWN_ADDRESSEE,
        Reason.SEAL_ATTACHMENT_DIGEST,
    }


@pytest.mark.parametrize("reason", [Reason.DRAINING, Reason.DISK_FULL, Reason.LEDGER_UNAVAILABLE, Reason.OVERLOADED])
def test_a_gateway_that_could_not_keep_its_word_gives_none(story: Story, reason: Reason) -> None:
    line, state = story.line, story.line.state
    match reason:
        case Reason.DRAINING:
            state.draining = True
        case Reason.DISK_FULL:
            story = Story(replace(line, disk_free_bytes_min=2**62), story.clock)
            story.line.measure_disk()
        case Reason.LEDGER_UNAVAILABLE:
            state.unsealed_since = NOW - timedelta(seconds=line.rules.ledger_lag_s_max + 1)
        case Reason.OVERLOADED:
            story = Story(replace(line, rules=replace(line.rules, waiting_writes_max=-1)), story.clock)

    @awaited
    async def submit() -> None:
        with pytest.raises(Unavailable) as cannot:
            await story.submit(file_of())
        assert cannot.value.reason is reason
        assert await story.entries() == []

    submit()


@awaited
async def test_a_gateway_whose_own_certificate_ended_gives_no_receipt_but_repeats_those_it_gave(story: Story) -> None:
    given = await story.submit(file_of())
    ours = read_certificate(story.line.signer.certificate_der).period
    assert ours.ends_at is not None
    story.line.state.directory = replace(story.line.directory, peers=_transition(story))
    story.clock.pass_(seconds=(ours.ends_at - NOW).total_seconds())
    with pytest.raises(Unavailable) as cannot:
        await story.submit(inline(*packet("G22.late", sealed=False)))
    assert cannot.value.reason is Reason.KEY_UNAVAILABLE
    assert (await story.submit(file_of())).xml == given.xml


def _transition(story: Story) -> tuple[Peer, ...]:
    """The peers, the ministry's under the transition policy: it may send without a seal."""
    eased = {"bo": PolicyName.TRANSITION}
    return tuple(replace(one, policy=eased.get(one.key, one.policy)) for one in story.line.directory.peers)


@awaited
async def test_a_dry_run_says_what_the_door_would_say_and_records_nothing(story: Story) -> None:
    good = await intake.examine_packet(story.line, story.peer("bo"), story.received(file_of()))
    bad = await intake.examine_packet(story.line, story.peer("bo"), story.received(file_of(to=("H99.99.99",))))
    assert good.admitted and not bad.admitted
    assert bad.refusal.reason is (await refused(story, file_of(to=("H99.99.99",)))).reason
    assert [entry.kind for entry in await story.entries()] == [EntryKind.REFUSE]
