"""The tree is RFC 6962's, its tiles only ever grow, and its proofs prove."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.tree import (
    EMPTY_ROOT,
    Tree,
    consistency,
    inclusion,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.ledger.ledgers import Shelf, flipped, plain_root

# The inputs every Certificate Transparency implementation is tested with, and the roots of their first n.
REFERENCE_ENTRIES = [
    bytes.fromhex(written)
    for written in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
REFERENCE_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZE = 700
"""Past two full tiles, with ragged ends at both levels."""


@cache
def grown() -> tuple[Shelf, tuple[bytes, ...], tuple[bytes, ...]]:
    """A ledger grown leaf by leaf: its tiles, its leaf hashes, and its root at every size."""
    shelf, tree = Shelf(), Tree()
    leaves = tuple(leaf_hash(str(number).encode()) for number in range(SIZE))
    roots = [tree.root]
    for leaf in leaves:
        tree = shelf.put(tree.grow([leaf]))
        roots.append(tree.root)
    return shelf, leaves, tuple(roots)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference_trees(size: int) -> None:
    assert Tree().grow(map(leaf_hash, REFERENCE_ENTRIES[:size])).tree.root.hex() == REFERENCE_ROOTS[size - 1]


def test_the_empty_tree_has_the_root_the_rfc_gives_it() -> None:
    assert Tree().root == root(0, Shelf()) == EMPTY_ROOT == plain_root([])


def test_every_root_is_the_one_the_definition_gives() -> None:
    shelf, _, roots = grown()
    entries = [str(number).encode() for number in range(SIZE)]
    for size in (*range(70), 127, 128, 255, 256, 257, 511, 512, 513, 699, 700):
        assert roots[size] == plain_root(entries[:size]) == root(size, shelf) == Tree.open(size, shelf).root


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_batches_a_tree_grew_in_leave_no_trace(batches: list[int]) -> None:
    """Grown in any batches, and opened anew from its tiles before each, the tree and its tiles are the same."""
    _, leaves, roots = grown()
    shelf, tree = Shelf(), Tree()
    for batch in batches:
        tree = shelf.put(Tree.open(tree.size, shelf).grow(leaves[tree.size : tree.size + batch]))
    whole = Tree().grow(leaves[: tree.size])
    assert tree == whole.tree
    assert tree.root == roots[tree.size]
    assert shelf.tiles == whole.tiles


def test_tiles_come_only_where_they_are_new_or_wider() -> None:
    _, leaves, _ = grown()
    tree = Tree().grow(leaves[:256]).tree
    assert tree.grow([]).tiles == {}
    assert set(tree.grow(leaves[256:258]).tiles) == {(0, 1)}
    assert set(tree.grow(leaves[256:512]).tiles) == {(0, 1), (1, 0)}


def test_a_partial_tile_stays_a_prefix_through_three_levels() -> None:
    shelf, tree = Shelf(), Tree()
    for batch in (65_000, 500, 36, 1, 200):  # past 65,536: a third level
        tree = shelf.put(tree.grow(leaf_hash(str(tree.size + number).encode()) for number in range(batch)))
    assert {level for level, _ in shelf.tiles} == {0, 1, 2}
    assert Tree.open(tree.size, shelf) == tree
    assert root(tree.size, shelf) == tree.root


def test_every_leaf_of_every_tree_is_proven() -> None:
    shelf, leaves, roots = grown()
    for size in (*range(1, 40), 255, 256, 257, 300, 512, 513, 700):
        for index in range(size):
            verify_inclusion(leaves[index], index, size, inclusion(index, size, shelf), roots[size])


def test_every_tree_continues_every_earlier_one() -> None:
    shelf, _, roots = grown()
    for new in (*range(40), 255, 256, 257, 512, 513, 700):
        for old in range(new + 1):
            verify_consistency(old, roots[old], new, roots[new], consistency(old, new, shelf))


@given(st.data())
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    shelf, leaves, roots = grown()
    size = data.draw(st.integers(1, SIZE))
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion(index, size, shelf))
    place = data.draw(st.integers(-2, len(proof) - 1))
    leaf, top = leaves[index], roots[size]
    bit = data.draw(st.integers(0, 255))
    if place == -1:
        leaf = flipped(leaf, bit)
    elif place == -2:
        top = flipped(top, bit)
    else:
        proof[place] = flipped(proof[place], bit)
    with pytest.raises(ProofError) as refusal:
        verify_inclusion(leaf, index, size, proof, top)
    assert refusal.value.fault is Fault.PROOF_INCLUSION


@given(st.data())
def test_a_shortened_lengthened_or_misplaced_inclusion_proof_is_refused(data: st.DataObject) -> None:
    shelf, leaves, roots = grown()
    size = data.draw(st.integers(2, SIZE))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    proof = inclusion(index, size, shelf)
    for wrong_index, wrong in ((index, proof[:-1]), (index, proof[1:]), (index, (*proof, roots[size])), (other, proof)):
        with pytest.raises(ProofError) as refusal:
            verify_inclusion(leaves[index], wrong_index, size, wrong, roots[size])
        assert refusal.value.fault is Fault.PROOF_INCLUSION


@given(st.data())
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    shelf, _, roots = grown()
    new = data.draw(st.integers(2, SIZE))
    old = data.draw(st.integers(1, new - 1))
    proof = consistency(old, new, shelf)
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    broken = (*proof[:place], flipped(proof[place], bit), *proof[place + 1 :])
    cases = [
        (roots[old], roots[new], broken),
        (roots[old], roots[new], proof[:-1]),
        (roots[old], roots[new], (*proof, roots[old])),
        (roots[old], roots[new], ()),
        (flipped(roots[old], bit), roots[new], proof),
        (roots[old], flipped(roots[new], bit), proof),
    ]
    for old_root, new_root, steps in cases:
        with pytest.raises(ProofError) as refusal:
            verify_consistency(old, old_root, new, new_root, steps)
        assert refusal.value.fault is Fault.PROOF_CONSISTENCY


def test_trees_of_equal_size_are_consistent_only_when_equal() -> None:
    _, _, roots = grown()
    verify_consistency(5, roots[5], 5, roots[5], ())
    verify_consistency(0, EMPTY_ROOT, 5, roots[5], ())
    for old, old_root, proof in (
        (5, roots[4], ()),
        (5, roots[5], (roots[5],)),
        (0, roots[1], ()),
        (0, EMPTY_ROOT, (roots[5],)),
    ):
        with pytest.raises(ProofError) as refusal:
            verify_consistency(old, old_root, 5, roots[5], proof)
        assert refusal.value.fault is Fault.PROOF_CONSISTENCY


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    shelf, leaves, roots = grown()
    for ask in (lambda: inclusion(index, size, shelf), lambda: verify_inclusion(leaves[0], index, size, (), roots[5])):
        with pytest.raises(ProofError) as refusal:
            ask()
        assert refusal.value.fault is Fault.PROOF_RANGE


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_tree_never_shrinks(old: int, new: int) -> None:
    shelf, _, roots = grown()
    for ask in (lambda: consistency(old, new, shelf), lambda: verify_consistency(old, roots[1], new, roots[5], ())):
        with pytest.raises(ProofError) as refusal:
            ask()
        assert refusal.value.fault is Fault.PROOF_RANGE


def test_a_tile_of_the_wrong_length_is_named() -> None:
    shelf, _, _ = grown()
    with pytest.raises(ProofError) as refusal:
        root(SIZE, lambda level, number, width: shelf(level, number, width)[:-1])
    assert refusal.value.fault is Fault.TILE_DAMAGED
    assert "1/0" in refusal.value.detail("vi")


def test_a_proof_reads_a_handful_of_tiles_however_large_the_tree() -> None:
    """Three levels, at most a tile on the path and one at the rim of each."""
    shelf, tree = Shelf(), Tree()
    tree = shelf.put(tree.grow(leaf_hash(number.to_bytes(4)) for number in range(70_000)))
    reads: list[tuple[int, int]] = []

    def read(level: int, number: int, width: int) -> bytes:
        reads.append((level, number))
        return shelf(level, number, width)

    proof = inclusion(31_337, 70_000, read)
    verify_inclusion(leaf_hash((31_337).to_bytes(4)), 31_337, 70_000, proof, tree.root)
    assert len(reads) == len(set(reads)) <= 6


def test_a_second_proof_out_of_the_same_tiles_hashes_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, _, _ = grown()
    hashed: list[bytes] = []

    def counting(data: bytes) -> object:
        hashed.append(data)
        return sha256(data)

    inclusion(4, SIZE, shelf)
    monkeypatch.setattr("gateway.ledger.tree.sha256", counting)
    inclusion(200, SIZE, shelf)
    assert len(hashed) <= SIZE.bit_length()


def test_what_is_remembered_of_a_tile_is_never_given_for_a_changed_one() -> None:
    shelf, leaves, roots = grown()
    inclusion(300, SIZE, shelf)

    def vandal(level: int, number: int, width: int) -> bytes:
        data = shelf(level, number, width)
        return flipped(data, 0) if (level, number) == (0, 1) else data

    with pytest.raises(ProofError) as refusal:
        verify_inclusion(leaves[300], 300, SIZE, inclusion(300, SIZE, vandal), roots[SIZE])
    assert refusal.value.fault is Fault.PROOF_INCLUSION
