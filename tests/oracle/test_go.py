"""Go's own transparency log library takes our notes, proofs and tiles as they are."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.ledger.tree import Tree, consistency, inclusion, leaf_hash
from tests.ledger.ledgers import Shelf, flipped, note_signer

pytestmark = pytest.mark.oracle

SIZES = 300
LOG = note_signer()
ENTRIES = [f"truc-ledger-v1\nnumber: {number}\n".encode() for number in range(SIZES)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]

Question = dict[str, object]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program of this folder, built."""
    go = shutil.which("go", path=f"{os.environ['PATH']}:/usr/local/go/bin")
    if go is None:
        pytest.skip("go is not installed on this machine")
    source, program = Path(__file__).with_name("go"), tmp_path_factory.mktemp("go") / "ledgercheck"
    fetched = subprocess.run([go, "mod", "download"], cwd=source, capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"the Go module proxy does not answer: {fetched.stderr}")
    subprocess.run([go, "build", "-buildvcs=false", "-mod=readonly", "-o", program, "."], cwd=source, check=True)
    return program


def ask(program: Path, questions: list[Question]) -> list[str]:
    """An answer to each question: "ok", or what Go finds wrong."""
    lines = "".join(json.dumps(one, default=lambda data: base64.b64encode(data).decode()) + "\n" for one in questions)
    answer = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    answers = answer.stdout.splitlines()
    assert len(answers) == len(questions)
    return answers


@cache
def grown() -> tuple[Shelf, tuple[Tree, ...]]:
    """A ledger grown entry by entry, and its tree at every size."""
    shelf, trees = Shelf(), [Tree()]
    for leaf in LEAVES:
        trees.append(shelf.put(trees[-1].grow([leaf])))
    return shelf, tuple(trees)


def notes() -> Iterator[Question]:
    _, trees = grown()
    for tree in trees:
        checkpoint = Checkpoint(LOG.key.name, tree.size, tree.root)
        note = sign_checkpoint(checkpoint, [LOG])
        yield {"ask": "note", "vkey": LOG.key.vkey, "note": note, "text": checkpoint.text()}


def records() -> Iterator[Question]:
    shelf, trees = grown()
    for size in range(1, SIZES + 1):
        for index in sorted({0, size // 3, size // 2, size - 2, size - 1} - {-1}):
            yield {
                "ask": "record",
                "size": size,
                "root": trees[size].root,
                "index": index,
                "hash": LEAVES[index],
                "proof": inclusion(index, size, shelf),
            }


def growths() -> Iterator[Question]:
    shelf, trees = grown()
    for new in range(1, SIZES + 1):
        for old in sorted({1, new // 3, new // 2, 1 << new.bit_length() - 1, new - 1, new} - {0}):
            yield {
                "ask": "tree",
                "size": new,
                "root": trees[new].root,
                "index": old,
                "hash": trees[old].root,
                "proof": consistency(old, new, shelf),
            }


def test_go_opens_every_checkpoint(asked: Path) -> None:
    assert set(ask(asked, list(notes()))) == {"ok"}


def test_go_takes_every_inclusion_proof(asked: Path) -> None:
    assert set(ask(asked, list(records()))) == {"ok"}


def test_go_takes_every_consistency_proof(asked: Path) -> None:
    assert set(ask(asked, list(growths()))) == {"ok"}


@pytest.mark.parametrize("size", [1, 255, 256, 257, SIZES])
def test_go_reads_every_entry_from_our_tiles(asked: Path, size: int) -> None:
    tree = Tree().grow(LEAVES[:size])
    tiles = {f"{level}/{number}": data for (level, number), data in tree.tiles.items()}
    question = {"ask": "tiles", "size": size, "root": tree.tree.root, "tiles": tiles, "entries": ENTRIES[:size]}
    assert ask(asked, [question]) == ["ok"]


def test_go_refuses_what_was_tampered_with(asked: Path) -> None:
    """So that its yes means something."""
    note, record, growth = list(notes())[7], list(records())[-2], list(growths())[-2]
    tile = Tree().grow(LEAVES)
    answers = ask(
        asked,
        [
            {**note, "note": flipped(sign_checkpoint(Checkpoint(LOG.key.name, 7, bytes(32)), [LOG]), 900)},
            {**record, "hash": LEAVES[0]},
            {**record, "proof": list(record["proof"])[:-1]},  # type: ignore[call-overload]
            {**growth, "hash": LEAVES[0]},
            {
                "ask": "tiles",
                "size": SIZES,
                "root": tile.tree.root,
                "tiles": {f"{level}/{number}": flipped(data, 5) for (level, number), data in tile.tiles.items()},
                "entries": ENTRIES,
            },
        ],
    )
    assert "ok" not in answers
