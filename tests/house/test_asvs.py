"""The page of security requirements: complete, and each of its rows shown by a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, TOP, modules

PAGE = (TOP / "docs" / "asvs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", re.MULTILINE)
ROWS = ROW.findall(PAGE)
COUNTS = {
    "1": (2, 9, 11, 3, 2),
    "2": (3, 3, 4, 1),
    "3": (0, 2, 4, 6, 5, 0, 2),
    "7": (3, 4, 2, 5, 2, 2),
    "8": (2, 3, 1, 1),
}
"""How many requirements of levels 1 and 2 each section of a chapter has: they come first, in order."""
RUNS = {"eval", "exec", "compile", "__import__", "system", "popen", "create_subprocess_shell"}
OURS_TO_RUN = {"create_subprocess_exec": {"gateway/cli/workers.py", "gateway/demo/story.py"}}


def test_every_requirement_of_the_chapters_has_its_row_and_none_twice() -> None:
    wanted = [
        f"{chapter}.{section}.{number}"
        for chapter, sections in COUNTS.items()
        for section, count in enumerate(sections, start=1)
        for number in range(1, count + 1)
    ]
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(set(ids))
    assert [one for one in ids if one.split(".")[0] in COUNTS] == wanted


@pytest.mark.parametrize(
    ("number", "how", "shown"), [(row[0], row[2], row[3]) for row in ROWS], ids=lambda one: one[:8]
)
def test_a_row_is_shown_by_tests_that_exist_or_says_why_not(number: str, how: str, shown: str) -> None:
    named = [one.strip("` ") for one in shown.split(", ") if one.strip()]
    assert named or how.startswith(("*does not apply*: ", "**not met**: ")), number
    for one in named:
        path, _, name = one.partition("::")
        assert (TOP / path).is_file(), one
        assert not name or name in _tests_in(TOP / path), one


@cache
def _tests_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_template_switches_escaping_off() -> None:
    for file in PACKAGE.rglob("*.html"):
        written = file.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|\bMarkup\b", written), file


def test_nothing_runs_what_somebody_wrote() -> None:
    """No evaluation, no shell, no pickle: neither by name nor by import."""
    for module in modules():
        imported = {name.split(".")[0] for _, name in module.imports()}
        assert not imported & {"pickle", "marshal", "shelve", "yaml", "subprocess", "pty"}, module.where
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name == "compile" and isinstance(call.func, ast.Attribute):
                continue  # an expression or a statement of ours
            assert name not in RUNS, f"{module.where}:{call.lineno}"
            assert name not in OURS_TO_RUN or module.where in OURS_TO_RUN[name], f"{module.where}:{call.lineno}"
