"""The registers of Decree 30/2020: ten columns, numbered within the year, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from gateway.ledger import EntryKind
from gateway.model.packet import DocumentType
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.console.test_documents import entries
from tests.http.console.test_way_in import said
from tests.http.console.visitor import Visitor, settle
from tests.http.town import FAR, MINISTRY, PROVINCE, Town, awaited, town


async def rows(here: Town, visitor: Visitor, query: str) -> list[list[str]]:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
    async with here.session.get(f"{here.url}/console/books.csv?{query}", headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        data = await answer.read()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


@awaited
async def test_both_books_have_the_ten_columns_of_the_annex(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        first = await sent(here, "G22.1", code_number="101", subject="V/v góp ý")
        await fetched(here, await delivery_of(here, first))
        await told(here, await delivery_of(here, first), "02", "Sai nơi nhận")
        await sent(here, "G22.2", to=(PROVINCE, FAR), code_number="102")
        lan, hoa = await Visitor(here).enter("lan"), await Visitor(here).enter("hoa")
        heading, one, two = await rows(here, lan, "book=outgoing&year=2026&month=11")
        assert len(heading) == len(one) == 10
        assert one[:4] == ["101/BKT-VP", "20/11/2026", "Công văn V/v góp ý", "Nguyễn Thị Ánh"]
        assert one[4] == "Ủy ban nhân dân tỉnh Kiểm thử"
        assert one[7] == "23/11/2026"
        assert "từ chối" in one[9]
        assert "Cơ quan ở xa" in two[4]
        heading, one, two = await rows(here, hoa, f"book=incoming&year=2026&agency={PROVINCE}")
        assert one[:6] == ["23/11/2026", "1", "Bộ Kiểm thử", "101/BKT-VP", "20/11/2026", "Công văn V/v góp ý"]
        assert two[1] == "2"
        assert len(await rows(here, hoa, f"book=incoming&year=2026&month=10&agency={PROVINCE}")) == 1
        assert {one["what"] for one in await entries(here, EntryKind.EXPORT)} == {"book.outgoing", "book.incoming"}


@awaited
async def test_a_formula_in_a_packet_computes_nothing_in_a_sheet(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here, code_number="101", document_type=DocumentType("2", "18", '=HYPERLINK("x")'))
        lan = await Visitor(here).enter("lan")
        assert (await rows(here, lan, "book=outgoing"))[1][2].startswith("'=HYPERLINK")


@awaited
async def test_a_book_is_read_on_screen_and_printed_whole_by_those_of_the_agency(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, code_number="101")
        lan, hoa = await Visitor(here).enter("lan"), await Visitor(here).enter("hoa")
        await lan.go("/books?book=outgoing")
        assert said(lan, "console.clerk.book.title_outgoing")
        assert f"/console/documents/{dispatch}" in lan.page
        await lan.go("/books?book=outgoing&print=1")
        assert "101/BKT-VP" in lan.page
        assert said(await lan.go("/books?book=incoming"), "console.clerk.book.empty")
        assert (await hoa.go(f"/books?agency={MINISTRY}")).status == 404
        for wrong in ("year=x", "year=1", "month=13", "year=99999999999999999999"):
            assert (await lan.go(f"/books?{wrong}")).status == 400, wrong
