"""Reports read by a person, examinations made again and rules tried, with the command alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange import intake
from gateway.ledger import write_report
from gateway.model.agency import PolicyName
from gateway.rules.authority_table import shipped_path
from gateway.store import PutDirectory
from gateway.trust import countersign
from tests.cli.command import done, gateway
from tests.exchange.conftest import Story, file_of
from tests.http.town import Clock, directory
from tests.ledger.test_examination import FACTS
from tests.pki import NOW, pki


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.xml"
    path.write_bytes(countersign(write_report(FACTS), pki().gateway.signer, NOW))
    return path


def test_a_person_reads_every_finding_in_vietnamese_first(report: Path) -> None:
    said = done("examine", "--report", report)
    for part in ("ĐƯỢC TIẾP NHẬN", "Số «7816» thiếu & sai", "[TT-101]", "12: /edXML/edXMLEnvelope", "Nguyễn Thị Ánh"):
        assert part in said.out
    assert "SHA-256" in said.err
    assert "ADMITTED" in done("examine", "--report", report, lang="en").out


def test_a_report_changed_since_is_refused(report: Path) -> None:
    report.write_bytes(report.read_bytes().replace(b"admitted", b"refused"))
    said = gateway("examine", "--report", report)
    assert said.code == 1 and "[seal." in said.err


def test_a_report_without_a_seal_is_said_to_prove_nothing(report: Path) -> None:
    report.write_bytes(write_report(replace(FACTS, pdf=None)))
    said = done("examine", "--report", report)
    assert "không chứng minh" in said.err and "không kiểm tra" in said.out


def test_one_thing_is_examined_at_a_time(report: Path) -> None:
    assert gateway("examine").code == 2
    assert gateway("examine", report, "--report", report).code == 2
    assert gateway("rules", "impact", "--since", "2026-01-01", "--config", report).code == 2


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, str]:
    """A founded gateway that took one unsealed packet in, and the dispatch."""
    done("init", tmp_path, "--origin", "truc.test/ledger")
    path = tmp_path / "gateway.toml"
    (tmp_path / "root.pem").write_bytes(pki().root.pem)
    path.write_text(
        path.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["root.pem"]', 1), encoding="utf-8"
    )
    settings = config.load(path)

    async def one_packet() -> str:
        async with open_line(settings) as line:
            now = directory()
            peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
            await line.store.write(PutDirectory(replace(now, peers=peers), NOW))
            line.state.directory = replace(now, peers=peers)
            story = Story(line, Clock())
            return (await intake.accept(line, story.peer("bo"), story.received(file_of(sealed=False)))).dispatch_id

    return path, asyncio.run(one_packet())


def test_a_replay_on_the_register_is_the_same_until_something_it_rests_on_is_gone(home: tuple[Path, str]) -> None:
    path, dispatch = home
    assert "giống hệt" in done("examine", "--replay", dispatch, "--config", path).out
    assert gateway("examine", "--replay", "0" * 26, "--config", path).code == 1


def test_rules_are_tried_on_packets_already_admitted(home: tuple[Path, str]) -> None:
    path, dispatch = home
    since = ("--since", "2020-01-01", "--config", path)
    strict = done("rules", "impact", *since, "--policy", "strict", "--json").json
    assert (strict["examined"], [one["dispatch_id"] for one in strict["refused"]]) == (1, [dispatch])
    assert "seal.missing" in [one["reason"] for one in strict["refused"][0]["findings"]]
    assert dispatch in done("rules", "impact", *since, "--policy", "strict").out
    assert done("rules", "impact", *since, "--policy", "observe", "--json").json["refused"] == []
    assert done("rules", "impact", *since, "--table", shipped_path(), "--json").json["refused"] == []
    assert gateway("rules", "impact", *since, "--table", path).code == 1
