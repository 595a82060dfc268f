"""Tables that are taken along: a spreadsheet reads them rightly, and computes nothing of what strangers wrote."""

from __future__ import annotations

import csv
import io

import pytest

from gateway.exchange.charts import bars, ceiling
from gateway.http.console.sheets import sheet


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_looks_like_a_formula_is_words(evil: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(sheet([[evil]]).decode("utf-8-sig"), newline=""))
    assert cell == f"'{evil}"


def test_words_commas_and_numbers_come_back_as_they_went() -> None:
    words = ["Ủy ban, «nhân dân»", 'ngoặc "kép"', "hai\ndòng"]
    written = sheet((words, (1, -2, 0)))
    assert written.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert read == [words, ["1", "-2", "0"]]


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (4, 4), (5, 8), (9, 20), (21, 40), (401, 800), (1_000_000, 2_000_000)]
)
def test_a_chart_reaches_up_to_a_number_whose_quarters_are_whole(most: int, top: int) -> None:
    assert ceiling(most) == top
    chart = bars([(most, 0), (0, most)])
    assert [value for _, value in chart.lines] == [top * part // 4 for part in range(5)]
    assert all(0 <= bar.y <= bar.y + bar.height <= chart.height for bar in chart.bars)
