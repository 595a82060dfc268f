"""The sequencer: committed entries become part of the tree, and a signed checkpoint says so.

Tiles and checkpoint are written in one transaction, and the checkpoint is published only from there: what anybody has
seen signed is durable, and every later tree grows out of it.
"""

from __future__ import annotations

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.ledger import Checkpoint, Tree, leaf_hash, sign_checkpoint
from gateway.store import PutTree, queries

ENTRIES_PER_STEP = 4_096


async def run(line: Line) -> None:
    """Integrate what was committed, until cancelled."""
    tree = await open_tree(line)
    while True:
        rung = line.bell.listen(bell.LEDGER)
        grown = await integrate(line, tree)
        if grown is tree:
            await bell.wait(rung, line.rules.poll_s)
        else:
            rung.cancel()
            tree = grown


async def open_tree(line: Line) -> Tree:
    """The tree of the last signed checkpoint."""
    return await line.store.read(queries.tree)


async def integrate(line: Line, tree: Tree) -> Tree:
    """One step: sign the tree that holds the next entries too. The same tree where none waited."""
    entries = await line.store.read(queries.entries, tree.size, ENTRIES_PER_STEP)
    if not entries:
        line.state.unsealed_since = None
        return tree
    now = line.clock()
    line.state.unsealed_since = line.state.unsealed_since or now
    grown = tree.grow(leaf_hash(entry) for entry in entries)
    note = sign_checkpoint(Checkpoint(line.notary.key.name, grown.tree.size, grown.tree.root), [line.notary])
    await line.store.write(PutTree(tree.size, grown.tree.size, grown.tiles, note, now))
    line.bell.ring((bell.CHECKPOINT,))
    return grown.tree
