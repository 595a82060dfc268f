"""The commands printed in docs/ledger.md, run as they are printed: curl, sha256sum and openssl check a live ledger."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.source import TOP
from tests.http.test_ledger import filled
from tests.http.town import awaited, town
from tests.ledger.ledgers import note_signer
from tests.ledger.publications import entry

pytestmark = pytest.mark.oracle

TOOLS = ("curl", "xxd", "openssl", "sha256sum")
PAGE = (TOP / "docs" / "ledger.md").read_text(encoding="utf-8")
(COMMANDS,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "openssl" in block)


@awaited
async def test_the_printed_commands_check_an_entry_and_a_checkpoint_and_refuse_a_lie(tmp_path: Path) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed on this machine")
    (tmp_path / "ledger.vkey").write_text(f"{note_signer().key.vkey}\n", encoding="utf-8")
    folder = tmp_path / "town"
    folder.mkdir()
    async with town(folder) as here:
        await filled(here)
        answer = await asyncio.to_thread(run, COMMANDS.replace("https://truc.example.vn", here.url), tmp_path)
    assert answer.returncode == 0, answer.stderr
    leaf, tile, verified = answer.stdout.splitlines()
    assert leaf.split()[0] == tile and verified == "Signature Verified Successfully"
    assert (tmp_path / "entry").read_bytes() == entry(0)
    (tmp_path / "text").write_text((tmp_path / "text").read_text(encoding="utf-8").replace("\n300\n", "\n301\n"))
    last = next(line for line in COMMANDS.splitlines() if line.startswith("openssl"))
    assert (await asyncio.to_thread(run, last, tmp_path)).returncode != 0


def run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a reader would: in a shell, in a folder of their own."""
    return subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True)
