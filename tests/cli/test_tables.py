"""The authority table by command: proposed by one, approved by another, taken over at its time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange import tables, watch
from gateway.exchange.acts import Actor
from gateway.exchange.tables import proposal
from gateway.ledger import EntryKind, decode
from gateway.rules.authority_table import shipped_path, shipped_table
from gateway.store import queries
from gateway.store.reconciling import Difference
from tests.cli.command import asked, done, gateway
from tests.exchange.replayed import differences

LAN = Actor("lan.nguyen", "a" * 64)
SHIPPED = shipped_path().read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway that could serve; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    written = home.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]')
    home.write_text(written, encoding="utf-8")
    return home


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """Version 2 of the table: observe refuses somebody unknown."""
    changed = SHIPPED.replace(
        '<policy name="observe" otherwise="warn"/>',
        '<policy name="observe" otherwise="warn"><rule name="TT-902" severity="refuse"/></policy>',
    )
    file = tmp_path / "authority-2.xml"
    file.write_text(changed.replace('Id="authority" version="1"', 'Id="authority" version="2"'), encoding="utf-8")
    return file


def propose(home: Path, file: Path, by: str = "lan.nguyen", since: str = "2020-01-01") -> list[object]:
    return ["table", "propose", file, "--by", by, "--effective-from", since, "--config", home]


def approve(home: Path, by: str, version: int = 2) -> list[object]:
    return ["table", "approve", version, "--by", by, "--config", home]


def test_two_people_put_a_table_in_force_and_the_ledger_keeps_both(home: Path, second: Path) -> None:
    assert "phiên bản 2" in done(*propose(home, second)).out
    assert done("table", "list", "--json", "--config", home).json["in_force"] == 1
    alone = gateway(*approve(home, "lan.nguyen"))
    assert alone.code == 1 and "không tự phê duyệt được" in alone.err
    done(*approve(home, "minh.tran"))
    listed = done("table", "list", "--json", "--config", home).json
    assert listed["in_force"] == 2
    (version,) = listed["versions"]
    assert (version["proposed_by"], version["approved_by"]) == ("lan.nguyen", "minh.tran")
    assert "minh.tran" in done("table", "list", "--config", home).out
    entries = [decode(one) for one in asked(home, queries.entries, 0, 10)]
    assert [one.kind for one in entries] == [EntryKind.TABLE_PROPOSED, EntryKind.TABLE_APPROVED]
    assert len({one["by"] for one in entries}) == 2
    assert not any(name in repr(entries) for name in ("lan", "nguyen", "minh", "tran"))
    assert {one["sha256"] for one in entries} == {version["sha256"]}


def test_a_proposal_whose_entry_names_its_operator_is_approved_and_replayed(home: Path, second: Path) -> None:
    """As it was once written."""

    async def play() -> list[Difference]:
        async with open_line(config.load(home)) as line:
            made = proposal(line.signer, second.read_bytes(), LAN, line.clock(), line.clock())
            named = re.sub(rb"(?<=by: )[0-9a-f]{64}", b"lan.nguyen", made.entry)
            await line.store.write(replace(made, entry=named))
            await tables.approve(line, Actor("minh-tran", "b" * 64), 2, "đã đọc")
            kinds = [decode(one) for one in await line.store.read(queries.entries, 0, 10)]
            assert [one["by"] for one in kinds if one.kind.value.startswith("table-")] == ["lan.nguyen", "b" * 64]
            assert line.state.table.version == 2
            assert not [one for one in await differences(line) if one.what == "table"]
            with contextlib.closing(sqlite3.connect(home.parent / "register.db")) as database:
                database.execute("DROP TRIGGER rule_tables_approved_update")
                database.execute("UPDATE rule_tables SET proposed_by = 'hoa'")
                database.commit()
            return [one for one in await differences(line) if one.what == "table"]

    (changed,) = asyncio.run(play())
    assert (changed.field, changed.said, changed.held) == ("proposed_by", "lan.nguyen", "hoa")


def test_a_table_is_proposed_and_approved_once(home: Path, second: Path) -> None:
    done(*propose(home, second))
    assert gateway(*propose(home, second)).code == 1
    assert "chưa ai đề nghị" in gateway(*approve(home, "minh", 3)).err
    done(*approve(home, "minh"))
    assert "đã được minh phê duyệt" in gateway(*approve(home, "hoa")).err


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ('Id="authority" version="2"', 'Id="authority" version="1"', "không mới hơn"),
        ('group="legal"', 'group="royal"', "royal"),
        ('law="nd30-13-3"', 'law="nd30-99"', "nd30-99"),
        ("</authority>", "", "dòng"),
        ("<laws>", "<!-- x --><laws>", "dòng 1"),
        ("<except>Nghị quyết</except>", "<except>Thông tư</except>", "thông tư"),
        ('name="observe"', 'name="strict"', "strict"),
        ("<?xml", "<!DOCTYPE authority><?xml", "dòng"),
    ],
)
def test_a_file_that_is_no_table_is_told_with_its_fault(
    home: Path, second: Path, find: str, put: str, said: str
) -> None:
    second.write_text(second.read_text(encoding="utf-8").replace(find, put), encoding="utf-8")
    answer = gateway(*propose(home, second))
    assert answer.code == 1 and said in answer.err
    assert asked(home, queries.tables) == ()


@pytest.mark.parametrize("by", ["Lan", "lan nguyễn", "", "-"])
def test_an_operator_is_an_account_and_an_instant_a_day(home: Path, second: Path, by: str) -> None:
    assert gateway(*propose(home, second, by)).code != 0
    assert gateway(*propose(home, second, since="hôm nay")).code == 1
    assert gateway(*propose(home, second, since="")).code == 1


def test_a_running_gateway_takes_a_table_over_at_its_instant(home: Path, second: Path) -> None:
    starts_at = datetime.now(UTC) + timedelta(hours=1)
    done(*propose(home, second, since=starts_at.isoformat()))
    done(*approve(home, "minh.tran"))
    now = [datetime.now(UTC)]

    async def live() -> list[int]:
        seen = []
        async with open_line(config.load(home), clock=lambda: now[0]) as line:
            for at in (now[0], starts_at - timedelta(seconds=1), starts_at):
                now[0] = at
                await watch.refresh_table(line)
                seen.append(line.known().table.version)
            assert line.known().table.policies["observe"].rules
        return seen

    assert asyncio.run(live()) == [1, 1, 2]


def test_a_table_that_is_not_the_one_approved_stops_the_gateway(home: Path, second: Path) -> None:
    done(*propose(home, second))
    done(*approve(home, "minh.tran"))
    with contextlib.closing(sqlite3.connect(home.parent / "register.db")) as database:  # what a vandal would do
        database.execute("DROP TRIGGER rule_tables_approved_update")
        database.execute("UPDATE rule_tables SET document = CAST(replace(document, 'strict', 'stricT') AS BLOB)")
        database.commit()

    async def start() -> None:
        async with open_line(config.load(home)):
            pass

    with pytest.raises(watch.OtherTableError):
        asyncio.run(start())


def test_the_shipped_table_is_version_one_and_where_nobody_changed_it_it_decides(home: Path) -> None:
    assert shipped_table().version == 1
    assert done("table", "list", "--json", "--config", home).json == {"in_force": 1, "versions": []}
