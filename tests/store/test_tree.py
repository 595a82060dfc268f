"""The ledger's tree: tiles and checkpoint in one transaction, only ever growing."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, NoResultFound

from gateway.ledger.proof import Proof
from gateway.ledger.tree import EMPTY_ROOT, Tree, leaf_hash, verify_inclusion
from gateway.model.reasons import Reason
from gateway.store import PutTree, RecordRefusal, Store, queries
from tests.store.samples import NOW, run, write, write_all

SIZES = (1, 3, 255, 257, 600)


def _grow(store: Store, tree: Tree, size: int) -> Tree:
    """Append entries up to `size`, and keep the tree over them."""
    new = [b"entry %d" % index for index in range(tree.size, size)]
    write_all(store, *(RecordRefusal("peer", None, Reason.XML_DOCTYPE, NOW, entry) for entry in new))
    entries = run(store.read(queries.entries, tree.size, len(new)))
    assert entries == tuple(new)
    grown = tree.grow(map(leaf_hash, entries))
    assert write(store, PutTree(tree.size, size, grown.tiles, b"note %d" % size, NOW))
    return grown.tree


def test_a_tree_kept_is_the_tree_opened_again(store: Store) -> None:
    tree = run(store.read(queries.tree))
    assert (tree.size, tree.root) == (0, EMPTY_ROOT)
    assert run(store.read(queries.checkpoint)) is None
    for size in SIZES:
        tree = _grow(store, tree, size)
        assert run(store.read(queries.tree)) == tree
        assert run(store.read(queries.ledger_head)) == queries.LedgerHead(size, size)
        assert run(store.read(queries.checkpoint)) == queries.SignedCheckpoint(size, b"note %d" % size, NOW)


def test_entries_are_proven_under_any_checkpoint_that_holds_them(store: Store) -> None:
    tree, roots = run(store.read(queries.tree)), {}
    for size in SIZES:
        tree = _grow(store, tree, size)
        roots[size] = tree.root
    for size in SIZES[1:]:
        proofs = run(store.read(queries.proven_entries, (0, size // 2, size - 1), size))
        assert [proof.index for proof in proofs] == [0, size // 2, size - 1]
        for proof in proofs:
            assert isinstance(proof, Proof)
            assert (proof.entry, proof.checkpoint) == (b"entry %d" % proof.index, b"note %d" % size)
            verify_inclusion(leaf_hash(proof.entry), proof.index, size, proof.steps, roots[size])
    with pytest.raises(NoResultFound):
        run(store.read(queries.proven_entries, (0,), 4))


def test_a_tile_is_cut_to_the_width_asked_for_and_never_made_up(store: Store) -> None:
    _grow(store, Tree(), 257)
    whole = run(store.read(queries.tile, 0, 0, 256))
    assert run(store.read(queries.tile, 0, 0, 7)) == whole[: 7 * 32]
    assert run(store.read(queries.tile, 0, 1, 1)) == leaf_hash(b"entry 256")
    for level, number, width in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 1)):
        with pytest.raises(KeyError):
            run(store.read(queries.tile, level, number, width))


def test_of_two_sequencers_the_slower_keeps_nothing(store: Store) -> None:
    tree = _grow(store, Tree(), 3)
    late = Tree().grow([leaf_hash(b"entry 0")])
    assert write(store, PutTree(0, 1, late.tiles, b"late", NOW)) is False
    assert run(store.read(queries.tree)) == tree


def test_a_checkpoint_over_entries_that_do_not_exist_is_refused(store: Store) -> None:
    dream = Tree().grow([leaf_hash(b"dream")])
    with pytest.raises((DBAPIError, sqlite3.IntegrityError), match="no more than the ledger holds"):
        write(store, PutTree(0, 1, dream.tiles, b"note", NOW))
    assert run(store.read(queries.checkpoint)) is None


def test_another_tree_in_the_place_of_the_signed_one_is_refused(store: Store) -> None:
    _grow(store, Tree(), 3)
    other = Tree().grow([b"x" * 32] * 3)
    write(store, RecordRefusal("peer", None, Reason.XML_DOCTYPE, NOW, b"entry 3"))
    with pytest.raises((DBAPIError, sqlite3.IntegrityError), match="a tile only grows"):
        write(store, PutTree(3, 4, other.tiles, b"note", NOW))
