"""Peers that stop reading, and peers that are gone without a word, lose their connections in bounded time; and nobody
else waits for them. Seen in the kernel's list of connections."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.http.limits import HttpLimits
from tests.house.source import TOP
from tests.http.town import awaited, town
from tests.http.vanishing import connect, download, held, until_let_go
from tests.outside import require

NETWORK = ["unshare", *([] if os.getuid() == 0 else ["--map-root-user"]), "--net"]


@awaited
async def test_who_never_reads_is_let_go_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(write_timeout_s=1.0)) as here:
        asks = await download(here)
        peers = [connect(here, f"127.0.0.{number}", asks) for number in (8, 9)]
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for address in ("127.0.0.8", "127.0.0.9"):
            while not held(here.port, address) and loop.time() < began_s + 1.0:
                await asyncio.sleep(0.01)
            await until_let_go(here, address)
        assert loop.time() - began_s >= 1.0, "it had its time"
        status, _, _ = await here.ask("GET", "/healthz", token=None)
        assert status == 200
        for one in peers:
            one.close()


def test_who_vanishes_without_a_word_is_let_go_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    require("ip")
    if subprocess.run([*NETWORK, "true"], capture_output=True).returncode:
        pytest.skip("needs a network namespace (unshare --net)")
    said = subprocess.run(
        [*NETWORK, sys.executable, "-m", "tests.http.vanishing", tmp_path],
        cwd=TOP, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    before, left, answered = json.loads(said.stdout.splitlines()[-1])
    assert (before, left) == (3, 0)
    assert answered > 0
