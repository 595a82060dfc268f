"""Secrets derived from one key file: each purpose, holder and serial has its own, and the file is guarded."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust import KeyFileError
from gateway.trust.derived import DerivingKey, load_deriving_key

KEY = DerivingKey(bytes(range(32)))
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(*[st.tuples(NAMES, NAMES, st.integers(0, 9))] * 2)
def test_two_secrets_are_equal_only_for_the_same_words(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    assert (KEY.secret(*one) == KEY.secret(*other)) == (one == other)


def test_a_secret_depends_on_the_key_and_the_key_is_not_shown() -> None:
    assert KEY.secret("axis", "a", 1) != DerivingKey(bytes(32)).secret("axis", "a", 1)
    assert len(KEY.secret("axis", "a", 1)) == 32
    assert "0001" not in repr(KEY)


def test_a_key_file_is_read_where_it_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "derive.key"
    path.write_text(KEY.key.hex() + "\n")
    path.chmod(0o600)
    assert load_deriving_key(path) == KEY
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="0640"):
        load_deriving_key(path)


@pytest.mark.parametrize("content", ["", "00", "zz" * 32, "00" * 33, "é" * 64])
def test_another_content_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "derive.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"derive\.key"):
        load_deriving_key(path)
