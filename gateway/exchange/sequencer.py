"""The sequencer: committed entries become part of the tree, and a signed checkpoint says so.

What is about to be signed is first written down beside the key, where no restored database can undo it; tiles and
checkpoint are then written in one transaction, and the checkpoint is published only from there. So what anybody has
seen signed is durable twice, and every later tree grows out of it: one that does not is never signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import Checkpoint, Tree, leaf_hash, sign_checkpoint
from gateway.store import PutTree, StoreNotice, queries
from gateway.store.queries.ledger import tree_root

ENTRIES_PER_ROUND = 4_096


class Sequencer:
    """Grows the tree of one ledger. Only its own task changes `tree`, the tree of the last checkpoint it knows."""

    def __init__(self, line: Line, entries_max: int = ENTRIES_PER_ROUND) -> None:
        self._line, self._entries_max = line, entries_max
        self.tree: Tree | None = None

    async def once(self) -> bool:
        """Sign the tree that holds the next entries too. False where none waited.

        StoreNotice where this would be another tree than the one last signed: the gateway ends rather than sign it.
        """
        line = self._line
        tree = self.tree if self.tree is not None else await line.store.read(queries.tree)
        mark = await last_signed(line)  # before the entries, so that they reach as far
        ahead = 0 if mark is None else mark.size - tree.size
        entries = await line.store.read(queries.entries, tree.size, max(self._entries_max, ahead))
        leaves = [leaf_hash(entry) for entry in entries]
        await check_contained(line, mark, tree, leaves)
        if not leaves:
            self.tree, line.state.unsealed_since = tree, None
            return False
        now = line.clock()
        line.state.unsealed_since = line.state.unsealed_since or now
        grown = tree.grow(leaves)
        checkpoint = Checkpoint(line.notary.key.name, grown.tree.size, grown.tree.root)
        self.tree = None  # until the store has said yes, what it holds is not known
        if not await _remember(line, mark, checkpoint):
            return True
        note = sign_checkpoint(checkpoint, line.keeping.signers(line.notary))
        if await line.store.write(PutTree(tree.size, grown.tree.size, grown.tiles, note, now)):
            self.tree, line.state.unsealed_since = grown.tree, None
            line.bell.ring((bell.CHECKPOINT,))
        return True


async def run(line: Line) -> None:
    """Integrate what was committed, until cancelled: at most so often, so that one signature covers many entries."""
    await rounds(line, bell.LEDGER, Sequencer(line).once, line.rules.checkpoint_interval_s)


async def check(line: Line) -> None:
    """StoreNotice unless the database holds everything that was ever signed with this key."""
    mark, tree = await last_signed(line), await line.store.read(queries.tree)
    ahead = 0 if mark is None else mark.size - tree.size
    entries = await line.store.read(queries.entries, tree.size, ahead) if ahead > 0 else ()
    await check_contained(line, mark, tree, [leaf_hash(entry) for entry in entries])


async def last_signed(line: Line) -> Checkpoint | None:
    """What was last signed, as the file beside the key remembers it; None before the first."""
    file = line.keeping.last_signed
    return None if file is None else await asyncio.to_thread(file.read)


async def check_contained(line: Line, mark: Checkpoint | None, tree: Tree, leaves: Sequence[bytes]) -> None:
    """StoreNotice unless the tree last signed is the beginning of `tree` with `leaves` appended."""
    file = line.keeping.last_signed
    if mark is None or file is None:
        return
    path = str(file.path)
    if mark.origin != line.notary.key.name:
        raise StoreNotice("ledger.mark_of_another", path=path, origin=mark.origin)
    if (mark.size, mark.root) == (tree.size, tree.root):
        return
    if mark.size > tree.size + len(leaves):
        raise StoreNotice("ledger.rolled_back", path=path, signed=str(mark.size), holds=str(tree.size + len(leaves)))
    if mark.size <= tree.size:
        root = await line.store.read(tree_root, mark.size)
    else:
        root = tree.grow(leaves[: mark.size - tree.size]).tree.root
    if root != mark.root:
        raise StoreNotice("ledger.other_tree", path=path, signed=str(mark.size))


async def _remember(line: Line, mark: Checkpoint | None, checkpoint: Checkpoint) -> bool:
    file = line.keeping.last_signed
    return file is None or await asyncio.to_thread(partial(file.replace, mark, checkpoint))
