"""The authorities for signatures in PDFs come from the configuration; without them there is no desk."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line, running
from gateway.config import Config
from gateway.trust.anchors import AnchorError
from tests.cli.command import done, gateway
from tests.pki import pki
from tests.trust.pdf.papers import world


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The configuration of a founded gateway that trusts the Government's root for PDFs."""
    done("init", tmp_path, "--origin", "truc.test/ledger")
    (tmp_path / "root.pem").write_bytes(pki().root.pem)
    folder = tmp_path / "government"
    folder.mkdir()
    (folder / "root.cer").write_bytes(world().government_root.der)
    path = tmp_path / "gateway.toml"
    ours = 'government_anchors = "government"'
    written = path.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["root.pem"]', 1)
    written = written.replace('# government_anchors = ""', ours).replace("port = 8443", "port = 0")
    path.write_text(written, encoding="utf-8")
    return path


def test_a_gateway_keeps_the_authorities_lists_fresh_while_it_runs(home: Path) -> None:
    settings = config.load(home)
    assert settings.pdf.revocation_dir == home.parent / "revocation"

    async def run() -> list[str]:
        async with running(settings) as gateway_running:
            desk = gateway_running.line.pdf_desk
            assert desk is not None
            tasks = {task.get_name() for task in asyncio.all_tasks()}
            assert "revocation" in tasks
            return [store.name for store in desk.stores]

    assert asyncio.run(run()) == ["government"]


def test_without_authorities_there_is_no_desk(home: Path) -> None:
    settings = dataclasses.replace(config.load(home), pdf=config.Pdf())

    async def desk(settings: Config) -> object:
        async with open_line(settings) as line:
            return line.pdf_desk

    assert asyncio.run(desk(settings)) is None


def test_a_folder_that_would_trust_nothing_is_told_of(home: Path) -> None:
    (home.parent / "government" / "root.cer").unlink()
    said = gateway("examine", "--replay", "0" * 26, "--config", home)
    assert said.code == 1 and "government_anchors" in said.err

    async def opened() -> None:
        async with open_line(config.load(home)):
            raise AssertionError("a line without authorities was opened")

    with pytest.raises(AnchorError):
        asyncio.run(opened())
