"""`gateway demo`: it stays up, what it says to try works, and it goes when told."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.demo.played import staying_up
from tests.outside import require


def _until(lines: Iterator[str], mark: str) -> list[str]:
    seen = []
    for line in lines:
        seen.append(line.rstrip("\n"))
        if mark in line:
            return seen
    raise AssertionError(f"it ended without saying {mark!r}:\n" + "\n".join(seen))


def test_what_it_says_to_try_works_and_ctrl_c_ends_it() -> None:
    curl = require("curl")
    with staying_up("--lang", "en") as (process, lines):
        told = _until(lines, "Ctrl-C")
        tries = [line.strip() for line in told if line.strip().startswith("curl ")]
        submitted, asked, checkpoint = (_tried(curl, one) for one in tries)
        assert set(json.loads(submitted)) >= {"dispatch_id", "ledger_index"}
        assert json.loads(asked)["code"] == "01/BM-VP"
        assert checkpoint.startswith("DEMO.invalid/ledger\n")

        url = next(line.split()[0] for line in told if "/openapi.json" in line)
        with urllib.request.urlopen(url) as answer:
            assert json.load(answer)["openapi"].startswith("3.")
        taken = [line for line in (next(lines), next(lines)) if "90/BM-VP" in line]
        assert len(taken) == 2, "both addressees of the spare packet took it"

        folder = next(Path(line.split()[0]) for line in told if "truc-demo-" in line)
        assert (folder / "gateway.log").stat().st_size > 0
        process.send_signal(signal.SIGINT)
        rest = list(lines)
        assert process.wait(timeout=30) == 0
    assert json.loads(rest[-1])["ok"] is True
    assert not folder.exists()


def _tried(curl: Path, line: str) -> str:
    """What a command of the page answers."""
    _, *arguments = shlex.split(line)
    return subprocess.run([curl, "-sS", "--fail", *arguments], capture_output=True, text=True, check=True).stdout


def test_it_can_be_stopped_in_the_middle() -> None:
    with staying_up("--lang", "vi") as (process, lines):
        _until(lines, "2. ")
        process.send_signal(signal.SIGTERM)
        rest = list(lines)
        assert process.wait(timeout=30) == 130
    assert "Đã dừng" in rest[-1]
