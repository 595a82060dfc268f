"""The sequencer: committed entries become part of the tree, and a signed checkpoint says so.

Tiles and checkpoint are written in one transaction, and the checkpoint is published only from there: what anybody has
seen signed is durable, and the next tree starts from it. (Static tiles, witnesses: docs/auditor.md says what is still
to come.)
"""

from __future__ import annotations

from datetime import datetime

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.ledger import Checkpoint, grow, leaf_hash, sign_checkpoint
from gateway.store import PutTree, queries

ENTRIES_PER_STEP = 4_096


async def run(line: Line) -> None:
    """Integrate what was committed, until cancelled."""
    while True:
        rung = line.bell.listen(bell.LEDGER)
        if await integrate(line):
            rung.cancel()
        else:
            await bell.wait(rung, line.rules.poll_s)


async def integrate(line: Line) -> bool:
    """One step: sign a tree that holds the next entries. False where nothing waited."""
    head = await line.store.read(queries.ledger_head)
    entries = await line.store.read(queries.entries, head.tree_size, ENTRIES_PER_STEP)
    if not entries:
        line.state.unsealed_since = None
        return False
    line.state.unsealed_since = line.state.unsealed_since or line.clock()
    put = await line.store.read(_grown, line, head.tree_size, [leaf_hash(entry) for entry in entries], line.clock())
    await line.store.write(put)
    line.bell.ring((bell.CHECKPOINT,))
    return True


def _grown(connection: queries.Connection, line: Line, size: int, leaves: list[bytes], at: datetime) -> PutTree:
    """The larger tree's new tiles and its signed checkpoint."""
    grown = grow(size, leaves, lambda level, number, width: queries.tile(connection, level, number, width))
    note = sign_checkpoint(Checkpoint(line.notary.name, grown.size, grown.root), line.notary)
    return PutTree(old_size=size, size=grown.size, tiles=grown.tiles, checkpoint=note, at=at)
