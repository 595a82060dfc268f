"""A system is given an id and a secret of the axis dialect: shown once, kept nowhere, renewed and ended at will."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import config
from gateway.exchange.axis_credential import digest_of, secret_of
from gateway.ledger import EntryKind, decode
from gateway.store import queries
from gateway.trust.derived import load_deriving_key
from tests.cli.command import Said, asked, done, gateway


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway with one connected system; its configuration."""
    file = tmp_path / "truc" / "gateway.toml"
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    agencies = tmp_path / "a.csv"
    agencies.write_text("key,name,ids\nG99,Bộ Mẫu,000.00.00.G99\n", encoding="utf-8")
    done("directory", "import", agencies, "--config", file)
    done("peer", "add", "qlvb", "--name", "QLVB Bộ Mẫu", "--speaks-for", "G99", "--config", file)
    return file


def give(home: Path, *more: object, key: str = "qlvb") -> Said:
    return gateway("peer", "axis", key, "--json", "--config", home, *more)


def holder(home: Path, given: Said) -> str | None:
    """Whose credential was given out, if it works."""
    peer: str | None = asked(home, queries.credential, digest_of(given.json["system_id"], given.json["secret"]))
    return peer


def test_a_system_is_told_three_values_once_and_the_database_keeps_none(home: Path) -> None:
    said = give(home)
    assert said.json["url"] == "http://127.0.0.1:8443/XrdAdapter/RestService/forward/VPCP"
    assert said.json["system_id"] == "qlvb.1"
    assert holder(home, said) == "qlvb"
    assert said.json["secret"].encode() not in (home.parent / "register.db").read_bytes()
    assert said.json["secret"] == secret_of(load_deriving_key(config.load(home).keys.derive_key), "qlvb.1")
    assert said.json["secret"] not in said.err


def test_people_read_it_in_their_language(home: Path) -> None:
    told = done("peer", "axis", "qlvb", "--url", "https://truc.test/", "--config", home)
    assert "Địa chỉ (endpoint): https://truc.test/XrdAdapter/RestService/forward/VPCP" in told.out
    assert "Mã hệ thống (systemId): qlvb.1" in told.out
    assert len(told.out.splitlines()) == 3
    assert "System id" in done("peer", "axis", "qlvb", "--config", home, lang="en").out


def test_each_time_another_pair_and_the_earlier_ones_work_until_they_are_ended(home: Path) -> None:
    first, second = give(home), give(home)
    assert [holder(home, one) for one in (first, second)] == ["qlvb", "qlvb"]
    assert first.json["secret"] != second.json["secret"]
    third = give(home, "--alone")
    assert [holder(home, one) for one in (first, second, third)] == [None, None, "qlvb"]
    assert give(home).json["system_id"] == "qlvb.4", "an id never comes back"


def test_a_system_that_is_shut_out_loses_this_too(home: Path) -> None:
    given = give(home)
    done("peer", "revoke", "qlvb", "--config", home)
    assert holder(home, given) is None
    assert give(home).code == 1


def test_it_is_in_the_ledger(home: Path) -> None:
    give(home)
    entries = [decode(one) for one in asked(home, queries.entries, 0, 100)]
    assert [one["change"] for one in entries if one.kind is EntryKind.PEER] == ["added", "credential"]


def test_what_cannot_work_is_refused_with_a_hint(home: Path) -> None:
    assert "không có hệ thống" in give(home, key="nobody").err
    assert "tiêu đề HTTP" in give(home, key="hệ thống").err
    home.write_text(home.read_text().replace('["/XrdAdapter/RestService/forward/VPCP"]', "[]"))
    assert "base_paths" in give(home).err
