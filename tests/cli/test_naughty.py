"""Nasty strings on the command line: kept as written or refused in words, and printed on visible lines."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import done, gateway
from tests.vectors.naughty import FORBIDDEN, STRINGS

OF_EACH_KIND = (
    *("script", "formula", "sql", "shell", "path", "printf", "braces", "both", "c1", "right_to_left_override", "tab"),
    *("zero_width", "only_blank", "decomposed", "combining_flood", "emoji", "empty", "long_word", "quotes", "percent"),
)
ARGUMENTS = [STRINGS[name] for name in OF_EACH_KIND] + [
    FORBIDDEN[name] for name in ("escape", "bell", "lone_surrogate")
]


def test_names_of_people_and_systems(tmp_path: Path) -> None:
    home, file = tmp_path / "truc" / "gateway.toml", tmp_path / "a.csv"
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    file.write_text("key,name\nG99,Bộ Mẫu\n", encoding="utf-8")
    done("directory", "import", file, "--config", home)
    kept = {}
    for number, text in enumerate(ARGUMENTS):
        address = f"a{number}@example.vn"
        said = gateway("contact", "add", "G99", address, "--level", "clerk", "--name", text, "--config", home)
        assert said.code == 0 or said.err.strip(), repr(text)
        if said.code == 0:
            kept[address] = text
        for line in (said.out + said.err).splitlines():
            assert line.isprintable(), (text, line)
    listed = done("contact", "list", "--json", "--config", home).json
    assert {one["address"]: one["name"] for one in listed} == kept
    assert len(kept) > len(ARGUMENTS) / 2
    for line in done("contact", "list", "--config", home).out.split("\n"):
        assert line.isprintable(), line
