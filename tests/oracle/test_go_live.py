"""Go's own transparency log library against a live ledger over HTTP: its checkpoint, a thousand proofs, and lies."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gateway.ledger import leaf_hash, open_checkpoint
from gateway.ledger.tiles import Resource, resources, unbundle
from gateway.ledger.tree import consistency, inclusion
from tests.http.test_ledger import filled
from tests.http.town import Town, awaited, town
from tests.ledger.ledgers import flipped, note_signer
from tests.oracle.test_go import Question, ask, asked

pytestmark = pytest.mark.oracle
__all__ = ["asked"]

SIZE, PROOFS = 700, 1_000
LOG = note_signer()


async def fetched(here: Town) -> tuple[bytes, dict[str, bytes]]:
    """The checkpoint, and everything it speaks of, as any client would get it."""
    _, note, _ = await here.ask("GET", "/checkpoint", token=None)
    size = open_checkpoint(note, LOG.key).size
    files = {}
    for one in resources(0, size):
        status, files[one.path], _ = await here.ask("GET", f"/{one.path}", token=None)
        assert status == 200
    return note, files


def questions(note: bytes, files: dict[str, bytes]) -> list[Question]:
    """The checkpoint, a thousand inclusion proofs computed from the tiles served, and consistency with older sizes."""
    checkpoint, chance = open_checkpoint(note, LOG.key), random.Random(3)

    def read(level: int, number: int, width: int) -> bytes:
        return files[Resource(level, number, width).path]

    entries = [
        entry
        for one in resources(0, checkpoint.size)
        if one.level is None
        for entry in unbundle(files[one.path], one.width)
    ]
    root = {"size": checkpoint.size, "root": checkpoint.root}
    made: list[Question] = [{"ask": "note", "vkey": LOG.key.vkey, "note": note, "text": checkpoint.text()}]
    for _ in range(PROOFS):
        index = chance.randrange(checkpoint.size)
        proof = inclusion(index, checkpoint.size, read)
        made.append({"ask": "record", **root, "index": index, "hash": leaf_hash(entries[index]), "proof": proof})
    return made


@awaited
async def test_go_verifies_a_live_checkpoint_and_a_thousand_proofs_and_refuses_every_lie(
    tmp_path: Path, asked: Path
) -> None:
    async with town(tmp_path) as here:
        await filled(here, SIZE)
        note, files = await fetched(here)
    good = questions(note, files)
    assert set(ask(asked, good)) == {"ok"}
    chance = random.Random(4)
    lies: list[Question] = [{**good[0], "note": flipped(note, bit)} for bit in range(0, len(note) * 8, 11)]
    for one in good[1:]:
        steps = list(one["proof"])  # type: ignore[call-overload]
        at = chance.randrange(len(steps))
        steps[at] = flipped(steps[at], chance.randrange(256))
        lies += [{**one, "proof": steps}, {**one, "hash": flipped(one["hash"], chance.randrange(256))}]  # type: ignore[arg-type]
    assert "ok" not in ask(asked, lies)


@awaited
async def test_go_takes_the_growth_of_a_live_ledger(tmp_path: Path, asked: Path) -> None:
    made: list[Question] = []
    async with town(tmp_path) as here:
        trees = [await filled(here, size) for size in (1, 255, 256, 300, 700)]
        _, files = await fetched(here)

        def read(level: int, number: int, width: int) -> bytes:
            return files[Resource(level, number, width).path]

        last = trees[-1]
        for old in trees:
            proof = consistency(old.size, last.size, read)
            new = {"ask": "tree", "size": last.size, "root": last.root}
            made.append({**new, "index": old.size, "hash": old.root, "proof": proof})
    assert set(ask(asked, made)) == {"ok"}
    assert "ok" not in ask(asked, [{**one, "hash": flipped(last.root, 9)} for one in made])
