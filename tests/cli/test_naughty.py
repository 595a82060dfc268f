"""Nasty strings on the command line: kept as written or refused in words, and printed on visible lines."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import Said, done, gateway
from tests.vectors.naughty import FORBIDDEN, STRINGS

OF_EACH_KIND = (
    *("script", "formula", "sql", "shell", "path", "printf", "braces", "both", "c1", "right_to_left_override", "tab"),
    *("zero_width", "only_blank", "decomposed", "combining_flood", "emoji", "empty", "long_word", "quotes", "percent"),
)
ARGUMENTS = [STRINGS[name] for name in OF_EACH_KIND] + [
    FORBIDDEN[name] for name in ("escape", "bell", "lone_surrogate")
]


def test_names_of_who_is_written_to(tmp_path: Path) -> None:
    home, file = tmp_path / "truc" / "gateway.toml", tmp_path / "a.csv"
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file.write_text("key,name\nG99,Bộ Mẫu\n", encoding="utf-8")
    done("directory", "import", file, "--config", home)
    kept = {}
    for number, text in enumerate(ARGUMENTS):
        address = f"a{number}@example.vn"
        facts = ("--level", "clerk", "--name", text)
        if told(gateway("contact", "add", "G99", address, *facts, "--config", home), text).code == 0:
            kept[address] = text
    listed = done("contact", "list", "--json", "--config", home).json
    assert {one["address"]: one["name"] for one in listed} == kept
    assert len(kept) > len(ARGUMENTS) / 2
    told(done("contact", "list", "--config", home), "list")


def test_names_and_reasons_of_systems_and_people_who_are_let_in(tmp_path: Path) -> None:
    home, file = tmp_path / "truc" / "gateway.toml", tmp_path / "a.csv"
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file.write_text("key,name\nG99,Bộ Mẫu\n", encoding="utf-8")
    done("directory", "import", file, "--config", home)
    systems, people = {}, {}
    for number, text in enumerate(ARGUMENTS):
        facts = ("--name", text, "--speaks-for", "G99", "--config", home)
        if told(gateway("peer", "add", f"s{number}", *facts), text).code == 0:
            systems[f"s{number}"] = text
    for number, text in enumerate(ARGUMENTS[::3]):  # a password takes its time, on purpose
        facts = ("--name", text, "--role", "auditor", "--reason", f"Quyết định {text}", "--config", home)
        if told(gateway("person", "add", f"p{number}", *facts), text).code == 0:
            people[f"p{number}"] = text
    listed = done("peer", "list", "--json", "--config", home).json
    assert {one["key"]: one["name"] for one in listed} == systems
    entered = done("person", "list", "--json", "--config", home).json
    assert {one["key"]: one["name"] for one in entered} == people
    for verb in ("peer", "person"):
        told(done(verb, "list", "--config", home), verb)
    assert len(systems) > len(ARGUMENTS) / 2
    assert people


def told(said: Said, text: str) -> Said:
    """It did what was asked or said why not, in lines that show what they are."""
    assert said.code == 0 or said.err.strip(), repr(text)
    for line in (said.out + said.err).split("\n"):
        assert line.isprintable(), (text, line)
    return said
