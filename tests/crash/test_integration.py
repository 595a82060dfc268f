"""A kill at every durable call of an integration: the file beside the key, tiles, checkpoint, and the folder they are
published to. After each there is never a bad checkpoint, and the gateway goes on from what is left.

    python -m tests.crash.test_integration POINTS      so many points, on SQLite; CI takes a sample on each engine

Where the database is a server, what the gateway itself does about it is to send: it is killed there, at every seventh.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import pytest

from gateway.cli.audit_source import Folder, LedgerSource
from gateway.client import Unreachable
from gateway.ledger import Checkpoint, NoteKey, open_checkpoint
from gateway.ledger.survey import survey
from gateway.ledger.watching import View, compare
from gateway.store.last_signed import LastSigned
from tests.crash.audit import Audit
from tests.crash.faults import KILLS, SENDS, injected
from tests.crash.installation import Installation, found, free_port
from tests.crash.notebook import Line, Receipted
from tests.crash.parties import DOGGED, ONCE, client
from tests.crash.replaying import replayed
from tests.crash.rows import paper
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner

pytestmark = pytest.mark.crash

SAMPLE = {"sqlite": 18, "postgresql": 9}
SETTINGS = {"delivery.checkpoint_interval_s": 0.05, "ledger.publish_dir": "published"}
CALLS = {
    "sqlite": {"fsync": range(1, 13), "fdatasync": range(1, 4), "rename": range(1, 5)},
    "postgresql": {"fsync": range(1, 13), SENDS: range(1, 100, 7), "rename": range(1, 5)},
}
"""By which a file, a commit of the database and a name become durable, and which of them one thread makes in an
integration, about: strace counts them for each thread.
"""


def points(engine: str) -> list[tuple[str, int]]:
    """Each call of an integration in turn: every life begins with another one to die at."""
    return [(call, number) for call, numbers in CALLS[engine].items() for number in numbers]


class Sweep:
    """One installation that lives through every kill."""

    def __init__(self, installation: Installation, serving: Serving) -> None:
        self.installation, self.serving = installation, serving
        self.key = NoteKey.parse(installation.vkey)
        self.folder = installation.folder / "published"
        self.read = LedgerSource(Folder(self.folder))
        self.audit = Audit(installation)
        self.told: list[Line] = []
        self.died = 0
        self.seen: View | None = None

    async def at(self, call: str, number: int, packet_number: int) -> None:
        """One life that is ended at this call, what is left looked at, and the life lived to its end."""
        cast = self.installation.cast
        packet = paper(self.installation, packet_number, cast.party)
        with injected(self.serving, call, KILLS, str(number)), suppress(Unreachable):
            async with client(self.installation, cast.ministry.peer, ONCE) as sender:
                accepted = await sender.submit(packet.file)
            await self.published(accepted.ledger_index + 1)
        if self.serving.ends_within(0):
            self.died += self.serving.ended() == -signal.SIGKILL
            self.look()
            await asyncio.to_thread(self.serving.start)
        async with client(self.installation, cast.ministry.peer, DOGGED) as sender:
            accepted = await sender.submit(packet.file)
        one = Receipted(accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, cast.ministry.peer)
        self.told.append(one)
        assert await self.published(one.ledger_index + 1), self.serving.log
        self.look()
        report = await asyncio.to_thread(self.audit.look, self.told)
        assert report.sound, (call, number, str(report))
        differences = await asyncio.to_thread(replayed, self.installation)
        assert differences == [], (call, number, differences)

    async def published(self, size: int) -> bool:
        """Wait until the folder shows so many entries; False where the gateway dies first."""
        async with asyncio.timeout(120):
            while not self.serving.ends_within(0):
                note = self.read.checkpoint()
                if note is not None and int(note.split(b"\n")[1]) >= size:
                    return True
                await asyncio.sleep(0.01)
        return False

    def look(self) -> None:
        """As `audit verify` and `audit monitor` look: what is published is whole, and continues what was seen."""
        note = self.read.checkpoint()
        if note is None:
            return
        shown = View(open_checkpoint(note, self.key), note)
        size, root = shown.checkpoint.size, shown.checkpoint.root
        assert list(survey(size, root, self.read, lambda _: None)) == []
        assert self.seen is None or compare(self.seen, shown, self.read) is None
        self.seen = shown
        mark = LastSigned(self.installation.folder / "keys" / "ledger.signed").read()
        assert isinstance(mark, Checkpoint) and mark.size >= size, "it was remembered before it was shown"
        assert not [one for one in (self.folder / "tile").rglob("*") if not _is_resource(one)]


def _is_resource(path: Path) -> bool:
    name = path.name.removesuffix(".p")
    return name.removeprefix("x").isdecimal() or name == "entries"


def swept(
    folder: Path, spawner: Spawner, chosen: Sequence[tuple[str, int]], database: str | None = None
) -> tuple[int, int]:
    """A new installation taken through all these points: how many lives ended there, and the entries in the end."""
    installation = found(folder, hub_url=f"http://127.0.0.1:{free_port()}/", settings=SETTINGS, database=database)
    return asyncio.run(_sweep(installation, spawner, chosen))


async def _sweep(installation: Installation, spawner: Spawner, chosen: Sequence[tuple[str, int]]) -> tuple[int, int]:
    serving = Serving(installation, spawner)
    try:
        await asyncio.to_thread(serving.start)
        this = Sweep(installation, serving)
        for packet_number, (call, number) in enumerate(chosen, 1):
            await this.at(call, number, packet_number)
        assert serving.stop() == 0
        this.look()
    finally:
        serving.close()
    report = Audit(installation).look(this.told)
    assert report.sound, report
    return this.died, report.size


def test_a_kill_at_any_durable_call_of_an_integration_leaves_no_bad_checkpoint(
    tmp_path: Path, spawner: Spawner, engine: str, database: str | None
) -> None:
    chosen = random.Random(5).sample(points(engine), SAMPLE[engine])
    died, size = swept(tmp_path / "gateway", spawner, chosen, database)
    assert died >= len(chosen) // 3, f"only {died} of {len(chosen)} points were reached"
    assert size >= len(chosen)


@contextmanager
def _spawner() -> Iterator[Spawner]:
    with Spawner() as running:
        yield running


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="integration-") as place, _spawner() as forks:
        reached, entries = swept(Path(place) / "gateway", forks, list(islice(cycle(points("sqlite")), wanted)))
    print(f"{wanted} points, {reached} deaths, {entries} entries, no bad checkpoint", file=sys.stdout)
