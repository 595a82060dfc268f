"""Letting systems in and shutting them out: the token is shown once, the register keeps its digest alone."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from gateway.ledger import EntryKind, decode
from gateway.model.agency import Grant, Peer
from gateway.store import queries
from tests.cli.command import Said, asked, done, gateway
from tests.pki import pki


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway that knows two agencies; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file = tmp_path / "a.csv"
    file.write_text("key,name,ids\nG99,Bộ Mẫu,000.00.00.G99\nH99,Tỉnh Mẫu,\n", encoding="utf-8")
    done("directory", "import", file, "--config", tmp_path / "truc" / "gateway.toml")
    return tmp_path / "truc" / "gateway.toml"


def add(home: Path, *more: object, agency: str = "G99") -> Said:
    return gateway("peer", "add", "qlvb", "--name", "QLVB Bộ Mẫu", "--speaks-for", agency, "--config", home, *more)


def holder(home: Path, secret: bytes) -> str | None:
    """Whose credential a secret is."""
    peer: str | None = asked(home, queries.credential, hashlib.sha256(secret).hexdigest())
    return peer


def known(home: Path, key: str) -> Peer | None:
    """The peer, as the directory has it."""
    return asked(home, queries.directory).peer(key)


def test_the_token_is_the_whole_output_and_only_its_digest_is_kept(home: Path) -> None:
    said = add(home)
    token = said.out.strip()
    assert said.code == 0
    assert token.startswith("truc_")
    assert len(token) > 40
    assert holder(home, token.encode()) == "qlvb"
    assert token.encode() not in (home.parent / "register.db").read_bytes()
    assert known(home, "qlvb") == Peer("qlvb", "QLVB Bộ Mẫu", (Grant("G99"),))


def test_either_identifier_of_an_agency_grants_the_same(home: Path) -> None:
    add(home, "--subtree", agency="000.00.00.G99")
    assert known(home, "qlvb") == Peer("qlvb", "QLVB Bộ Mẫu", (Grant("G99", subtree=True),))


def test_a_second_time_gives_a_further_token_and_both_work(home: Path) -> None:
    first, second = add(home).out.strip(), add(home).out.strip()
    assert first != second
    assert holder(home, first.encode()) == holder(home, second.encode()) == "qlvb"


def test_a_certificate_is_known_by_its_digest_and_no_token_is_made(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "qlvb.pem"
    file.write_bytes(pki().p256.pem)
    assert add(home, "--certificate", file).out == ""
    assert holder(home, pki().p256.der) == "qlvb"


def test_the_client_file_holds_the_token_and_only_its_owner_reads_it(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "gateway-client.toml"
    said = add(home, "--client-file", file, "--url", "https://truc.test")
    assert said.out == ""
    assert 'url = "https://truc.test"' in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert add(home, "--client-file", file).code == 1  # never over a file that is there


def test_a_revoked_system_is_out_for_good_and_so_are_its_tokens(home: Path) -> None:
    token = add(home).out.strip()
    done("peer", "revoke", "qlvb", "--config", home)
    assert holder(home, token.encode()) is None
    again = add(home)
    assert again.code == 1
    assert "mã khác" in again.err
    assert gateway("peer", "revoke", "qlvb", "--config", home).code == 1
    row = done("peer", "list", "--json", "--config", home).json[0]
    assert row["key"] == "qlvb"
    assert row["revoked_at"]


def test_every_change_is_in_the_ledger(home: Path) -> None:
    add(home)
    add(home)
    done("peer", "revoke", "qlvb", "--config", home)
    entries = [decode(one) for one in asked(home, queries.entries, 0, 100)]
    assert [one["change"] for one in entries if one.kind is EntryKind.PEER] == ["added", "credential", "revoked"]
    assert [one["version"] for one in entries if one.kind is EntryKind.DIRECTORY] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("more", "told"),
    [(("--push-url", "http://truc.test/in"), "https://"), (("--certificate", __file__), "chứng thư")],
)
def test_what_cannot_work_is_refused_with_a_hint(home: Path, more: tuple[str, ...], told: str) -> None:
    said = add(home, *more)
    assert said.code == 1
    assert told in said.err
    assert known(home, "qlvb") is None


def test_an_agency_nobody_knows_is_refused(home: Path, tmp_path: Path) -> None:
    said = add(home, "--client-file", tmp_path / "client.toml", agency="G77")
    assert said.code == 1
    assert "G77" in said.err
    assert "directory import" in said.err
    assert not (tmp_path / "client.toml").exists()
