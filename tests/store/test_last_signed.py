"""The file beside the ledger's key: what was last signed outlives everything but itself."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.ledger import Checkpoint
from gateway.store import StoreNotice
from gateway.store.last_signed import LastSigned


def at(size: int) -> Checkpoint:
    return Checkpoint("truc.test/ledger", size, bytes([size]) * 32)


def test_what_is_remembered_is_read_by_the_next_process(tmp_path: Path) -> None:
    file = LastSigned(tmp_path / "ledger.signed")
    assert file.read() is None
    assert file.replace(None, at(1)) and file.replace(at(1), at(2))
    assert LastSigned(file.path).read() == at(2)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["ledger.signed"]


def test_whoever_knows_less_than_the_file_does_not_write_it(tmp_path: Path) -> None:
    file = LastSigned(tmp_path / "ledger.signed")
    assert file.replace(None, at(1))
    assert not file.replace(None, at(2))
    assert not file.replace(at(9), at(2))
    assert file.read() == at(1)


def test_of_many_at_once_one_writes(tmp_path: Path) -> None:
    file = LastSigned(tmp_path / "ledger.signed")
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda size: LastSigned(file.path).replace(None, at(size)), range(1, 30)))
    assert sum(won) == 1
    assert file.read() == at(won.index(True) + 1)


@pytest.mark.parametrize("content", [b"", b"truc.test/ledger\n", b"\xff", at(3).text()[:-2]])
def test_a_damaged_file_is_told_and_never_taken_for_none(tmp_path: Path, content: bytes) -> None:
    file = LastSigned(tmp_path / "ledger.signed")
    file.path.write_bytes(content)
    for act in (file.read, lambda: file.replace(None, at(1))):
        with pytest.raises(StoreNotice) as told:
            act()
        assert told.value.key == "ledger.mark_damaged"
    assert file.path.read_bytes() == content
