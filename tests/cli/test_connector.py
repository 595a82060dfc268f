"""`gateway connector`: what an administrator sees before it works, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from gateway.client import Journal
from gateway.client.connector.settings import FOLDERS
from tests.cli.command import gateway
from tests.http.town import TOKENS, awaited, town


def write(folder: Path, url: str, token: str = "") -> Path:
    path = folder / "connector.toml"
    path.write_text(f'url = "{url}"\ntoken = "{token}"\nfolder = "trục"\n', encoding="utf-8")
    return path


async def started(*words: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "gateway", "--lang", "vi", "connector", *words)
    return await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


@awaited
async def test_check_tries_every_folder_and_the_connection_and_leaves_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        child = await started("--config", str(write(tmp_path, here.url, TOKENS["bo"])), "check")
        out, err = await child.communicate()
        assert child.returncode == 0, err.decode()
        assert out.decode().count("đọc, ghi và đổi tên được") == len(FOLDERS)
        assert "Trục trả lời" in out.decode()
        assert [one for one in (tmp_path / "trục").rglob("*") if one.is_file()] == []
        child = await started("--config", str(write(tmp_path, here.url, "nobody")), "check")
        _, err = await child.communicate()
        assert child.returncode == 1 and "lỗi" in err.decode()


@awaited
async def test_it_works_until_told_to_stop_and_says_both(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        child = await started("--config", str(write(tmp_path, here.url, TOKENS["bo"])))
        assert child.stderr is not None
        assert "đang làm việc" in (await child.stderr.readline()).decode()
        child.send_signal(signal.SIGTERM)
        assert "đã dừng" in (await child.stderr.read()).decode()
        assert await child.wait() == 0


def test_a_second_one_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    config = write(tmp_path, "http://127.0.0.1:9", "x")
    with Journal(tmp_path / "trục" / ".connector" / "journal.db"):
        said = gateway("connector", "--config", config)
    assert said.code == 1
    assert "một bộ nối khác" in said.err


def test_a_wrong_file_is_named_and_the_remedy_too(tmp_path: Path) -> None:
    said = gateway("connector", "--config", tmp_path / "none.toml", "check", lang="en")
    assert said.code == 1
    assert "none.toml" in said.err and "gateway connector describe" in said.err


def test_a_folder_that_cannot_be_written_into_is_named(tmp_path: Path) -> None:
    config = write(tmp_path, "http://127.0.0.1:9", "x")
    (tmp_path / "trục").mkdir()
    (tmp_path / "trục" / "outbox").write_text("a file in its place")
    said = gateway("connector", "--config", config, "check")
    assert said.code == 1 and "không ghi được" in said.err and "outbox" in said.err


def test_the_example_is_printed() -> None:
    said = gateway("connector", "describe")
    assert said.code == 0 and "url = " in said.out and "outbox" in said.out
