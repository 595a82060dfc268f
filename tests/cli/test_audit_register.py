"""The auditor's verbs on a gateway's own register, and retention by command."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange import intake
from gateway.exchange.sequencer import Sequencer
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import PolicyName
from gateway.store import PutDirectory
from tests.cli.command import done, gateway
from tests.exchange.conftest import Story, file_of
from tests.http.town import MINISTRY, Clock, directory
from tests.pki import NOW, pki

FILE = b"%PDF-1.7 noi dung"


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, str]:
    """A founded gateway that took one document in, and the dispatch."""
    done("init", tmp_path, "--origin", "truc.test/ledger")
    path = tmp_path / "gateway.toml"
    (tmp_path / "root.pem").write_bytes(pki().root.pem)
    (tmp_path / "periods.toml").write_text(
        '[[period]]\ntype = "*"\nsince = 2000-01-01\nyears = 10\nbasis = "Danh mục hồ sơ"\n', encoding="utf-8"
    )
    written = path.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["root.pem"]', 1)
    path.write_text(written.replace("[retention]", '[retention]\nfile = "periods.toml"', 1), encoding="utf-8")

    async def one_packet() -> str:
        async with open_line(config.load(path)) as line:
            now = directory()
            peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
            town = replace(now, peers=peers)
            await line.store.write(PutDirectory(town, NOW, directory_entry(town, NOW)))
            line.state.directory = town
            story = Story(line, Clock())
            old = file_of(sealed=False, promulgated_on="2010/11/22")
            receipt = await intake.accept(line, story.peer("bo"), story.received(old))
            sequencer = Sequencer(line)
            while await sequencer.once():
                pass
            return receipt.dispatch_id

    return path, asyncio.run(one_packet())


def test_entries_are_found_by_whatever_is_known_of_them(home: tuple[Path, str], tmp_path: Path) -> None:
    path, dispatch = home
    attached, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    attached.write_bytes(FILE)
    other.write_bytes(FILE + b" ")
    for asked in (
        ("--dispatch", dispatch),
        ("--agency", MINISTRY),
        ("--peer", "bo"),
        ("--file", attached),
        ("--kind", "accept"),
    ):
        (found,) = done("audit", "search", *asked, "--kind", "accept", "--json", "--config", path).json
        assert (found["dispatch"], found["kind"]) == (dispatch, "accept")
    for nothing in (("--file", other), ("--peer", "xa"), ("--until", "2020-01-01"), ("--document", "1/KHÔNG")):
        assert gateway("audit", "search", *nothing, "--config", path).code == 1


def test_a_register_is_replayed_and_oddities_are_told(home: tuple[Path, str]) -> None:
    path, _ = home
    assert "Trùng khớp" in done("audit", "replay", "--config", path).out
    assert done("audit", "replay", "--json", "--config", path).json["differences"] == []
    said = gateway("audit", "anomalies", "--config", path)
    assert said.code in (0, 1) and said.err == ""


def test_content_is_held_released_and_destroyed_by_command(home: tuple[Path, str], tmp_path: Path) -> None:
    path, dispatch = home
    (due,) = done("retention", "plan", "--json", "--config", path).json
    assert (due["dispatch"], due["kept_until"], due["held"]) == (dispatch, "2020-12-31", False)
    why = ("--reason", "Hết thời hạn", "--config", path)
    done("retention", "hold", dispatch, *why)
    assert gateway("retention", "erase", dispatch, *why).code == 1
    done("retention", "release", dispatch, *why)
    assert gateway("retention", "certificate", dispatch, "--config", path).code == 1
    done("retention", "erase", "--all", *why)
    done("retention", "certificate", dispatch, "-o", tmp_path / "c.xml", "--config", path)
    assert b"<DestroyedAt>" in (tmp_path / "c.xml").read_bytes()
    assert done("retention", "list", "--json", "--config", path).json["erased"][0]["dispatch_id"] == dispatch
    assert gateway("retention", "erase", dispatch, *why).code == 1
    (found,) = done("audit", "search", "--dispatch", dispatch, "--kind", "accept", "--json", "--config", path).json
    assert found["dispatch"] == dispatch
    assert done("audit", "replay", "--json", "--config", path).json["differences"] == []


def test_without_a_table_everything_is_kept(home: tuple[Path, str]) -> None:
    path, _ = home
    path.write_text(path.read_text(encoding="utf-8").replace('file = "periods.toml"', ""), encoding="utf-8")
    assert gateway("retention", "plan", "--config", path).code == 1
