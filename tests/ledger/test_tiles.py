"""Paths, widths and bundles as C2SP tlog-tiles has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.tiles import Resource, bundle, levels, resources, unbundle
from gateway.ledger.tree import TILE_WIDTH, Tree, leaf_hash


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (Resource(0, 0), "tile/0/000"),
        (Resource(1, 1000), "tile/1/x001/000"),
        (Resource(2, 1234067), "tile/2/x001/x234/067"),
        (Resource(None, 999), "tile/entries/999"),
        (Resource(None, 1234067, 17), "tile/entries/x001/x234/067.p/17"),
        (Resource(63, 0, 1), "tile/63/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(resource: Resource, path: str) -> None:
    assert resource.path == path
    assert Resource.parse(path) == resource


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/8/0/000",
        "tile/data/000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/0/" + "x001/" * 6 + "000",
        "../tile/0/000",
    ],
)
def test_no_other_path_is_a_resource(path: str) -> None:
    assert Resource.parse(path) is None


@given(st.integers(0, 10**17), st.sampled_from([None, 0, 1, 7, 63]), st.integers(1, TILE_WIDTH))
def test_every_resource_has_one_path(number: int, level: int | None, width: int) -> None:
    one = Resource(level, number, width)
    assert Resource.parse(one.path) == one


def test_the_example_of_the_specification_has_its_tiles() -> None:
    """A tree of 70,000: 273 full and one of 112 at level 0, one full and one of 17 at level 1, one of 1 at level 2."""
    ones = list(resources(0, 70_000))
    assert sum(one.full for one in ones if one.level == 0) == 273
    partial = [(one.level, one.number, one.width) for one in ones if not one.full]
    assert partial == [(None, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert [one.path for one in resources(0, 256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_what_a_larger_tree_adds_is_what_a_smaller_one_lacked(a: int, b: int) -> None:
    old, new = sorted((a, b))
    before, after = set(resources(0, old)), set(resources(0, new))
    assert after - before == set(resources(old, new))
    assert all(one.within(new) for one in after)
    assert {one for one in before if one.full} <= after


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536])
def test_a_tree_grown_has_the_tiles_its_size_asks_for(size: int) -> None:
    grown = Tree().grow(leaf_hash(b"%d" % number) for number in range(size))
    wanted = {(one.level, one.number): one.width * 32 for one in resources(0, size) if one.level is not None}
    assert {place: len(data) for place, data in grown.tiles.items()} == wanted
    assert levels(size) == len({level for level, _ in wanted})


@given(st.lists(st.binary(max_size=300), max_size=TILE_WIDTH))
def test_a_bundle_reads_as_written(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries), len(entries)) == entries


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"\x00", 1), (b"\x00\x05abc", 1), (b"\x00\x01a\x00\x01b", 1), (b"\x00\x01a", 2), (b"\x00\x01ax", 1), (b"", 1)],
)
def test_a_bundle_of_another_length_is_refused(data: bytes, width: int) -> None:
    with pytest.raises(ProofError) as refusal:
        unbundle(data, width)
    assert refusal.value.fault is Fault.TILE_BUNDLE
