"""A ledger as its publication holds it: every resource of one size by path, to be read, damaged and served."""

from __future__ import annotations

from functools import cache

from gateway.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.ledger.note import NoteSigner
from gateway.ledger.tiles import Resource, bundle, resources
from gateway.ledger.tree import TILE_WIDTH, Tree, leaf_hash
from tests.ledger.ledgers import Shelf, note_signer


def entry(number: int) -> bytes:
    """A small entry; what it says does not matter here."""
    return f"truc-ledger-v1\nkind: peer\nnumber: {number}\n".encode()


@cache
def _published(size: int, seed: int) -> tuple[dict[str, bytes], Tree]:
    entries = [entry(number + seed) for number in range(size)]
    shelf = Shelf()
    tree = shelf.put(Tree().grow(map(leaf_hash, entries)))
    files = {}
    for one in resources(0, size):
        start = one.number * TILE_WIDTH
        if one.level is None:
            files[one.path] = bundle(entries[start : start + one.width])
        else:
            files[one.path] = shelf(one.level, one.number, one.width)
    return files, tree


def published(size: int, seed: int = 0) -> tuple[dict[str, bytes], Tree]:
    """Every tile and bundle of a ledger of `size` entries by path, and its tree; other entries for another seed."""
    files, tree = _published(size, seed)
    return dict(files), tree


def note_of(tree: Tree, signer: NoteSigner | None = None) -> bytes:
    """Its checkpoint."""
    signer = signer or note_signer()
    return sign_checkpoint(Checkpoint(signer.key.name, tree.size, tree.root), [signer])


def reader(files: dict[str, bytes]) -> object:
    """Reads resources from such a publication."""

    def read(resource: Resource) -> bytes | None:
        return files.get(resource.path)

    return read
