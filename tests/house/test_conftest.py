"""The rule that no test is passed over where the suite decides, tried on a suite that skips."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import TOP

SKIPS = """
import pytest

def test_that_skips():
    pytest.skip("no such program")

@pytest.mark.skip(reason="no such server")
def test_that_is_marked():
    pass

@pytest.mark.xfail(strict=True)
def test_that_fails_as_known():
    assert False
"""


@pytest.mark.parametrize(
    ("decides", "outcome", "code"), [("", "2 skipped, 1 xfailed", 0), ("1", "1 failed, 1 xfailed, 1 error", 1)]
)
def test_a_skip_is_a_failure_exactly_where_the_suite_decides(
    tmp_path: Path, decides: str, outcome: str, code: int
) -> None:
    run = _suite(tmp_path, SKIPS, decides)
    assert run.returncode == code
    assert outcome in run.stdout.splitlines()[-1]


def test_a_file_that_passes_itself_over_is_a_failure_too(tmp_path: Path) -> None:
    run = _suite(tmp_path, "import pytest\npytest.importorskip('no_such_module')\n", "1")
    assert run.returncode != 0
    assert "1 error" in run.stdout.splitlines()[-1]


def _suite(folder: Path, text: str, decides: str) -> subprocess.CompletedProcess[str]:
    file = folder / "test_small.py"
    file.write_text(text, encoding="utf-8")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
            file,
        ],
        cwd=TOP,
        env={"GATEWAY_TEST_NO_SKIP": decides, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
