"""Signatures inside PDFs decide with the rest of an examination, and cost nothing where there are none."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway.exchange import intake
from gateway.ledger import EntryKind, facts_of, read_report, write_report
from gateway.model.pdf import PdfFault, Revocation
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Severity
from gateway.rules import Examination
from gateway.rules.pdfs import may_be_signed
from gateway.store.blobs import INLINE_BYTES_MAX
from gateway.trust.pdf import verify_pdf
from tests.exchange.conftest import Story, file_of
from tests.exchange.pdfs import ministry, signatory, signed, with_desk
from tests.growth import LINEAR_MAX, TIMES, growth
from tests.http.town import awaited
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import World, append_page, break_value, paper, sign, world
from tests.trust.pdf.test_wrapped import zipped
from tests.vectors.pdf import VECTORS


@pytest.fixture
def the() -> World:
    return world()


@pytest.fixture
def desk(story: Story, tmp_path: Path, the: World) -> Iterator[Story]:
    """The story on a line that looks into PDFs."""
    line = with_desk(story.line, tmp_path, story.clock, the)
    assert line.pdf_desk is not None
    yield Story(line, story.clock)
    line.pdf_desk.pool.shutdown()


def pdf(data: bytes, *more: bytes, name: str = "công văn.pdf") -> bytes:
    """A packet's file with this document, and annexes."""
    annexes = [(f"phụ lục {number}.pdf", one) for number, one in enumerate(more, start=1)]
    return file_of(attachments=((name, data), *annexes))


async def examined(story: Story, file: bytes) -> Examination:
    received = story.received(file)
    try:
        return await intake.examine_packet(story.line, story.peer("bo"), received)
    finally:
        story.line.blobs.release(received.parts)


def pdf_reasons(examination: Examination) -> list[Reason]:
    return [one.reason for one in examination.findings if str(one.reason).startswith("pdf.")]


@awaited
async def test_a_document_signed_by_the_person_and_then_the_agency_goes_through(desk: Story, the: World) -> None:
    examination = await examined(desk, pdf(signed(the)))
    assert examination.admitted and pdf_reasons(examination) == []
    assert examination.pdfs is not None
    (check,) = examination.pdfs.files
    assert [one.trusted_by for one in check.report.signatures] == ["government", "government"]
    assert (await desk.submit(pdf(signed(the)))).dispatch_id


@awaited
async def test_a_document_changed_after_signing_is_refused_and_the_refusal_recorded(desk: Story, the: World) -> None:
    with pytest.raises(Refused) as no:
        await desk.submit(pdf(append_page(signed(the))))
    assert no.value.reason is Reason.PDF_CHANGED_AFTER_SIGNING
    assert [(one.kind, one["reason"]) for one in await desk.entries()] == [
        (EntryKind.REFUSE, "pdf.changed_after_signing")
    ]


@awaited
async def test_each_damaged_sibling_is_refused_for_its_own_reason(desk: Story, the: World) -> None:
    good = signed(the)
    siblings = {
        Reason.PDF_CHANGED_AFTER_SIGNING: append_page(good),
        Reason.PDF_SIGNATURE_INVALID: break_value(good, 1),
        Reason.PDF_AGENCY_MISMATCH: signed(the, the.person, the.other_agency),
        Reason.PDF_ORDER: signed(the, ministry(the), the.person),
        Reason.PDF_UNREADABLE: b"GIF89a " + good,
    }
    for reason, data in siblings.items():
        examination = await examined(desk, pdf(data))
        assert not examination.admitted
        assert examination.refusal.reason is reason


@awaited
async def test_a_revoked_certificate_is_refused_from_the_snapshot_at_hand(
    story: Story, tmp_path: Path, the: World
) -> None:
    agency = ministry(the)
    data = signed(the, the.person, agency)
    the.government.revoke(agency, NOW - 2 * DAY)
    line = with_desk(story.line, tmp_path, story.clock, the)
    examination = await examined(Story(line, story.clock), pdf(data))
    assert Reason.PDF_REVOKED in pdf_reasons(examination) and not examination.admitted
    assert examination.pdfs is not None
    assert examination.pdfs.files[0].report.signatures[1].revocation is Revocation.REVOKED


@awaited
async def test_an_annex_is_looked_at_as_an_annex(desk: Story, the: World) -> None:
    examination = await examined(desk, pdf(signed(the), signed(the, ministry(the))))
    assert pdf_reasons(examination) == []


@awaited
async def test_a_file_that_hides_its_kind_is_looked_at_by_its_first_bytes(desk: Story, the: World) -> None:
    examination = await examined(desk, pdf(append_page(signed(the)), name="công văn.bin"))
    assert examination.refusal.reason is Reason.PDF_CHANGED_AFTER_SIGNING


@awaited
async def test_a_large_document_is_read_from_its_staged_file(desk: Story, the: World) -> None:
    data = sign(sign(paper(150), signatory(the)), ministry(the))
    assert len(data) > INLINE_BYTES_MAX
    good, changed = await examined(desk, pdf(data)), await examined(desk, pdf(append_page(data)))
    assert good.admitted and pdf_reasons(good) == []
    assert not changed.admitted and set(pdf_reasons(changed)) == {Reason.PDF_CHANGED_AFTER_SIGNING}


@awaited
async def test_an_unsigned_document_warns_and_is_not_read(desk: Story) -> None:
    examination = await examined(desk, pdf(paper()))
    assert examination.admitted
    assert [(one.reason, one.severity) for one in examination.findings if one.reason is Reason.PDF_UNSIGNED] == [
        (Reason.PDF_UNSIGNED, Severity.WARN)
    ]


@awaited
async def test_without_configured_authorities_nothing_is_looked_at_and_the_examination_says_so(
    story: Story, the: World
) -> None:
    examination = await examined(story, pdf(append_page(signed(the))))
    assert examination.admitted and examination.pdfs is None


@awaited
async def test_the_event_loop_goes_on_while_a_pdf_is_read(desk: Story, the: World) -> None:
    work = asyncio.create_task(examined(desk, pdf(signed(the))))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 2 and (await work).admitted


def test_the_search_that_spares_unsigned_files_the_reading_overlooks_no_signature() -> None:
    built = [(vector.name, *vector.build(world())) for vector in VECTORS]
    overlooked = {name: verify_pdf(data, known) for name, data, known in built if not may_be_signed(data)}
    told = {PdfFault.MALFORMED, PdfFault.NOT_PDF, None}
    assert all(not report.signatures and report.fault in told for report in overlooked.values())
    assert {"unsigned", "header-and-zeros"} <= overlooked.keys()


@pytest.mark.parametrize("hidden", [b"/Byte#52ange [0 1 2 3]", b"/#42yteRange", b"/ByteRang#65", b"/#45ncrypt 5 0 R"])
def test_a_name_that_is_written_in_numbers_hides_nothing(hidden: bytes) -> None:
    assert may_be_signed(b"%PDF-1.7 " + hidden)


def test_looking_for_signatures_costs_no_more_than_there_are_bytes() -> None:
    noise = random.Random(1).randbytes(4_000_000).replace(b"#", b" ")
    for large in (noise, b"Byte" * 1_000_000, b"/Encryp" * 600_000, b"#" * 4_000_000):
        small = large[: len(large) // TIMES]
        assert not may_be_signed(small)
        assert growth(partial(may_be_signed, small), partial(may_be_signed, large)) < LINEAR_MAX


@awaited
async def test_a_pdf_wrapped_in_a_zip_is_judged_by_the_pdf_inside_and_marked_so(desk: Story, the: World) -> None:
    good = await examined(desk, pdf(zipped(("một tên.pdf", signed(the)))))
    bad = await examined(desk, pdf(zipped(("một tên.pdf", append_page(signed(the))))))
    assert good.admitted and good.pdfs is not None
    assert [(one.report.unwrapped, len(one.report.signatures)) for one in good.pdfs.files] == [(True, 2)]
    report = read_report(write_report(facts_of(good, "bo", desk.line.trust.digest)))
    assert report.pdf is not None and report.pdf.files[0].unwrapped
    assert not bad.admitted and Reason.PDF_CHANGED_AFTER_SIGNING in pdf_reasons(bad)
    two = await examined(desk, pdf(zipped(("a.pdf", signed(the)), ("b.pdf", signed(the)))))
    assert Reason.PDF_UNREADABLE in pdf_reasons(two)
