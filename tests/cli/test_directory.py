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

from gateway.exchange.directory_file import FIELDS, DirectoryFileError, read_agencies
from gateway.ledger import EntryKind, decode
from gateway.ledger.directory_text import directory_text
from gateway.model.agency import Agency, AgencyKind, PolicyName, Regime
from gateway.model.period import Period
from gateway.model.signers import Capacity, Delegation, Rank, Signer
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
    assert listed == directory_text(directory)
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
        ("a.csv", b"key,nmae\nG99,x\n", (1, "unknown_field")),
        ("a.csv", b"key,name,parrent\nG99,x,\n", (1, "unknown_field")),
        ("a.csv", b"", (1, "no_header")),
        ("a.csv", b"G99,x\n", (1, "no_header")),
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


def test_circles_are_found_at_any_length_and_a_long_line_is_none(tmp_path: Path) -> None:
    line: list[Row] = [{"key": f"A{n}", "name": "x", "parent": f"A{n + 1}" if n < 5_000 else ""} for n in range(5_001)]
    assert len(read_agencies(write_csv(tmp_path / "a.csv", line))) == 5_001
    line[5_000]["parent"] = "A4998"
    assert faults(write_csv(tmp_path / "b.csv", line)) == [(number, "circle") for number in (5_000, 5_001, 5_002)]


@given(st.lists(st.fixed_dictionaries({"key": st.text(max_size=4), "name": st.text(max_size=4)}), max_size=4))
def test_a_json_row_is_found_on_its_line_whatever_it_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    rows = [*rows, {"key": "{", "name": "}"}, {"key": "no name"}]
    path = tmp_path_factory.mktemp("rows") / "a.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]", encoding="utf-8")
    assert (len(path.read_text(encoding="utf-8").split("\n")) - 1, "identifier") in faults(path)


REGISTERS: Row = {
    "key": "G99",
    "name": "Bộ Mẫu",
    "kinds": ["ministry", "government"],
    "regime": "one-man",
    "policy": "transition",
    "signers": [
        {"full_name": "Phạm Thị Lan", "position": "Bộ trưởng", "rank": "head", "starts_at": "2026-04-08"},
        {"full_name": "Lê Thị Hoa", "position": "Chánh Văn phòng", "rank": "unit-head"},
    ],
    "delegations": [
        {
            "capacity": "mandate",
            "full_name": "Lê Thị Hoa",
            "basis": "07/GUQ-BM",
            "types": ["Công văn"],
            "ends_at": "2027-01-01",
        }
    ],
}


def test_an_agency_is_taken_with_what_it_is_and_who_signs_for_it(home: Path, tmp_path: Path) -> None:
    imported(home, write_json(tmp_path / "a.json", [REGISTERS]))
    agency = asked(home, queries.directory).agency("G99")
    assert agency.kinds == (AgencyKind.MINISTRY, AgencyKind.GOVERNMENT)
    assert (agency.regime, agency.policy) == (Regime.ONE_MAN, PolicyName.TRANSITION)
    since = Period(datetime(2026, 4, 7, 17, tzinfo=UTC), None)
    assert agency.signers == (
        Signer("Phạm Thị Lan", "Bộ trưởng", Rank.HEAD, since),
        Signer("Lê Thị Hoa", "Chánh Văn phòng", Rank.UNIT_HEAD),
    )
    until = Period(None, datetime(2026, 12, 31, 17, tzinfo=UTC))
    assert agency.delegations == (Delegation(Capacity.MANDATE, "Lê Thị Hoa", "07/GUQ-BM", ("Công văn",), until),)
    (listed,) = json.loads(done("directory", "list", "--json", "--config", home).out)["agencies"]
    assert [one["full_name"] for one in listed["signers"]] == ["Phạm Thị Lan", "Lê Thị Hoa"]
    assert listed["delegations"][0]["basis"] == "07/GUQ-BM"


def test_kinds_regime_and_policy_may_stand_in_a_table_too(tmp_path: Path) -> None:
    row = {"key": "H99", "name": "Tỉnh", "kinds": ["province-committee"], "regime": "collective", "policy": "strict"}
    (agency,) = read_agencies(write_csv(tmp_path / "a.csv", [row]))
    assert agency.kinds == (AgencyKind.PROVINCE_COMMITTEE,)
    assert (agency.regime, agency.policy) == (Regime.COLLECTIVE, PolicyName.STRICT)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"kinds": ["kingdom"]}, "word"),
        ({"regime": "anarchy"}, "word"),
        ({"policy": "lax"}, "word"),
        ({"signers": "Lan"}, "no_rows"),
        ({"signers": ["Lan"]}, "no_rows"),
        ({"signers": [{"full_name": "Lan", "position": "x", "rank": "king"}]}, "word"),
        ({"signers": [{"full_name": "Lan", "rank": "head"}]}, "name"),
        ({"signers": [{"full_name": "Lan", "position": "x", "rank": "head", "age": 1}]}, "unknown_field"),
        ({"delegations": [{"capacity": "order", "full_name": "Lan", "basis": "1/QĐ"}]}, "stranger"),
        ({"delegations": [{"capacity": "mandate", "full_name": "Lê Thị Hoa", "basis": "1"}]}, "unlimited_mandate"),
        ({"delegations": [{"capacity": "order", "full_name": "Lê Thị Hoa", "basis": ""}]}, "name"),
        ({"delegations": [{"capacity": ["order"], "full_name": "Lê Thị Hoa", "basis": "1"}]}, "word"),
    ],
)
def test_a_fault_in_a_register_is_told(tmp_path: Path, change: Row, fault: str) -> None:
    assert faults(write_json(tmp_path / "a.json", [{**REGISTERS, **change}])) == [(3, fault)]


def test_a_file_that_says_nothing_of_signers_leaves_them_as_they_are(tmp_path: Path) -> None:
    (enrolled,) = read_agencies(write_json(tmp_path / "a.json", [REGISTERS]))
    renamed: Row = {"key": "G99", "name": "Bộ đổi tên"}
    for file in (write_csv(tmp_path / "b.csv", [renamed]), write_json(tmp_path / "b.json", [renamed])):
        (agency,) = read_agencies(file, [enrolled])
        assert agency.name == "Bộ đổi tên"
        assert (agency.signers, agency.delegations) == (enrolled.signers, enrolled.delegations)
    emptied = write_json(tmp_path / "c.json", [{**renamed, "signers": [], "delegations": []}])
    (agency,) = read_agencies(emptied, [enrolled])
    assert agency.signers == agency.delegations == ()
