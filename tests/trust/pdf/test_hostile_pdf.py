"""A hostile PDF costs what it may cost and no more, and whatever the bytes are, a report comes out."""

from __future__ import annotations

import random
import time
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.pdf import PdfFault, PdfReport
from gateway.trust.pdf import PdfKnown, verify_pdf
from gateway.trust.pdf_file import PdfLimits
from gateway.trust.pdf_findings import STRICT, findings_of
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import EXPECTED, World, append_page, known, paper, sign, signature_values, stamp, world

LIMITS = PdfLimits(bytes_max=2**20, signatures_max=8, visits_max=100_000)
BUDGETS_MAX = 8.0
"""What a hostile file may cost, counted and uncounted work together, beside one that spends all its visits: on every
machine the same, which seconds are not."""
SPENDTHRIFT = "fields that double at every level"


@pytest.fixture(scope="module")
def the() -> World:
    return world()


@pytest.fixture(scope="module")
def facts(the: World) -> PdfKnown:
    """With a clock that stands still, so that nothing is stopped by it."""
    return known(the, limits=LIMITS, clock=lambda: 0.0)


@pytest.fixture(scope="module")
def budget_s(facts: PdfKnown) -> float:
    """The CPU time of as many visits as there may be, on this machine."""
    report, cost_s = costing(HOSTILE[SPENDTHRIFT], facts)
    assert report.fault is PdfFault.WORK
    return cost_s


@pytest.fixture(scope="module")
def corpus(the: World) -> tuple[bytes, ...]:
    """Good files, the start of every mutation."""
    both = sign(sign(paper(), the.person, stamped=the.stamping), the.agency, pades=True)
    return both, stamp(both, the.stamping, NOW - DAY), append_page(both), paper(3)


def told(data: bytes, facts: PdfKnown) -> PdfReport:
    report = verify_pdf(data, facts)
    for finding in findings_of(report, EXPECTED, name="a.pdf", severities=STRICT):
        assert finding.detail("vi")
    return report


def costing(data: bytes, facts: PdfKnown) -> tuple[PdfReport, float]:
    """What is told, and the CPU time it took."""
    started_s = time.process_time()
    return told(data, facts), time.process_time() - started_s


def pdf(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """A PDF written by hand: objects by number, a cross-reference table, a trailer."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        row = b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
        out += row
    return bytes(out + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start))


def packed(stream: bytes, count: int) -> bytes:
    """A PDF whose object 2 lies in an object stream, 3, with this (compressed) content."""
    out = bytearray(b"%PDF-1.7\n")
    rows, offsets = b"\0\0\0\0\0\0", {}
    head = b"/Type /ObjStm /N %d /First 8 /Filter /FlateDecode /Length %d" % (count, len(stream))
    for number, body in ((1, catalog(b"[]")), (3, b"<< %s >>\nstream\n%s\nendstream" % (head, stream))):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    rows += b"\1%s\0" % offsets[1].to_bytes(4) + b"\2%s\0" % (3).to_bytes(4) + b"\1%s\0" % offsets[3].to_bytes(4)
    rows += b"\1%s\0" % start.to_bytes(4)
    table = b"<< /Type /XRef /Size 5 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream" % (len(rows), rows)
    return bytes(out + b"4 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, start))


PAGES = {2: b"<< /Type /Pages /Kids [] /Count 0 >>"}


def catalog(fields: bytes) -> bytes:
    return b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields %s >> >>" % fields


def _doubling(depth: int) -> dict[int, bytes]:
    return {4 + step: b"[ %d 0 R %d 0 R ]" % (5 + step, 5 + step) for step in range(depth)} | {4 + depth: b"[]"}


def _field(number: int) -> bytes:
    return b"<< /FT /Sig /T (s%d) /V << /Type /Sig /SubFilter /adbe.pkcs7.detached /ByteRange [0 1 2 3] >> >>" % number


def _stuffed() -> bytes:
    """A signature whose value holds 1,500 certificates."""
    certificates = world().person.der * 1_500
    value = (
        b"\x30\x84%s\xa0\x84%s" % ((len(certificates) + 6).to_bytes(4), len(certificates).to_bytes(4)) + certificates
    )
    return _field(3)[:-6] + b"/Contents <%s> >> >>" % value.hex().encode()


_BOMB = zlib.compress(bytes(200 * 2**20), 9)
_LONG = zlib.compress(b"9 0 " * 2**20, 9)

HOSTILE: dict[str, bytes] = {
    "fields that are their own children": pdf(
        {1: catalog(b"[3 0 R]"), **PAGES, 3: b"<< /T (a) /Kids [3 0 R] >>"}
    ),
    SPENDTHRIFT: pdf(
        {1: catalog(b"[4 0 R]"), **PAGES}
        | {4 + n: b"<< /T (a%d) /Kids [%d 0 R %d 0 R] >>" % (n, 5 + n, 5 + n) for n in range(60)}
        | {64: b"<< /T (z) /FT /Sig >>"}
    ),
    "a nest of arrays": pdf({1: catalog(b"[" * 20_000 + b"]" * 20_000), **PAGES}),
    "a nest of dictionaries": pdf({1: catalog(b"<< /A " * 20_000), **PAGES}),
    "a pages tree that is its own parent": pdf({1: catalog(b"[]"), 2: b"<< /Kids [2 0 R] /Parent 2 0 R >>"}),
    "a reference to itself": pdf({1: catalog(b"3 0 R"), **PAGES, 3: b"3 0 R"}),
    "references in a circle": pdf({1: catalog(b"3 0 R"), **PAGES, 3: b"4 0 R", 4: b"3 0 R"}),
    "an object stream of 200 MB in 200 KB": packed(_BOMB, 1),
    "an object stream of a million numbers": packed(_LONG, 10**6),
    "more signatures than a document has": pdf(
        {1: catalog(b"[%s]" % b" ".join(b"%d 0 R" % number for number in range(3, 503))), **PAGES}
        | {number: _field(number) for number in range(3, 503)}
    ),
    "a signature stuffed with certificates": pdf({1: catalog(b"[3 0 R]"), **PAGES, 3: _stuffed()}),
    "a million numbers": pdf({1: catalog(b"[" + b"1 " * 400_000 + b"]"), **PAGES}),
    "one name of a megabyte": pdf({1: catalog(b"[/" + b"a" * 900_000 + b"]"), **PAGES}),
    "one string of brackets": pdf({1: catalog(b"[" + b"(" * 300_000 + b")" * 300_000 + b"]"), **PAGES}),
    "a table that points before itself for ever": pdf({1: catalog(b"[]"), **PAGES}, b"/Prev 9"),
    "a table of four thousand million rows": b"%PDF-1.7\nxref\n0 4294967295\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n",
    "a number of a hundred thousand digits": pdf({1: catalog(b"[" + b"9" * 100_000 + b"]"), **PAGES}),
}  # fmt: skip


def test_an_object_stream_that_is_in_order_is_read(facts: PdfKnown) -> None:
    """So that the two above are refused for their size, not for the way they are written."""
    good = packed(zlib.compress(b"2 0     << /Type /Pages /Kids [] /Count 0 >>"), 1)
    assert told(good, facts).fault is None


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_stall_is_stopped(facts: PdfKnown, budget_s: float, name: str) -> None:
    report, cost_s = costing(HOSTILE[name], facts)
    assert cost_s < budget_s * BUDGETS_MAX
    assert report.fault in {PdfFault.WORK, PdfFault.MALFORMED} or not any(one.trusted for one in report.signatures)


def test_a_web_of_references_cannot_stall_the_comparison_of_revisions(
    the: World, facts: PdfKnown, budget_s: float
) -> None:
    """Every object refers twice to the next: 2^40 ways lead to the last. Whoever compares revisions walks them all."""
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R /Web 4 0 R >>", 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}
    objects |= {3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>"} | _doubling(40)
    data = sign(sign(pdf(objects), the.person), the.agency)
    report, cost_s = costing(data, facts)
    assert report.fault is PdfFault.WORK
    assert cost_s < budget_s * BUDGETS_MAX


def test_the_clock_stops_what_the_counter_does_not(the: World, corpus: tuple[bytes, ...]) -> None:
    ticks = iter(range(10**9))
    hasty = known(the, limits=PdfLimits(seconds_max=2.0), clock=lambda: float(next(ticks)))
    assert verify_pdf(corpus[0], hasty).fault is PdfFault.WORK


def test_more_bytes_or_signatures_than_allowed_are_told(the: World, corpus: tuple[bytes, ...]) -> None:
    few = known(the, limits=replace(LIMITS, signatures_max=1))
    assert verify_pdf(corpus[0], few).fault is PdfFault.WORK
    assert verify_pdf(bytes(LIMITS.bytes_max + 1), few).fault is PdfFault.BYTES


@given(data=st.binary(max_size=300), head=st.sampled_from([b"", b"%PDF-1.7\n", b"%PDF-1.4\nxref\n"]))
def test_any_bytes_give_a_report(facts: PdfKnown, data: bytes, head: bytes) -> None:
    report = told(head + data, facts)
    assert not any(one.trusted for one in report.signatures)


@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_gives_a_report_and_never_a_better_one(
    facts: PdfKnown, corpus: tuple[bytes, ...], seed: int
) -> None:
    """A signature that holds over changed bytes would be a forgery: what holds covers bytes left as they were."""
    chance = random.Random(seed)
    original = chance.choice(corpus)
    data = damaged(original, chance)
    if data == original:
        return
    report = told(data, facts)
    for one in report.signatures:
        if one.intact and one.valid and one.covers_whole_file:
            assert _same_but_for_holes(data, original)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One named way or another to damage a file, at a place of chance."""
    place = chance.randrange(len(data))
    size = chance.choice([1, 1, 2, 7, 200])
    other = chance.randrange(len(data))
    match chance.randrange(8):
        case 0:
            return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        case 1:
            return data[:place] + data[place + size :]
        case 2:
            return data[:place] + data[other : other + size] + data[place:]
        case 3:
            return data[:place]
        case 4:
            return data + data[place:]
        case 5:
            return data[:place] + chance.randbytes(size) + data[place + size :]
        case 6:
            digit = chance.choice([at for at, byte in enumerate(data) if 48 <= byte <= 57])
            return data[:digit] + b"%d" % chance.randrange(10) + data[digit + 1 :]
        case _:
            word = chance.choice(
                [b"obj", b"/Sig", b"/V", b"/Kids", b"/ByteRange", b"endobj", b"/Prev", b"/Fields", b"<<"]
            )
            return data.replace(
                word, chance.choice([b"", b"null", b"[", b"/Null", b"1 0 R"]), chance.choice([1, 2, -1])
            )


def _same_but_for_holes(data: bytes, original: bytes) -> bool:
    if len(data) != len(original):
        return len(data) < len(original) and original.startswith(data)  # an earlier revision is a whole file itself
    begin, end = signature_values(original)[-1]
    return data[:begin] == original[:begin] and data[end:] == original[end:]
