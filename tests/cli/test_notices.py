"""The verbs of the working calendar, contacts and webhooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ledger import EntryKind, decode
from gateway.model.webhook import read_secret
from gateway.store import queries
from tests.cli.command import Said, asked, done, gateway


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A founded gateway that knows an agency and its system; its configuration."""
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file, home = tmp_path / "a.csv", tmp_path / "truc" / "gateway.toml"
    file.write_text("key,name,ids\nG99,Bộ Mẫu,000.00.00.G99\n", encoding="utf-8")
    done("directory", "import", file, "--config", home)
    done("peer", "add", "qlvb", "--name", "QLVB Bộ Mẫu", "--speaks-for", "G99", "--config", home)
    return home


def test_a_year_of_the_calendar_is_shown_with_its_notices(tmp_path: Path) -> None:
    said = done("calendar", 2026, "--config", tmp_path / "none.toml")
    assert "2026-08-22  thứ Bảy   làm bù" in said.out
    assert "9441/TB-BNV" in said.err
    facts = done("calendar", 2027, "--json", "--config", tmp_path / "none.toml").json
    assert facts["source"] == ""
    assert {"day": "2027-02-06", "worked": False, "what": "Tết Âm lịch, mùng 1"} in facts["days"]
    assert "tính toán" in done("calendar", 2027, "--config", tmp_path / "none.toml").err


def test_a_year_the_calendar_does_not_have_is_said(tmp_path: Path) -> None:
    said = gateway("calendar", 2040, "--config", tmp_path / "none.toml", lang="en")
    assert said.code != 0
    assert "2024–2030" in said.err
    assert "calendar.file" in said.err


def with_calendar(home: Path, table: str) -> Said:
    (home.parent / "lich.toml").write_text(table, encoding="utf-8")
    settings = home.read_text(encoding="utf-8").replace('# file = ""', 'file = "lich.toml"')
    home.write_text(settings, encoding="utf-8")
    return gateway("calendar", 2026, "--config", home, lang="en")


def test_the_operators_own_calendar_takes_the_place_of_ours(home: Path) -> None:
    table = 'hours = ["08:00-12:00"]\n[2026]\nsource = ""\n[2026.days_off]\n"2026-06-01" = "Nghỉ"\n[2026.days_worked]\n'
    said = with_calendar(home, table)
    assert said.out.count("2026-") == 1
    assert "bring the table up to date" in said.err


def test_a_calendar_that_is_none_is_told_with_its_place(home: Path) -> None:
    said = with_calendar(home, 'hours = ["08:00-12:00"]\n[2026]\n')
    assert said.code != 0
    assert "wrong at 2026" in said.err


def test_contacts_are_added_listed_and_removed(home: Path) -> None:
    one = ["G99", "vanthu@bo.example.vn"]
    add = ["contact", "add", *one, "--level", "clerk", "--name", "Nguyễn Văn Thư", "--config", home]
    done(*add)
    assert "đã là người nhận thư" in gateway(*add).err
    (listed,) = done("contact", "list", "000.00.00.G99", "--json", "--config", home).json
    assert (listed["agency"], listed["address"], listed["level"]) == ("G99", one[1], "clerk")
    assert one[1] in done("contact", "list", "--config", home).out
    done("contact", "remove", *one, "--config", home)
    assert done("contact", "list", "--json", "--config", home).json == []
    assert gateway("contact", "remove", *one, "--config", home).code != 0
    assert done("contact", "mails", "--json", "--config", home).json == []
    assert done("contact", "mails", "--config", home).code == 0


@pytest.mark.parametrize(
    ("agency", "address", "name"),
    [
        ("G98", "a@example.vn", "A"),
        ("G99", "văn@example.vn", "A"),
        ("G99", "a b@example.vn", "A"),
        ("G99", "a@example.vn\r\nBcc: b@example.vn", "A"),
        ("G99", "a@example.vn", " "),
        ("G99", "a@example.vn", "A\r\nBcc: b@example.vn"),
    ],
)
def test_a_contact_nobody_could_write_to_is_refused(home: Path, agency: str, address: str, name: str) -> None:
    said = gateway("contact", "add", agency, address, "--level", "leader", "--name", name, "--config", home)
    assert said.code != 0
    assert done("contact", "list", "--json", "--config", home).json == []


def test_a_webhook_is_added_shown_rotated_replayed_and_removed(home: Path) -> None:
    added = done("webhook", "add", "qlvb", "https://qlvb.example.vn/notices", "--config", home)
    secret = added.out.strip()
    assert read_secret(secret)
    (row,) = done("webhook", "list", "--json", "--config", home).json
    assert (row["peer"], row["waiting"], row["dead"]) == ("qlvb", 0, 0)
    assert row["id"] in done("webhook", "list", "--config", home).out
    assert done("webhook", "show", row["id"], "--secret", "--config", home).out.strip() == secret
    assert secret.removeprefix("whsec_").encode() not in (home.parent / "register.db").read_bytes()
    assert done("webhook", "show", row["id"], "--json", "--config", home).json == []
    assert done("webhook", "show", row["id"], "--config", home).code == 0
    assert "0" in done("webhook", "replay", row["id"], "--event", 7, "--config", home).out
    rotated = done("webhook", "rotate", row["id"], "--config", home).out.strip()
    assert read_secret(rotated) != read_secret(secret)
    done("webhook", "remove", row["id"], "--config", home)
    for verb in ("remove", "rotate"):
        assert gateway("webhook", verb, row["id"], "--config", home).code != 0


def test_what_the_operator_changes_is_in_the_ledger_and_names_no_person(home: Path) -> None:
    one = ["G99", "vanthu@bo.example.vn"]
    done("contact", "add", *one, "--level", "clerk", "--name", "Lan", "--reason", "nhân sự mới", "--config", home)
    done("contact", "remove", *one, "--config", home)
    assert gateway("contact", "remove", *one, "--config", home).code != 0
    done("webhook", "add", "qlvb", "https://qlvb.example.vn/notices", "--config", home)
    (row,) = done("webhook", "list", "--json", "--config", home).json
    done("webhook", "replay", row["id"], "--config", home)
    done("webhook", "rotate", row["id"], "--config", home)
    done("webhook", "remove", row["id"], "--config", home)
    acts = [entry for entry in map(decode, asked(home, queries.entries, 0, 100)) if entry.kind is EntryKind.OPERATOR]
    assert [(entry["action"], entry["subject"]) for entry in acts] == [
        ("contact.added", "G99"),
        ("contact.removed", "G99"),
        ("webhook.added", row["id"]),
        ("webhook.rotated", row["id"]),
        ("webhook.removed", row["id"]),
    ], "what changed nothing, as a replay of nothing, is no act"
    assert all(word not in entry.encode() for entry in acts for word in (b"vanthu", b"Lan", "nhân sự".encode()))


@pytest.mark.parametrize("url", ["http://qlvb.example.vn/", "https://10.1.2.3/", "qlvb"])
def test_an_address_notices_must_not_go_to_is_refused(home: Path, url: str) -> None:
    said = gateway("webhook", "add", "qlvb", url, "--config", home, lang="en")
    assert said.code != 0
    assert "webhooks.private_targets" in said.err


def test_a_webhook_of_nobody_is_refused(home: Path) -> None:
    assert gateway("webhook", "add", "ai-do", "https://qlvb.example.vn/", "--config", home).code != 0
    for verb in ("show", "replay"):
        assert gateway("webhook", verb, "0" * 26, "--config", home).code != 0
