"""A witness run by command: founded, told of a ledger, asked over HTTP by the client a gateway uses."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from gateway.http.witness_client import HttpWitnesses
from gateway.ledger.cosignature import WitnessKey, cosignatures
from tests.cli.command import done, gateway
from tests.house.source import TOP
from tests.ledger.test_submission import LOG, submitted


def test_a_witness_of_ones_own_cosigns_what_it_was_told_to_watch(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    key = WitnessKey.parse(done("witness", "init", folder, "--name", "witness.test/w1").out.split()[-1])
    assert gateway("witness", "init", folder, "--name", "witness.test/w1").code == 1, "never over another"
    assert f"{LOG.key.name}: " in done("witness", "add-log", folder, LOG.key.vkey).out
    assert gateway("witness", "add-log", folder, key.vkey).code == 1, "a witness is no ledger"
    command = [sys.executable, "-m", "gateway", "--lang", "en", "witness", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            url = re.search(r"http://\S+", process.stderr.readline())[0]  # type: ignore[index]
            one = submitted(0, 300)

            async def ask() -> tuple[int, bytes]:
                async with aiohttp.ClientSession() as session:
                    return await HttpWitnesses(session).add_checkpoint(url, one.encode(), 10.0)

            status, line = asyncio.run(ask())
            assert status == 200 and set(cosignatures(one.note + line, [key])) == {key}
            assert asyncio.run(ask())[0] == 409
        finally:
            process.send_signal(signal.SIGTERM)
        assert key.vkey in process.communicate(timeout=20)[0]
        assert process.returncode == 0
    assert "300" in done("witness", "add-log", folder, LOG.key.vkey).out


@pytest.mark.parametrize("left", ["", "witness.name", "witness.db", "witness.name witness.db", ".witness.key"])
def test_a_founding_that_died_is_done_again_and_one_that_was_done_never(tmp_path: Path, left: str) -> None:
    for name in left.split():
        (tmp_path / name).write_bytes(b"")
    key = done("witness", "init", tmp_path, "--name", "witness.test/w1").out.split()[-1]
    done("witness", "add-log", tmp_path, LOG.key.vkey)
    before = {one: (tmp_path / one).read_bytes() for one in ("witness.key", "witness.name", "witness.db")}
    assert gateway("witness", "init", tmp_path, "--name", "witness.test/w2").code == 1
    assert before == {one: (tmp_path / one).read_bytes() for one in before}
    assert key.startswith("witness.test/w1+")


def test_a_folder_without_a_witness_is_told(tmp_path: Path) -> None:
    assert gateway("witness", "serve", tmp_path).code == 1
    assert gateway("witness", "init", tmp_path / "w", "--name", "two words").code == 1
    assert not (tmp_path / "w").exists()
