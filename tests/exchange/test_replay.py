"""The same packet under the same versions gives the same report; under other rules it may fare otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.exchange import lifecycle, register
from gateway.exchange.replay import Fared, MissingVersionError, impact, replay
from gateway.exchange.watch import refresh_directory
from gateway.ledger import read_report
from gateway.model.agency import PolicyName
from gateway.model.envelope import EnvelopeState
from gateway.model.packet import StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.signers import Rank, Signer
from gateway.rules.policy import POLICIES
from gateway.store import PutDirectory, RevokePeer
from gateway.trust import TrustStore, verify_countersigned
from tests.exchange.conftest import Story, file_of
from tests.exchange.pdfs import signed, with_desk
from tests.http.town import MINISTRY, awaited
from tests.pki import NOW, pki
from tests.trust.pdf.papers import World, append_page, world
from tests.vectors.old_signature import block, in_slot, signed_by_xmlsec1

LARGE = b"%PDF-1.7\n" + bytes(range(256)) * 400


async def unsealed(story: Story, dispatch_id: str) -> bytes:
    xml = await register.report(story.line, story.peer("bo"), dispatch_id)
    return verify_countersigned(xml, story.line.signer.certificate_der)


async def change_directory(story: Story, **changes: object) -> None:
    """Put a further version in force, in which the ministry is another."""
    now = story.line.directory
    agencies = tuple(replace(one, **changes) if one.key == MINISTRY else one for one in now.agencies)
    await story.line.store.write(PutDirectory(replace(now, version=now.version + 1, agencies=agencies), NOW))
    await refresh_directory(story.line)


@awaited
async def test_a_replay_is_byte_identical(story: Story) -> None:
    for number, attachments in enumerate([(("a.pdf", b"%PDF-1.7"),), (("a.pdf", LARGE), ("b.docx", b"PK"))]):
        receipt = await story.submit(file_of(f"G22.{number}", attachments=attachments))
        again = await replay(story.line, receipt.dispatch_id)
        assert again.same and again.now == await unsealed(story, receipt.dispatch_id)


@awaited
async def test_an_old_envelope_signature_is_told_in_the_report_and_its_replay(story: Story, tmp_path: Path) -> None:
    now = story.line.directory
    peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
    await story.line.store.write(PutDirectory(replace(now, version=now.version + 1, peers=peers), NOW))
    await refresh_directory(story.line)
    file = signed_by_xmlsec1(tmp_path, in_slot(file_of(sealed=False), block()), pki().rsa2048)
    receipt = await story.submit(file)
    report = await unsealed(story, receipt.dispatch_id)
    envelope = read_report(report).envelope
    assert envelope is not None and envelope.state is EnvelopeState.VALID
    assert Reason.SEAL_MISSING in {one.reason for one in receipt.warnings}  # valid, and worth nothing
    assert (await replay(story.line, receipt.dispatch_id)).now == report


@awaited
async def test_a_replay_asks_the_directory_and_the_instant_of_then(story: Story) -> None:
    receipt = await story.submit(file_of())
    story.clock.pass_(days=3_000)
    await change_directory(story, name="Bộ đổi tên", certificates=())
    assert read_report((await replay(story.line, receipt.dispatch_id)).now).versions.directory == 1
    assert (await replay(story.line, receipt.dispatch_id)).same


@awaited
async def test_a_packet_the_gateway_wrote_is_examined_again_under_the_policy_it_came_under(story: Story) -> None:
    receipt = await story.submit(file_of())
    (waiting,) = await story.inbox("tinh")
    told = await lifecycle.report_status(story.line, story.peer("tinh"), waiting, StatusCode.ACCEPTED)
    again = await replay(story.line, told.dispatch_id)
    assert again.same and read_report(again.now).policy == PolicyName.OBSERVE
    asked = await lifecycle.recall(story.line, story.peer("bo"), receipt.dispatch_id, "Gửi nhầm")
    assert asked[0].receipt is not None and (await replay(story.line, asked[0].receipt.dispatch_id)).same


@awaited
async def test_a_peer_shut_out_since_changes_no_report(story: Story) -> None:
    await change_directory(story, name="Bộ Kiểm thử mới")
    receipt = await story.submit(file_of())
    assert await story.line.store.write(RevokePeer("bo", NOW)) == 3
    await refresh_directory(story.line)
    assert read_report(await unsealed(story, receipt.dispatch_id)).versions.directory == 2
    assert (await replay(story.line, receipt.dispatch_id)).same


@awaited
async def test_a_replay_of_signatures_in_pdfs_needs_the_same_snapshot(story: Story, tmp_path: Path) -> None:
    the = world()
    line = with_desk(story.line, tmp_path, story.clock, the)
    receipt = await Story(line, story.clock).submit(file_of(attachments=(("công văn.pdf", signed(the)),)))
    assert line.pdf_desk is not None
    kept = line.pdf_desk.snapshot
    assert (await replay(line, receipt.dispatch_id)).same
    the.government.revoke(the.person, NOW - timedelta(days=9))
    line.pdf_desk.refresher.snapshot = the.snapshot(NOW + timedelta(hours=1))
    with pytest.raises(MissingVersionError) as missing:
        await replay(line, receipt.dispatch_id)
    assert (missing.value.what, missing.value.wanted) == ("revocation", kept.version)
    assert (await replay(line, receipt.dispatch_id, kept)).same
    with pytest.raises(MissingVersionError) as missing:
        await replay(story.line, receipt.dispatch_id)  # a line without a desk
    assert missing.value.what == "pdf_anchors"


@awaited
async def test_a_replay_under_other_authorities_says_which_it_misses(story: Story) -> None:
    receipt = await story.submit(file_of())
    other = replace(story.line, trust=TrustStore((pki().stranger.der,)))
    with pytest.raises(MissingVersionError) as missing:
        await replay(other, receipt.dispatch_id)
    assert (missing.value.what, missing.value.wanted) == ("anchors", story.line.trust.digest)


@awaited
async def test_a_dispatch_that_is_none_is_not_found(story: Story) -> None:
    with pytest.raises(Refused) as no:
        await replay(story.line, "0" * 26)
    assert no.value.reason is Reason.NOT_FOUND


async def fared(story: Story, policy: str, **since: float) -> list[Fared | None]:
    start = NOW - timedelta(**since)
    return [one async for _, one in impact(story.line, start, POLICIES[policy])]


@awaited
async def test_packets_that_would_have_fared_otherwise_under_another_policy_are_named(story: Story) -> None:
    now = story.line.directory
    peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
    await story.line.store.write(PutDirectory(replace(now, version=2, peers=peers), NOW))
    await refresh_directory(story.line)
    good = await story.submit(file_of("G22.1"))
    unsealed_one = await story.submit(file_of("G22.2", sealed=False))
    outcomes = await fared(story, "strict", days=1)
    assert [one.dispatch_id for one in outcomes if one] == [unsealed_one.dispatch_id]
    assert Reason.SEAL_MISSING in [one.reason for fare in outcomes if fare for one in fare.refusing]
    assert len(outcomes) == 2 and good.dispatch_id
    assert await fared(story, "transition", days=1) == [None, None]
    assert await fared(story, "strict", days=-1) == []


@awaited
async def test_what_was_found_in_pdfs_is_judged_by_the_other_policy(story: Story, tmp_path: Path) -> None:
    the: World = world()
    line = with_desk(story.line, tmp_path, story.clock, the)
    story = Story(line, story.clock)
    now = line.directory
    peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
    await line.store.write(PutDirectory(replace(now, version=2, peers=peers), NOW))
    await refresh_directory(line)
    await story.submit(file_of(attachments=(("công văn.pdf", append_page(signed(the))),)))
    (outcome,) = await fared(story, "strict", days=1)
    assert outcome is not None
    assert Reason.PDF_CHANGED_AFTER_SIGNING in {one.reason for one in outcome.refusing}
    assert all(one.detail(lang) for one in outcome.refusing for lang in ("vi", "en"))


@awaited
async def test_what_was_found_of_a_signers_competence_is_replayed_and_judged_by_another_policy(
    story: Story,
) -> None:
    other = (Signer("Người Khác", "Chánh Văn phòng", Rank.UNIT_HEAD),)
    agencies = tuple(
        replace(one, signers=other, delegations=()) if one.key == MINISTRY else one
        for one in story.line.directory.agencies
    )
    peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in story.line.directory.peers)
    directory = replace(story.line.directory, version=2, agencies=agencies, peers=peers)
    await story.line.store.write(PutDirectory(directory, NOW))
    await refresh_directory(story.line)
    receipt = await story.submit(file_of())
    said = {one.reason for one in receipt.warnings if str(one.reason).startswith("authority.")}
    assert said
    again = await replay(story.line, receipt.dispatch_id)
    assert again.same
    assert said <= {Reason(one.reason) for one in read_report(again.now).findings}
    (outcome,) = await fared(story, "strict", days=1)
    assert outcome is not None and said & {one.reason for one in outcome.refusing}
    assert await fared(story, "transition", days=1) == [None]
