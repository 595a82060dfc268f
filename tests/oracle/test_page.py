"""A real browser shows the page of a case, with its style, and finds nothing to complain about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.ledger.archive import unpack
from tests.ledger.cases import whole, written
from tests.outside import require

pytestmark = pytest.mark.oracle


def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    chromium = require("chromium")
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_bytes(unpack(written(whole()))["page.html"])
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    seen = subprocess.run(
        [chromium, *options, "--window-size=1000,1750", f"--screenshot={picture}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert seen.returncode == 0, seen.stderr
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 50_000, "more than a blank sheet"
    assert "CONSOLE" not in seen.stderr, "no style refused, nothing asked of anybody"
