"""The script an outsider is given agrees with the ledger's own proofs, for every entry of trees of every shape."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.check_proofs import led_to, main
from tests.demo.played import Played


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _tree(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return _node(_tree(leaves[:half]), _tree(leaves[half:]))


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*_path(index, leaves[:half]), _tree(leaves[half:])]
    return [*_path(index - half, leaves[half:]), _tree(leaves[:half])]


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33])
def test_every_entry_leads_to_the_root(size: int) -> None:
    leaves = [b"entry %d" % number for number in range(size)]
    for index, leaf in enumerate(leaves):
        assert led_to(leaf, index, size, _path(index, leaves)) == _tree(leaves)


@given(st.integers(2, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))), st.data())
def test_a_changed_step_leads_elsewhere(place: tuple[int, int], data: st.DataObject) -> None:
    size, index = place
    leaves = [b"entry %d" % number for number in range(size)]
    steps = _path(index, leaves)
    wrong = data.draw(st.integers(0, len(steps) - 1))
    for changed in (
        [*steps[:wrong], sha256(steps[wrong]).digest(), *steps[wrong + 1 :]],
        steps[:wrong] + steps[wrong + 1 :],
        [*steps, steps[wrong]],
    ):
        assert led_to(leaves[index], index, size, changed) != _tree(leaves)
    assert led_to(b"another", index, size, steps) != _tree(leaves)


def test_it_says_of_each_proof_whether_it_holds(
    played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = sorted(played.out.glob("proofs/*.tlog-proof"))[0]
    bad = tmp_path / "bad.tlog-proof"
    bad.write_text(good.read_text(encoding="utf-8").replace("extra ", "extra AAAA"), encoding="utf-8")
    checkpoint = str(played.out / "checkpoint")
    assert main(checkpoint, str(good)) == 0
    assert main(checkpoint, str(bad), str(good)) == 1
    assert capsys.readouterr().out.splitlines() == [f"{good}: OK", f"{bad}: FAILED", f"{good}: OK"]
