"""The auditor's verbs on a gateway's own register, and retention by command."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange import intake
from gateway.exchange.audit_report import FIGURES
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import EntryKind
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import PolicyName
from gateway.model.words import text
from gateway.store import PutDirectory
from gateway.trust import verify_countersigned
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


def test_a_report_is_sealed_and_every_figure_can_be_counted_again(home: tuple[Path, str], tmp_path: Path) -> None:
    path, _ = home
    page, seal = tmp_path / "report.html", tmp_path / "report.html.seal.xml"
    period = ("--from", "2020-01-01", "--until", "2030-12-31")
    done("audit", "report", *period, "-o", page, "--config", path)
    written, sha256 = page.read_text(encoding="utf-8"), hashlib.sha256(page.read_bytes()).hexdigest()
    der = config.load(path).keys.seal_certificate.read_text(encoding="ascii")
    stated = verify_countersigned(seal.read_bytes(), ssl.PEM_cert_to_DER_cert(der))
    assert f'sha256="{sha256}"'.encode() in stated
    for name, kinds in FIGURES.items():
        asked = [part for kind in kinds for part in ("--kind", kind.value)]
        said = gateway("audit", "search", *period, *asked, "--json", "--config", path)
        count = len([one for one in said.json if one["kind"] != "export"])
        assert re.search(
            rf'{re.escape(text("vi", f"audit_report.of.{name}"))}</td><td class="number">{count}<', written
        )
    (taken,) = done("audit", "search", "--kind", "export", "--json", "--config", path).json
    assert (taken["what"], taken["sha256"]) == ("audit_report", sha256)
    assert done("audit", "replay", "--json", "--config", path).json["differences"] == []


def test_every_kind_of_entry_is_in_one_figure_of_the_report() -> None:
    counted = [kind for kinds in FIGURES.values() for kind in kinds]
    assert sorted(counted) == sorted(EntryKind)


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_xmlsec1_verifies_the_seal_of_a_report(home: tuple[Path, str], tmp_path: Path) -> None:
    path, _ = home
    page = tmp_path / "report.html"
    done("audit", "report", "--from", "2026-01-01", "--until", "2026-12-31", "-o", page, "--config", path)
    command = [
        "xmlsec1",
        "--verify",
        "--enabled-key-data",
        "key-name",
        "--id-attr:Id",
        "AuditReport",
        "--pubkey-cert-pem",
    ]
    certificate = config.load(path).keys.seal_certificate
    subprocess.run([*command, certificate, f"{page}.seal.xml"], check=True, capture_output=True)
