"""The examination report travels with every admitted document, under the gateway's seal and the ledger's digest."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.exchange import proving, register
from gateway.ledger import check_case, read_report
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.rules.version import rule_set
from gateway.trust import verify_countersigned
from tests.exchange.conftest import Story, file_of
from tests.exchange.pdfs import signed, with_desk
from tests.http.town import awaited
from tests.pki import NOW
from tests.trust.pdf.papers import paper, world


@awaited
async def test_the_report_states_what_was_examined_and_on_what_it_rested(story: Story) -> None:
    receipt = await story.submit(file_of())
    xml = await register.report(story.line, story.peer("bo"), receipt.dispatch_id)
    facts = read_report(verify_countersigned(xml, story.line.signer.certificate_der))
    assert (facts.packet_digest, facts.peer, facts.verdict) == (receipt.packet_digest, "bo", "admitted")
    assert (facts.examined_at, facts.policy, facts.pdf) == (NOW, "strict", None)
    assert facts.versions.directory == story.line.directory.version
    assert facts.versions.rules == rule_set() and facts.versions.anchors == story.line.trust.digest
    assert sorted(one.reason for one in facts.findings) == sorted(str(one.reason) for one in receipt.warnings)


@awaited
async def test_the_ledger_holds_the_reports_digest_and_a_case_the_report(story: Story) -> None:
    receipt = await story.submit(file_of())
    xml = await register.report(story.line, story.peer("bo"), receipt.dispatch_id)
    (entry,) = await story.entries()
    assert entry["report"] == sha256(xml).hexdigest()
    await story.seal()
    case = await proving.prove(story.line, story.peer("bo"), receipt.dispatch_id)
    checked = check_case(case, story.line.notary.key.vkey)
    assert checked.holds
    assert "proven.report" in [one.code for one in checked.proven]


@awaited
async def test_an_addressee_reads_the_report_and_a_stranger_is_told_of_no_dispatch(story: Story) -> None:
    receipt = await story.submit(file_of())
    own = await register.report(story.line, story.peer("bo"), receipt.dispatch_id)
    assert await register.report(story.line, story.peer("tinh"), receipt.dispatch_id) == own
    with pytest.raises(Refused) as no:
        await register.report(story.line, story.peer("xa"), receipt.dispatch_id)
    assert no.value.reason is Reason.NOT_FOUND


@awaited
async def test_a_repeated_packet_has_the_report_of_its_first_examination(story: Story) -> None:
    first = await story.submit(file_of())
    before = await register.report(story.line, story.peer("bo"), first.dispatch_id)
    story.clock.pass_(days=400)
    assert (await story.submit(file_of())).dispatch_id == first.dispatch_id
    assert await register.report(story.line, story.peer("bo"), first.dispatch_id) == before


@awaited
async def test_the_report_tells_the_facts_of_every_signature_in_a_pdf(story: Story, tmp_path: Path) -> None:
    the = world()
    story = Story(with_desk(story.line, tmp_path, story.clock, the), story.clock)
    file = file_of(attachments=(("công văn.pdf", signed(the)), ("phụ lục.pdf", paper())))
    receipt = await story.submit(file)
    xml = await register.report(story.line, story.peer("bo"), receipt.dispatch_id)
    facts = read_report(verify_countersigned(xml, story.line.signer.certificate_der))
    assert facts.pdf is not None and story.line.pdf_desk is not None
    assert facts.pdf.snapshot == story.line.pdf_desk.snapshot.version
    document, annex = facts.pdf.files
    assert [(one["role"], one["trustedBy"], one["revocation"]) for one in document.signatures] == [
        ("person", "government", "good"), ("agency", "government", "good"),
    ]  # fmt: skip
    assert annex.signatures == () and "pdf.unsigned" in [one.reason for one in facts.findings]
