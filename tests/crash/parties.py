"""The systems around the gateway: they send, collect, are pushed to and watch the ledger, for as long as it takes.

They know nothing of crashes. A connection that breaks, an answer that does not come, a 503: they do what the manual
tells them, which is to try again. What the gateway promised them goes into the notebook before they go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from gateway.client import GatewayClient, Parts, Patience, Problem
from gateway.client.results import Accepted, InboxItem
from gateway.demo.cast import Cast
from gateway.demo.papers import Enclosure, Paper, letter, one_page_pdf, seal
from tests.crash.installation import Installation
from tests.crash.notebook import Answered, Notebook, Receipted, Sealed, Seen

DOGGED = Patience(attempts_max=1_000_000, first_s=0.02, most_s=0.2)
ONCE = Patience(attempts_max=1)
SENDERS, COLLECTORS = 4, 2
PAUSE_S_MAX = 0.02
"""Between two submissions of one connection: the load is steady, and an hour of it fits on a disk."""
WATCH_S = 0.05
INBOX_WAIT_S, INBOX_ROWS = 0.5, 20
FIRST_CONTENT_ID = 201
"""How `papers.seal` counts attachments."""


def client(installation: Installation, peer: str, patience: Patience = DOGGED) -> GatewayClient:
    """A peer's connection; its patience outlasts every restart unless told otherwise."""
    return GatewayClient(installation.base_url, token=installation.tokens[peer], patience=patience)


def papers(cast: Cast, chance: random.Random) -> Iterator[Paper]:
    """Sealed documents of the ministry, each to three agencies: one pulls, one is pushed to, one is silent."""
    addressees = tuple((one.agency, one.name) for one in (cast.party, cast.hub, cast.silent))
    for number in itertools.count(1):
        now = datetime.now(UTC)
        enclosed = (one_page_pdf(f"Document {number}"),)
        if size_bytes := chance.choice((0, 0, 3_000, 20_000, 100_000)):
            enclosed += (Enclosure("du-lieu.csv", "text/csv", chance.randbytes(size_bytes // 2).hex().encode()),)
        yield seal(
            letter(cast.ministry, addressees, number, f"V/v việc số {number}", now), enclosed, cast.ministry, now
        )


def parts(paper: Paper) -> Parts:
    """A paper as a system sends it that has the attachments at hand."""
    content_ids = (str(FIRST_CONTENT_ID + place) for place in itertools.count())
    return Parts(paper.skeleton, [(name, one.data) for name, one in zip(content_ids, paper.enclosures, strict=False)])


@dataclass
class Parties:
    """Everybody who talks to the gateway while it is killed."""

    installation: Installation
    notebook: Notebook
    seed: int
    folder: Path
    """Where collectors put what they fetch."""
    sent: list[tuple[Paper, Accepted]] = field(default_factory=list)
    """What was receipted since somebody last looked: to be sent again."""
    pushed: int = 0
    _over: bool = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """All of them, until the block ends: then each finishes what it has begun, so the gateway must be there."""
        async with asyncio.TaskGroup() as group:
            supply = papers(self.installation.cast, random.Random(f"{self.seed} papers"))
            tasks = [group.create_task(self._send(supply, random.Random(f"{self.seed} {n}"))) for n in range(SENDERS)]
            tasks += [group.create_task(self._collect(random.Random(f"{self.seed} c{n}"))) for n in range(COLLECTORS)]
            tasks.append(group.create_task(self._watch()))
            try:
                yield
            except BaseException:
                for task in tasks:
                    task.cancel()
                raise
            self._over = True

    async def again(self, paper: Paper, accepted: Accepted) -> str | None:
        """Send a receipted packet once more, and get its receipt. What differs from the first time, or None."""
        peer = self.installation.cast.ministry.peer
        async with client(self.installation, peer) as gateway:
            repeated = await gateway.submit(parts(paper))
            first = (accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, accepted.admitted_at)
            if (repeated.dispatch_id, repeated.ledger_index, repeated.packet_digest, repeated.admitted_at) != first:
                return f"{repeated} instead of {accepted}"
            await self._get_receipt(gateway, accepted.dispatch_id)
            return None if repeated.repeated else f"{accepted.dispatch_id} was taken for new"

    async def _send(self, supply: Iterator[Paper], chance: random.Random) -> None:
        peer = self.installation.cast.ministry.peer
        async with client(self.installation, peer) as gateway:
            for paper in itertools.takewhile(lambda _: not self._over, supply):
                accepted = await gateway.submit(parts(paper))
                self.notebook.note(Receipted(accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, peer))
                self.sent.append((paper, accepted))
                if chance.random() < 0.2:
                    await self._get_receipt(gateway, accepted.dispatch_id)
                await asyncio.sleep(chance.uniform(0, PAUSE_S_MAX))

    async def _get_receipt(self, gateway: GatewayClient, dispatch_id: str) -> None:
        """However often it is asked for, the receipt has one digest: the register's, says the audit."""
        receipt = await gateway.receipt(dispatch_id)
        self.notebook.note(Sealed(dispatch_id, hashlib.sha256(receipt).hexdigest()))

    async def _collect(self, chance: random.Random) -> None:
        """Pull, store, answer: mostly yes, sometimes no. Two of them compete for one inbox, as two threads would."""
        async with client(self.installation, self.installation.cast.party.peer) as gateway:
            while not self._over:
                for item in (await gateway.inbox(wait_s=INBOX_WAIT_S, limit=INBOX_ROWS)).deliveries:
                    with suppress(Problem):  # the other one was faster, with the other answer: that is final too
                        await self._answer(gateway, item, chance)

    async def _answer(self, gateway: GatewayClient, item: InboxItem, chance: random.Random) -> None:
        path = self.folder / f"{chance.randbytes(8).hex()}.edxml"
        await gateway.fetch_file(item.delivery_id, path)
        path.unlink()
        if chance.random() < 0.9:
            answer = await gateway.acknowledge(item.delivery_id)
        else:
            answer = await gateway.decline(item.delivery_id, "Gửi nhầm nơi nhận")
        self.notebook.note(Answered(item.delivery_id, item.dispatch_id, answer.status))

    async def _watch(self) -> None:
        """A monitor that keeps every checkpoint it sees."""
        last = b""
        async with client(self.installation, self.installation.cast.party.peer) as gateway:
            while not self._over:
                with suppress(Problem):  # none was signed yet
                    note = await gateway.checkpoint()
                    if note != last:
                        self.notebook.note(Seen(note.decode()))
                        last = note
                await asyncio.sleep(WATCH_S)


@asynccontextmanager
async def endpoint(parties: Parties, port: int, chance: random.Random) -> AsyncIterator[None]:
    """The hub's door: pushes come in here. Some it takes, some it stores at once, some it cannot take now."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        parties.pushed += 1
        fate = chance.random()
        if fate < 0.2:
            return web.Response(status=503)
        return web.json_response({"stored": fate < 0.8})

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
