"""Ledgers for tests: a reference tree written straight from the RFC's definition, tiles in a dict, keys from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.ledger.note import NoteKey, NoteSigner
from gateway.ledger.proof import Proof
from gateway.ledger.tree import Grown, Tree, inclusion, leaf_hash


def plain_root(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + plain_root(entries[:k]) + plain_root(entries[k:])).digest()


@dataclass
class Shelf:
    """Keeps tiles, and is stricter than a real store: a tile may only be continued, never changed."""

    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def put(self, grown: Grown) -> Tree:
        for place, data in grown.tiles.items():
            before = self.tiles.get(place, b"")
            assert data.startswith(before) and len(data) > len(before), f"tile {place} was not continued"
            assert len(data) % 32 == 0 and len(data) <= 256 * 32
            self.tiles[place] = data
        return grown.tree

    def __call__(self, level: int, number: int, width: int) -> bytes:
        assert 1 <= width <= 256
        return self.tiles[level, number][: width * 32]


def note_signer(name: str = "truc.example/ledger", seed: bytes = bytes(32)) -> NoteSigner:
    """A ledger's key, always the same for one seed."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return NoteSigner(NoteKey(name, key.public_key().public_bytes_raw()), key.sign)


def ledger_of(entries: list[bytes], signer: NoteSigner) -> tuple[Shelf, Tree, bytes]:
    """A ledger of these entries: its tiles, its tree, and its signed checkpoint."""
    shelf = Shelf()
    tree = shelf.put(Tree().grow(map(leaf_hash, entries)))
    return shelf, tree, sign_checkpoint(Checkpoint(signer.key.name, tree.size, tree.root), [signer])


def proof_of(entries: list[bytes], index: int, signer: NoteSigner) -> Proof:
    """The proof of one of them."""
    shelf, tree, checkpoint = ledger_of(entries, signer)
    return Proof(entries[index], index, inclusion(index, tree.size, shelf), checkpoint)


def flipped(data: bytes, bit: int) -> bytes:
    """`data` with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
