"""Cases as the gateway makes them: whole for the parties, one event for a third party, on each engine."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from gateway.exchange import courier, lifecycle, proving
from gateway.exchange.key_record import record_seal_certificate
from gateway.exchange.line import StampDebt
from gateway.exchange.timestamps import Stamper, TimestampRules
from gateway.http.tsa import HttpAuthority
from gateway.ledger import CaseReport, Known, check_case
from gateway.ledger.archive import pack
from gateway.ledger.fault import Fault
from gateway.model.packet import StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.exchange.conftest import Story, file_of
from tests.exchange.life import collect, document, send, trusting
from tests.exchange.pdfs import signed, with_desk
from tests.http.town import FAR, PROVINCE, awaited
from tests.pki import NOW, pki
from tests.trust.pdf.papers import world
from tests.tsa import authority, serving

WORDS = "Không thuộc thẩm quyền giải quyết"


async def told(story: Story) -> str:
    """A document to two: one stored it, the other refused it with words."""
    dispatch = (await story.submit(file_of(to=(PROVINCE, FAR)))).dispatch_id
    (delivery,) = await story.inbox("tinh")
    await courier.acknowledge(story.line, story.peer("tinh"), delivery)
    (other,) = await story.inbox("xa")
    await courier.decline(story.line, story.peer("xa"), other, WORDS)
    await story.seal()
    return dispatch


def members(case: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(case)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def checked(story: Story, case: bytes, known: Known = Known()) -> CaseReport:  # noqa: B008  frozen
    report = check_case(case, story.line.notary.key.vkey, known)
    assert report.holds, [(one.member, one.text("en")) for one in report.wrong]
    return report


def codes(report: CaseReport) -> list[str]:
    return [one.code.partition(".")[2] for one in report.proven]


@awaited
async def test_a_case_holds_the_packet_the_words_and_every_evidence(story: Story) -> None:
    dispatch = await told(story)
    case = await proving.prove(story.line, story.peer("bo"), dispatch)
    report = checked(story, case)
    assert {"acknowledge", "decline", "reason", "packet", "seal", "container"} <= set(codes(report))
    assert codes(report).count("evidence") == 5
    assert WORDS in "".join(one.text("vi") for one in report.proven)
    inside = members(case)
    assert inside["reasons/2.bin"][16:].decode() == WORDS
    assert f"reason: {sha256(inside['reasons/2.bin']).hexdigest()}" in inside["entries/2.txt"].decode()
    assert WORDS in inside["page.html"].decode()


@awaited
async def test_the_words_of_a_refused_recall_are_in_the_case(story: Story) -> None:
    sent = await send(trusting(story), document(to=(PROVINCE, FAR)))
    theirs = await collect(story, sent.dispatch_id)
    await lifecycle.recall(story.line, story.peer("bo"), sent.dispatch_id, "Gửi nhầm", [PROVINCE])
    await lifecycle.report_status(story.line, story.peer("tinh"), theirs.id, StatusCode.CHANGE_REFUSED, WORDS)
    await story.seal()
    case = await proving.prove(story.line, story.peer("bo"), sent.dispatch_id)
    assert WORDS in "".join(one.text("vi") for one in checked(story, case).proven)
    (name,) = (one for one in members(case) if one.startswith("reasons/"))
    answer = members(case)[name.replace("reasons/", "entries/").replace(".bin", ".txt")].decode()
    assert "kind: answer" in answer and sha256(members(case)[name]).hexdigest() in answer
    assert all(WORDS.encode() not in data for data in members(await event_of(story, sent.dispatch_id, name)).values())


async def event_of(story: Story, dispatch: str, reason: str) -> bytes:
    """The case for a third party of the entry whose words are the member `reason`."""
    index = int(reason.removeprefix("reasons/").removesuffix(".bin"))
    return await proving.prove_event(story.line, story.peer("bo"), dispatch, index)


@awaited
async def test_an_addressee_proves_its_own_part_only(story: Story) -> None:
    dispatch = await told(story)
    case = await proving.prove(story.line, story.peer("tinh"), dispatch)
    checked(story, case)
    assert "entries/2.txt" not in members(case)
    assert all(WORDS.encode() not in data for data in members(case).values())


@awaited
async def test_a_case_for_a_third_party_reveals_one_event_and_nothing_else(story: Story) -> None:
    dispatch = await told(story)
    case = await proving.prove_event(story.line, story.peer("bo"), dispatch, 1)
    report = checked(story, case)
    assert codes(report) == ["checkpoint", "acknowledge", "evidence", "evidence", "container"]
    inside = members(case)
    assert set(inside) == {
        "mimetype", "page.html", "README.txt", "checkpoint", "entries/1.txt", "entries/1.tlog-proof",
        "evidence/1-ContentHandover.xml", "evidence/1-ConsignmentAcceptance.xml", "META-INF/manifest.xml",
        "META-INF/signatures.xml", *(name for name in inside if name.startswith("certificates/")),
    }  # fmt: skip
    secrets = [FAR, WORDS, "G22.1", "7816", "kiểm thử liên thông", "noi dung", "Nguyễn Thị Ánh", "giấy mời"]
    packet = (await story.line.store.read(proving.queries.packet, dispatch)).packet_digest
    for name, data in inside.items():
        for secret in (*secrets, packet):
            assert secret.encode() not in data, (name, secret)


@awaited
async def test_a_renewed_seal_certificate_is_introduced_by_the_ledger(story: Story) -> None:
    dispatch = await told(story)
    renewed = replace(story.line, signer=pki().stranger.signer)
    case = await proving.prove(renewed, story.peer("bo"), dispatch)
    report = checked(story, case)
    assert "key" not in codes(report) and "unproven.introduced" in {one.code for one in report.unproven}
    for certificate in (story.line.signer.certificate_der, renewed.signer.certificate_der):
        await record_seal_certificate(story.line.store, certificate, NOW)
    await story.seal()
    for case in (
        await proving.prove(renewed, story.peer("bo"), dispatch),
        await proving.prove_event(renewed, story.peer("bo"), dispatch, 1),
    ):
        report = checked(story, case)
        assert "key" in codes(report) and "unproven.introduced" not in {one.code for one in report.unproven}


@awaited
async def test_an_event_that_names_others_is_not_given_to_a_third_party(story: Story) -> None:
    dispatch = await told(story)
    for peer, index in (("bo", 0), ("bo", 99), ("tinh", 2)):
        with pytest.raises(Refused) as no:
            await proving.prove_event(story.line, story.peer(peer), dispatch, index)
        assert no.value.reason is Reason.NOT_FOUND
    with pytest.raises(Refused) as no:
        await proving.prove_event(story.line, replace(story.peer("xa"), key="x", grants=()), dispatch, 1)
    assert no.value.reason is Reason.NOT_FOUND


@awaited
async def test_a_case_carries_the_earliest_time_stamp_that_covers_it(story: Story) -> None:
    dispatch = await told(story)
    async with serving(authority(story.clock)) as tsa, aiohttp.ClientSession() as session:
        anchors = (tsa.root.der,)
        stamper = Stamper(HttpAuthority(session, tsa.url), anchors, TimestampRules(), StampDebt(), story.clock)
        await stamper.once(story.line)
        await story.submit(file_of("G22.2"))
        await story.seal()
        story.clock.pass_(hours=1)
        await stamper.once(story.line)
        case = await proving.prove(story.line, story.peer("bo"), dispatch)
    assert "stamped" in codes(checked(story, case, Known(anchors)))
    assert "stamped" not in codes(checked(story, case))
    assert members(case)["checkpoint"].split(b"\n")[1] == b"3", "the tree of the first stamp"


@awaited
async def test_what_was_known_of_revocation_is_in_the_case(story: Story, tmp_path: Path) -> None:
    the = world()
    line = with_desk(story.line, tmp_path, story.clock, the)
    here = Story(line, story.clock)
    dispatch = (await here.submit(file_of(attachments=(("a.pdf", signed(the)),)))).dispatch_id
    await here.seal()
    case = await proving.prove(line, here.peer("bo"), dispatch)
    assert "revocation" in codes(checked(here, case))
    inside = members(case)
    answer = next(name for name in inside if name.startswith("revocation/"))
    other = check_case(pack({**inside, answer: inside[answer] + b"x"}), here.line.notary.key.vkey)
    assert Fault.CASE_REVOCATION_DIFFERS in {one.fault for one in other.wrong}
