"""The sequencer: committed entries become part of the tree, and a signed checkpoint says so.

No load delays it for long: its round reads in a thread kept free for it, and its write goes before those that wait.

What is about to be signed is first written down beside the key, where no restored database can undo it; tiles and
checkpoint are then written in one transaction, and the checkpoint is published only from there. So what anybody has
seen signed is durable twice, and every later tree grows out of it: one that does not is never signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import Checkpoint, Tree, leaf_hash, sign_checkpoint
from gateway.store import PutTree, StoreNotice, queries
from gateway.store.last_signed import LastSigned
from gateway.store.queries.ledger import tree_root

ENTRIES_PER_ROUND = 4_096


class Sequencer:
    """Grows the tree of one ledger. Only its own task changes `tree`, the tree of the last checkpoint it knows."""

    def __init__(self, line: Line, entries_max: int = ENTRIES_PER_ROUND) -> None:
        self._line, self._entries_max = line, entries_max
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sequencer")
        self.tree: Tree | None = None

    async def once(self) -> bool:
        """Sign the tree that holds the next entries too. False where none waited.

        StoreNotice where this would be another tree than the one last signed: the gateway ends rather than sign it.
        """
        line = self._line
        waits = await line.store.read_ahead(_waiting, line.keeping.last_signed, self.tree, self._entries_max)
        mark, tree, leaves = waits.mark, waits.tree, waits.leaves
        await check_contained(line, mark, tree, leaves)
        if not leaves:
            self.tree, line.state.unsealed_since = tree, None
            return False
        now = line.clock()
        line.state.unsealed_since = line.state.unsealed_since or now
        grown = tree.grow(leaves)
        checkpoint = Checkpoint(line.notary.key.name, grown.tree.size, grown.tree.root)
        self.tree = None  # until the store has said yes, what it holds is not known
        if not await self._remember(mark, checkpoint):
            return True
        note = sign_checkpoint(checkpoint, line.keeping.signers(line.notary))
        if await line.store.write(PutTree(tree.size, grown.tree.size, grown.tiles, note, now)):
            self.tree, line.state.unsealed_since = grown.tree, None
            line.bell.ring((bell.CHECKPOINT,))
        return True

    async def _remember(self, mark: Checkpoint | None, checkpoint: Checkpoint) -> bool:
        """In a thread of its own: those that all share may be busy with large packets for seconds."""
        file = self._line.keeping.last_signed
        return file is None or await asyncio.get_running_loop().run_in_executor(
            self._thread, file.replace, mark, checkpoint
        )


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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is to be integrated next: into which tree, and what was signed last."""

    mark: Checkpoint | None
    tree: Tree
    leaves: list[bytes]


def _waiting(connection: queries.Connection, file: LastSigned | None, known: Tree | None, entries_max: int) -> _Waiting:
    """All that a round reads, at once: under load each way back to the event loop waits for its turn there."""
    mark = None if file is None else file.read()  # before the entries, so that they reach as far
    tree = queries.tree(connection) if known is None else known
    ahead = 0 if mark is None else mark.size - tree.size
    entries = queries.entries(connection, tree.size, max(entries_max, ahead))
    return _Waiting(mark, tree, [leaf_hash(entry) for entry in entries])
