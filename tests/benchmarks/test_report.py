"""What a run says: its tables, its goals, its plots, and the page it writes them into."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import etree

from benchmarks.machine import machine
from benchmarks.outcome import Curve, Goal, Outcome, Plot, Table, goal_lines, table_lines, written
from benchmarks.plot import svg, ticks
from benchmarks.report import BLOCK, GOALS, RESULTS, Ran, as_json, fill, write_page
from benchmarks.scenarios import SCENARIOS
from tests.house.source import TOP

PAGE = TOP / "docs" / "benchmarks.md"
CAPACITY = TOP / "docs" / "capacity.md"
PLOT = Plot("soak", "Memory < 300 & flat", "MB", (Curve("gateway", ((0.0, 120.0), (60.0, 130.5))),))
OUTCOME = Outcome(
    (Table("What was done.", ("", "documents/s"), (("door", 1_234.5), ("floor", 0.0421))),),
    (Goal("rate", 0.7, 0.75, "of the floor", reference="the floor: 3,000"), Goal("wait", 40, 50, "ms", at_least=False)),
    (PLOT,),
)


def _ran(name: str) -> Ran:
    return Ran(name, "", f"make bench SCENARIO={name}", "2026-11-23 17:20 UTC", 0.1, 12.0, machine(), OUTCOME)


def test_figures_are_written_with_the_digits_that_count() -> None:
    figures = [1_234_567, 1_234.5, 42.34, 4.234, 0.4234, "1,000", None]
    assert [written(one) for one in figures] == ["1,234,567", "1,234", "42.3", "4.23", "0.423", "1,000", ""]


def test_a_table_is_one_a_reader_of_markdown_takes() -> None:
    lines = table_lines(OUTCOME.tables[0])
    assert lines[2:] == ["|  | documents/s |", "|---|--:|", "| door | 1,234 |", "| floor | 0.042 |"]


def test_a_goal_says_whether_it_is_reached_and_beside_what() -> None:
    first, second = goal_lines(OUTCOME.goals)[2:]
    assert first == "| rate: ≥ 0.750 of the floor | 0.700 of the floor | **missed** | the floor: 3,000 |"
    assert second == "| wait: ≤ 50 ms | 40 ms | reached |  |"


def test_the_json_says_the_same() -> None:
    said = json.loads(as_json([_ran("door")]))
    assert said["machine"]["versions"]["Python"]
    (one,) = said["scenarios"]
    assert (one["name"], one["command"]) == ("door", "make bench SCENARIO=door")
    assert [goal["reached"] for goal in one["outcome"]["goals"]] == [False, True]


def test_a_plot_is_well_formed_and_inside_its_frame() -> None:
    root = etree.fromstring(svg(PLOT).encode())
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    for x, y in re.findall(r"([\d.]+),([\d.]+)", line.get("points")):
        assert 0 <= float(x) <= 720 and 0 <= float(y) <= 300


@pytest.mark.parametrize("top", [0.07, 1.0, 3.3, 9.0, 60.0, 123.4, 5_000.0])
def test_an_axis_has_a_few_round_values(top: float) -> None:
    values = ticks(top)
    assert values[0] == 0 and values[-1] <= top
    assert 3 <= len(values) <= 8


def test_a_page_is_written_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# T\n\n<!-- bench: goals -->\nold\n<!-- end -->\n\nkept\n\n<!-- bench: door -->\nold\n<!-- end -->\n\nend\n"
    )
    write_page(page, [_ran("door")])
    text = page.read_text(encoding="utf-8")
    assert "old" not in text and "\n\nkept\n\n" in text and text.endswith("<!-- end -->\n\nend\n")
    assert "make bench SCENARIO=door" in text and "| rate: ≥ 0.75 of the floor | 0.7 | **missed**" in text
    assert f"![Memory < 300 & flat]({RESULTS}/soak.svg)" in text
    assert (tmp_path / RESULTS / "soak.svg").exists()
    write_page(page, [_ran("door")])
    assert page.read_text(encoding="utf-8") == text


def test_a_page_without_a_scenarios_block_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        fill("# T\n", {"nowhere": "x"})


def test_the_published_page_has_a_block_and_a_heading_for_every_scenario() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [match["name"] for match in BLOCK.finditer(text)] == [GOALS, *(one.name for one in SCENARIOS)]
    for one in SCENARIOS:
        assert f"\n## {one.name}\n" in text


def test_the_page_on_capacity_has_its_blocks() -> None:
    text = CAPACITY.read_text(encoding="utf-8")
    assert [match["name"] for match in BLOCK.finditer(text)] == ["sizes", "queue"]


@pytest.mark.parametrize("page", [PAGE, CAPACITY], ids=lambda page: page.stem)
def test_the_blocks_of_a_published_page_are_whole(page: Path) -> None:
    """Marks are in pairs, and every table has as many cells in every row."""
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- bench: ") == text.count("<!-- end -->") == len(list(BLOCK.finditer(text)))
    for match in BLOCK.finditer(text):
        for table in re.findall(r"(?:^\|.*\|\n)+", match["body"], re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1, match["name"]
