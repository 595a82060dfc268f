"""A short run of the fuzz target in every suite; the long ones are run by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import fuzz_edxml


def test_mutated_packets_are_read_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes = fuzz_edxml.run(seconds=2.0, seed=20261123)
    assert outcomes["read"] > 0
    assert len(outcomes) > 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"\0", b"<", b"\x01<edXML/>"])
def test_the_target_takes_any_bytes(data: bytes) -> None:
    assert fuzz_edxml.target(data)
