"""What an operator can ask of the directory afterwards: what an agency is and was, who changed what, proof of each."""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path

import pytest

from gateway.ledger import EntryKind, decode
from gateway.ledger.directory_text import directory_text
from gateway.model.agency import DirectoryAct
from gateway.model.words import LANGUAGES, text
from gateway.store import queries
from tests.cli.command import asked, done, gateway


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway with three versions of its directory behind it; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    file = tmp_path / "a.csv"
    file.write_text(
        "key,name,ids,parent,ends_at,successor\n"
        "H41,Ủy ban nhân dân tỉnh Mẫu,000.00.00.H41,,,\n"
        "H42,Ủy ban nhân dân tỉnh Cũ,000.00.00.H42,,,\n"
        "H42.01,Sở Nội vụ tỉnh Cũ,,H42,,\n",
        encoding="utf-8",
    )
    done("directory", "import", file, "--config", home)
    file.write_text(
        "key,name,ids,parent,ends_at,successor\nH42,Ủy ban nhân dân tỉnh Cũ,000.00.00.H42,,2025-07-01,H41\n",
        encoding="utf-8",
    )
    done("directory", "import", file, "--config", home)
    done("peer", "add", "hub", "--name", "Trục tỉnh", "--speaks-for", "H41", "--subtree", "--config", home)
    return home


def test_an_agency_is_shown_with_who_collects_for_it_and_all_it_was(home: Path) -> None:
    shown = done("directory", "show", "000.00.00.H42", "--config", home).out
    assert "cơ quan kế thừa: H41 (Ủy ban nhân dân tỉnh Mẫu)" in shown
    assert "hết hiệu lực lúc: 2025-07-01 00:00:00+07:00" in shown
    assert shown.count("nhập tệp") == 2
    assert "hệ thống nhận thay: hub (Trục tỉnh)" in done("directory", "show", "H41", "--config", home).out


def test_a_deleted_agency_is_still_shown_by_its_key(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.csv"
    file.write_text("key,name\nH41,Ủy ban nhân dân tỉnh Mẫu\n", encoding="utf-8")
    done("directory", "import", file, "--replace", "--config", home)
    assert "Đã bỏ khỏi danh bạ từ phiên bản 4." in done("directory", "show", "H42.01", "--config", home).out
    nobody = gateway("directory", "show", "H99", "--config", home)
    assert nobody.code == 1
    assert "chưa từng có cơ quan H99" in nobody.err


def test_history_says_who_did_what_in_which_version(home: Path) -> None:
    done("peer", "revoke", "hub", "--config", home)
    versions = json.loads(done("directory", "history", "--json", "--config", home).out)
    assert [(one["version"], one["act"], one["agencies"], one["gone"], one["peers"]) for one in versions] == [
        (4, "peer-revoke", 0, 0, 1),
        (3, "peer-add", 0, 0, 1),
        (2, "import", 1, 0, 0),
        (1, "import", 3, 0, 0),
    ]
    assert {one["changed_by"] for one in versions} == {getpass.getuser()}
    table = done("directory", "history", "--limit", "1", "--config", home).out
    assert "ngắt hệ thống" in table
    assert "nhập tệp" not in table


def test_every_version_has_its_digest_in_the_ledger_and_can_be_shown_to_match(home: Path) -> None:
    done("peer", "revoke", "hub", "--config", home)
    for version in asked(home, queries.directory_history, 9):
        assert version.ledger_index is not None
        entry = decode(asked(home, queries.entries, version.ledger_index, 1)[0])
        written = directory_text(asked(home, queries.directory_at, version.version))
        assert (entry.kind, entry["version"]) == (EntryKind.DIRECTORY, str(version.version))
        assert entry["sha256"] == hashlib.sha256(written).hexdigest()
    kinds = [decode(one).kind for one in asked(home, queries.entries, 0, 99)]
    assert kinds.count(EntryKind.PEER) == 2


def test_every_act_has_its_words() -> None:
    assert all(text(lang, f"say.directory.act.{act}") for lang in LANGUAGES for act in DirectoryAct)
