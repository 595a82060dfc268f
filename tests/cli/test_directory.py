"""The directory file: a thousand agencies in, every fault told with its line, and nothing changed by a faulty file."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.agencies import FIELDS, DirectoryFileError, read_agencies
from gateway.cli.register import export
from gateway.ledger import EntryKind, decode
from gateway.model.agency import Agency
from gateway.model.period import Period
from gateway.store import queries
from tests.cli.command import Said, asked, done, gateway
from tests.pki import pki

Row = dict[str, object]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    return tmp_path / "truc" / "gateway.toml"


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {name: " ".join(value) if isinstance(value, list) else value for name, value in row.items()}
            )
    return path


def write_json(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text(json.dumps({"agencies": rows}, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def thousand() -> list[Row]:
    """A province, and 999 agencies below it, each with an identifier of either scheme."""
    rows: list[Row] = [{"key": "H99", "name": "Ủy ban nhân dân tỉnh Mẫu", "ids": ["000.00.00.H99"]}]
    for number in range(1, 1000):
        row = {
            "key": f"H99.{number}",
            "name": f"Đơn vị số {number}",
            "ids": [f"{number:03}.00.01.H99"],
            "parent": "H99",
        }
        rows.append(row)
    return rows


def faults(path: Path, known: Sequence[Agency] = ()) -> list[tuple[int, str]]:
    with pytest.raises(DirectoryFileError) as wrong:
        read_agencies(path, known)
    return [(one.line, one.key.removeprefix("directory_file.")) for one in wrong.value.faults]


def imported(home: Path, file: Path, *options: str) -> Said:
    return gateway("directory", "import", file, "--config", home, *options)


@pytest.mark.parametrize("write", [write_csv, write_json], ids=["csv", "json"])
def test_a_thousand_agencies_come_in_and_the_ledger_holds_the_digest(home: Path, tmp_path: Path, write) -> None:
    said = imported(home, write(tmp_path / f"agencies.{write.__name__[6:]}", thousand()))
    assert (said.code, said.err) == (0, "")
    assert "thêm 1000, sửa 0, bỏ 0" in said.out
    directory = asked(home, queries.directory)
    entry = decode(asked(home, queries.entries, 0, 10)[0])
    assert directory.version == 1
    assert len(directory.agencies) == 1000
    assert directory.agency("007.00.01.H99") == Agency("H99.7", "Đơn vị số 7", ("H99.7", "007.00.01.H99"), "H99")
    listed = done("directory", "list", "--json", "--config", home).out.encode()
    assert listed == export(directory)
    assert entry.kind is EntryKind.DIRECTORY
    assert (entry["version"], entry["sha256"]) == ("1", hashlib.sha256(listed).hexdigest())


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "h99.pem").write_bytes(pki().p256.pem)
    rows = thousand()[:3]
    rows[0] |= {"starts_at": "2021-01-01", "ends_at": "2025-07-01T00:00:00+07:00", "successor": "H99.1"}
    rows[0] |= {"certificates": ["h99.pem"]}
    read = read_agencies(write_csv(tmp_path / "a.csv", rows))
    assert read == read_agencies(write_json(tmp_path / "a.json", rows))
    assert read[0].period == Period(datetime(2020, 12, 31, 17, tzinfo=UTC), datetime(2025, 6, 30, 17, tzinfo=UTC))
    assert read[0].certificates == (pki().p256.der,)
    assert read[0].successor == "H99.1"


def test_a_bare_list_and_a_byte_order_mark_are_read_too(tmp_path: Path) -> None:
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(thousand()[:2]), encoding="utf-8-sig")
    assert read_agencies(bare) == read_agencies(write_json(tmp_path / "a.json", thousand()[:2]))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"key": "", "name": "Không mã"}, "no_key"),
        ({"key": "G 99", "name": "Có dấu cách"}, "identifier"),
        ({"key": "G" * 36, "name": "Quá dài"}, "identifier"),
        ({"key": "G99", "name": ""}, "name"),
        ({"key": "G99", "name": "x" * 201}, "name"),
        ({"key": "G99", "name": "Bộ", "parent": "G77"}, "nobody"),
        ({"key": "G99", "name": "Bộ", "successor": "G77"}, "nobody"),
        ({"key": "G99", "name": "Bộ", "parent": "G99"}, "circle"),
        ({"key": "G99", "name": "Bộ", "ids": ["H99"]}, "taken"),
        ({"key": "G99", "name": "Bộ", "starts_at": "2025-02-30"}, "instant"),
        ({"key": "G99", "name": "Bộ", "starts_at": "2025-07-01T00:00:00"}, "instant"),
        ({"key": "G99", "name": "Bộ", "starts_at": "2025-07-01", "ends_at": "2025-07-01"}, "period"),
        ({"key": "G99", "name": "Bộ", "certificates": ["no-such.pem"]}, "certificate"),
        ({"key": "H99", "name": "Hai lần"}, "taken"),
    ],
)
@pytest.mark.parametrize("write", [write_csv, write_json], ids=["csv", "json"])
def test_a_fault_is_told_with_its_line(tmp_path: Path, write, row: Row, fault: str) -> None:
    rows = [{"key": "H99", "name": "Tỉnh Mẫu"}, row]
    path = write(tmp_path / f"a.{write.__name__[6:]}", rows)
    line = 3 if path.suffix == ".csv" else path.read_text(encoding="utf-8").splitlines().index("  {", 3) + 1
    assert faults(path) == [(line, fault)]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.json", b"{", (1, "no_json")),
        ("a.json", b'{"agencies": [\n{"key": "G99",\n}]}', (3, "no_json")),
        ("a.json", b'{"agencies": 3}', (1, "no_list")),
        ("a.json", b"[1]", (1, "no_list")),
        ("a.json", b"\xff\xfe", (1, "no_utf8")),
        ("a.json", b'[{"key": "G99", "name": "x", "nmae": "y"}]', (1, "unknown_field")),
        ("a.json", b'[{"key": ["G99"], "name": "x"}]', (1, "identifier")),
        ("a.json", b'[{"key": "G99", "name": "x", "ids": "G98"}]', (1, "no_words")),
        ("a.csv", b"\xff\xfe", (1, "no_utf8")),
        ("a.csv", b"key,name\nG99,x,y\n", (2, "too_many_columns")),
        ("a.csv", b"key,nmae\nG99,x\n", (2, "unknown_field")),
        ("a.csv", b'key,name\nG99,"x\n', (2, "no_csv")),
    ],
)
def test_a_file_that_cannot_be_read_is_told_too(
    tmp_path: Path, name: str, content: bytes, fault: tuple[int, str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert faults(tmp_path / name) == [fault]


def test_every_fault_is_told_and_the_directory_stays(home: Path, tmp_path: Path) -> None:
    done("directory", "import", write_csv(tmp_path / "good.csv", thousand()[:2]), "--config", home)
    said = imported(home, write_csv(tmp_path / "bad.csv", [{"key": "", "name": "a"}, {"key": "G99"}, {"key": "G 9"}]))
    assert said.code == 1
    assert [f"dòng {line}:" in said.err for line in (2, 3, 4)] == [True, True, True]
    assert "có 3 lỗi; danh bạ không thay đổi" in said.err
    assert "phiên bản 1, 2 cơ quan" in done("directory", "list", "--config", home).err


def test_the_same_file_twice_is_one_version_and_a_changed_row_the_next(home: Path, tmp_path: Path) -> None:
    rows = thousand()[:3]
    imported(home, write_csv(tmp_path / "a.csv", rows))
    assert "phiên bản 1" in imported(home, write_csv(tmp_path / "a.csv", rows)).out
    rows[2]["name"] = "Đơn vị đổi tên"
    assert "phiên bản 2: thêm 0, sửa 1, bỏ 0" in imported(home, write_csv(tmp_path / "a.csv", rows)).out


def test_agencies_the_file_does_not_name_stay_unless_it_replaces(home: Path, tmp_path: Path) -> None:
    imported(home, write_csv(tmp_path / "a.csv", thousand()[:3]))
    more = write_csv(tmp_path / "b.csv", [{"key": "H99.7", "name": "Thêm", "parent": "H99"}])
    assert "thêm 1, sửa 0, bỏ 0" in imported(home, more).out
    other = write_csv(tmp_path / "c.csv", [{"key": "G99", "name": "Bộ"}])
    assert "thêm 1, sửa 0, bỏ 4" in imported(home, other, "--replace").out


@given(st.lists(st.fixed_dictionaries({"key": st.text(max_size=4), "name": st.text(max_size=4)}), max_size=4))
def test_a_json_row_is_found_on_its_line_whatever_it_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    rows = [*rows, {"key": "{", "name": "}"}, {"key": "no name"}]
    path = tmp_path_factory.mktemp("rows") / "a.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]", encoding="utf-8")
    assert (len(path.read_text(encoding="utf-8").split("\n")) - 1, "identifier") in faults(path)
