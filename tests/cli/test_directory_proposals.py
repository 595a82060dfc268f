"""The directory by command, by two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store import queries
from gateway.store.queries.operations import acts_before
from tests.cli.command import asked, done, gateway

FILE = "key,name,parent\nH99,Ủy ban nhân dân tỉnh Mẫu,\nH99.1,Sở Mẫu,H99\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    return tmp_path / "truc" / "gateway.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two agencies."""
    path = tmp_path / "co-quan.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


def by(who: str, home: Path) -> list[object]:
    return ["--by", who, "--reason", "Nghị quyết số 1", "--config", home]


def test_one_proposes_and_another_approves(home: Path, file: Path) -> None:
    assert "số 1" in done("directory", "propose", file, *by("lan.nguyen", home)).out
    shown = done("directory", "difference", 1, "--config", home).out
    assert "+ H99.1 Sở Mẫu" in shown
    alone = gateway("directory", "approve", 1, *by("lan.nguyen", home))
    assert alone.code == 1 and "người khác phải phê duyệt" in alone.err
    assert "phiên bản 1" in done("directory", "approve", 1, *by("minh", home)).out
    assert len(done("directory", "list", "--json", "--config", home).json["agencies"]) == 2
    (one,) = done("directory", "proposals", "--json", "--config", home).json
    assert (one["proposed_by"], one["decided_by"], one["outcome"]) == ("lan.nguyen", "minh", "approved")
    assert "đã phê duyệt" in done("directory", "proposals", "--config", home).out
    assert "hai người cùng đồng ý" in done("directory", "history", "--config", home).out
    acts = asked(home, acts_before, None, None, 5)
    assert [(one.action, one.reason, one.by[0]) for one in acts] == [
        ("directory.approved", "Nghị quyết số 1", "@"),
        ("directory.proposed", "Nghị quyết số 1", "@"),
    ]


def test_where_two_are_wanted_nobody_imports_alone(home: Path, file: Path) -> None:
    home.write_text(home.read_text(encoding="utf-8").replace("import_alone = true", "import_alone = false"), "utf-8")
    said = gateway("directory", "import", file, "--config", home)
    assert said.code == 1 and "gateway directory propose" in said.err
    assert asked(home, queries.directory_version) == 0


def test_a_proposal_is_turned_down_with_a_reason_and_shows_what_it_would_change(home: Path, file: Path) -> None:
    done("directory", "import", file, "--config", home)
    file.write_text("key,name,parent\nH99,Tỉnh Mẫu,\n", encoding="utf-8")
    done("directory", "propose", file, "--replace", *by("lan", home))
    shown = done("directory", "difference", 1, "--config", home).out.splitlines()
    assert shown == ["~ H99 Tỉnh Mẫu", "· name: «Ủy ban nhân dân tỉnh Mẫu» thành «Tỉnh Mẫu»", "- H99.1 Sở Mẫu"]
    assert done("directory", "difference", 1, "--json", "--config", home).json["cut_off"] == []
    done("directory", "reject", 1, *by("lan", home))
    assert gateway("directory", "approve", 1, *by("minh", home)).code == 1
    assert gateway("directory", "difference", 9, "--config", home).code == 1
    assert gateway("directory", "propose", file, *by("Lan Nguyễn", home)).code == 1
