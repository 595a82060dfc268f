"""File names a sender wrote, made safe for any file system; never two files of one name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client.folder import NAME_BYTES_MAX, distinct, safe_name


@given(st.none() | st.text(max_size=400))
def test_any_name_becomes_one_file_of_the_folder(written: str | None) -> None:
    name = safe_name(written, 1)
    assert name and name not in {".", ".."} and not name.startswith(".")
    assert len(name.encode()) <= NAME_BYTES_MAX
    assert name.isprintable() and not set(name) & set('/\\:*?"<>|')
    assert not name.endswith((" ", "."))
    assert Path("/folder", name).parent == Path("/folder")
    assert safe_name(name, 1) == name, "what is safe stays"


@given(st.lists(st.text("aA.b ", min_size=1, max_size=4), max_size=8))
def test_names_are_kept_apart_also_where_case_does_not_count(names: list[str]) -> None:
    kept = distinct(names)
    assert len({one.casefold() for one in kept}) == len(names)


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("giấy mời.pdf", "giấy mời.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.doc", "y.doc"),
        ("a/b", "b"),
        ("x\x00.pdf", "x_.pdf"),
        ("fdp\u202ecod.exe", "fdp_cod.exe"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1 .pdf", "_com1 .pdf"),
        ("", "attachment-1"),
        (None, "attachment-1"),
        ("...", "attachment-1"),
        (".bashrc", "bashrc"),
        ("trail. ", "trail"),
        ("a\r\nb.pdf", "a__b.pdf"),
        ("x" * 10_000 + ".pdf", "x" * 196 + ".pdf"),
        ("a\u2028b", "a_b"),
        ("=cmd|'/c calc'!A1", "c calc'!A1"),
    ],
)
def test_tricks_met_in_names_come_to_nothing(written: str | None, safe: str) -> None:
    assert safe_name(written, 1) == safe


def test_equal_names_are_numbered() -> None:
    assert distinct(["a.pdf", "A.pdf", "a.pdf", "b"]) == ["a.pdf", "A (2).pdf", "a (3).pdf", "b"]
