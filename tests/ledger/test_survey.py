"""The tree made anew from what is published: nothing changed goes unnoticed, and what is named is what was changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger.survey import Flaw, survey
from gateway.ledger.tiles import Resource, bundle
from gateway.ledger.tree import EMPTY_ROOT, TILE_WIDTH, leaf_hash
from tests.ledger.ledgers import flipped
from tests.ledger.publications import entry, published, reader

SIZES = [1, 2, 255, 256, 257, 700, 66_000]


def flaws(files: dict[str, bytes], size: int, root: bytes) -> list[Flaw]:
    told: list[int] = []
    found = list(survey(size, root, reader(files), told.append))  # type: ignore[arg-type]
    assert sum(told) == size
    return found


def codes(found: list[Flaw]) -> set[tuple[str, str]]:
    return {(one.code, dict(one.values).get("path", "")) for one in found}


@pytest.mark.parametrize("size", [0, *SIZES])
def test_a_sound_ledger_has_no_flaw(size: int) -> None:
    files, tree = published(size)
    assert flaws(files, size, tree.root) == []


def test_an_empty_ledger_with_another_root_is_flawed() -> None:
    assert [one.code for one in flaws({}, 0, bytes(32))] == ["root"]
    assert flaws({}, 0, EMPTY_ROOT) == []


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([1, 2, 255, 256, 257, 700]), st.data())
def test_a_flipped_bit_anywhere_is_named_by_its_file(size: int, data: st.DataObject) -> None:
    files, tree = published(size)
    path = data.draw(st.sampled_from(sorted(files)))
    files[path] = flipped(files[path], data.draw(st.integers(0, len(files[path]) * 8 - 1)))
    found = flaws(files, size, tree.root)
    assert codes(found) == {(one.code, path) for one in found} and len({one.code for one in found}) == 1
    assert found[0].code in ({"entry", "bundle"} if "entries" in path else {"tile"})


@pytest.mark.parametrize("path", ["tile/0/100", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/0/257.p/208"])
def test_a_changed_hash_of_a_large_ledger_is_named_by_tile_and_line(path: str) -> None:
    files, tree = published(66_000)
    assert path in files, sorted(files)
    last = len(files[path]) // 32 - 1
    files[path] = flipped(files[path], last * 256 + 3)
    assert [(one.code, dict(one.values)) for one in flaws(files, 66_000, tree.root)] == [
        ("tile", {"path": path, "line": str(last)})
    ]


def test_a_changed_entry_is_named_by_its_index() -> None:
    files, tree = published(700)
    changed = [entry(number) for number in range(256, 512)]
    changed[77] = b"other"
    files["tile/entries/001"] = bundle(changed)
    (one,) = flaws(files, 700, tree.root)
    assert (one.code, dict(one.values)) == ("entry", {"path": "tile/entries/001", "index": "333", "line": "77"})
    assert "333" in one.text("vi") and "333" in one.text("en")


def test_an_entry_changed_together_with_its_tile_is_found_by_the_tile_above() -> None:
    files, tree = published(700)
    changed = [entry(number) for number in range(256, 512)]
    changed[77] = b"other"
    files["tile/entries/001"] = bundle(changed)
    files["tile/0/001"] = b"".join(map(leaf_hash, changed))
    assert codes(flaws(files, 700, tree.root)) == {("subtree", "tile/0/001")}


def test_a_whole_ledger_that_fits_together_is_not_the_one_that_was_signed() -> None:
    files, _ = published(700, seed=1)
    assert [one.code for one in flaws(files, 700, published(700)[1].root)] == ["root"]


@pytest.mark.parametrize("size", [700, 66_000])
def test_what_is_missing_or_cut_is_named(size: int) -> None:
    files, tree = published(size)
    for path in ("tile/entries/001", "tile/0/001", Resource(None, size // TILE_WIDTH, size % TILE_WIDTH).path):
        whole = files.pop(path)
        assert codes(flaws(files, size, tree.root)) == {("missing", path)}
        files[path] = whole[:-1]
        assert codes(flaws(files, size, tree.root)) <= {("missing", path), ("bundle", path)}
        files[path] = whole
    assert flaws(files, size, tree.root) == []


def test_a_ledger_cut_short_lacks_what_its_checkpoint_speaks_of() -> None:
    (files, _), (_, tree) = published(300), published(700)
    assert ("missing", "tile/entries/001") in codes(flaws(files, 700, tree.root))
