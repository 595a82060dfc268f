"""What stops being provable soon is said in time, with the reason and what to do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange.renewal import Ending, Renewal, ending_by
from tests.cli.command import done
from tests.pki import pki


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A gateway that was started once, and an agency whose seal counts by a certificate."""
    folder = tmp_path / "truc"
    done("init", folder, "--origin", "truc.test/ledger")
    settings = folder / "gateway.toml"
    settings.write_text(settings.read_text().replace("anchors = []", 'anchors = ["keys/seal.pem"]', 1))
    (tmp_path / "so.pem").write_bytes(pki().p256.pem)
    agencies = tmp_path / "a.csv"
    agencies.write_text("key,name,certificates\nG99,Bộ Mẫu,so.pem\n", encoding="utf-8")
    done("directory", "import", agencies, "--config", settings)

    async def start() -> None:
        async with open_line(config.load(settings)):
            pass

    asyncio.run(start())
    return settings


def told(home: Path, days: int) -> dict[str, Any]:
    """What is said, by what ends."""
    return {one["what"]: one for one in done("audit", "renewal", "--days", days, "--json", "--config", home).json}


def test_what_ends_within_the_span_is_told_and_what_outlasts_it_is_not(home: Path) -> None:
    assert told(home, 30).keys() == {"unstamped"}
    within = told(home, 36_500)
    assert within.keys() == {"seal", "agency", "anchor", "unstamped"}
    assert within["agency"]["subject"].startswith("G99 – ")
    assert within["unstamped"]["until"] is None


def test_each_is_told_with_its_reason_and_what_to_do(home: Path) -> None:
    said = done("audit", "renewal", "--days", 400, "--config", home).out
    assert "hết hạn chứng thư Trục dùng để ký" in said
    assert "Chưa có dấu thời gian nào phủ các bản ghi sổ cái 0…" in said
    assert said.count("Cần làm:") >= 3
    assert "việc cần làm trong 400 ngày tới" in said


def test_what_has_no_protection_comes_first_then_what_ends_soonest() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    late, soon = (Renewal(Ending.ANCHOR, str(days), now + timedelta(days=days)) for days in (300, 3))
    never, beyond = Renewal(Ending.UNSTAMPED, "0…5", None), Renewal(Ending.SEAL, "x", now + timedelta(days=366))
    assert ending_by([late, beyond, soon, never], now + timedelta(days=365)) == (never, soon, late)
