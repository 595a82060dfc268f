"""The sequencer: committed entries become part of the tree, and a signed checkpoint says so.

Tiles and checkpoint are written in one transaction, and the checkpoint is published only from there: what anybody has
seen signed is durable, and every later tree grows out of it.
"""

from __future__ import annotations

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import Checkpoint, Tree, leaf_hash, sign_checkpoint
from gateway.store import PutTree, queries

ENTRIES_PER_ROUND = 4_096


class Sequencer:
    """Grows the tree of one ledger. Only its own task changes `tree`, the tree of the last checkpoint it knows."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.tree: Tree | None = None

    async def once(self) -> bool:
        """Sign the tree that holds the next entries too. False where none waited."""
        line = self._line
        tree = self.tree if self.tree is not None else await line.store.read(queries.tree)
        entries = await line.store.read(queries.entries, tree.size, ENTRIES_PER_ROUND)
        if not entries:
            self.tree, line.state.unsealed_since = tree, None
            return False
        now = line.clock()
        line.state.unsealed_since = line.state.unsealed_since or now
        grown = tree.grow(leaf_hash(entry) for entry in entries)
        note = sign_checkpoint(Checkpoint(line.notary.key.name, grown.tree.size, grown.tree.root), [line.notary])
        self.tree = None  # until the store has said yes, what it holds is not known
        if await line.store.write(PutTree(tree.size, grown.tree.size, grown.tiles, note, now)):
            self.tree = grown.tree
            line.bell.ring((bell.CHECKPOINT,))
        return True


async def run(line: Line) -> None:
    """Integrate what was committed, until cancelled: at most so often, so that one signature covers many entries."""
    await rounds(line, bell.LEDGER, Sequencer(line).once, line.rules.checkpoint_interval_s)
