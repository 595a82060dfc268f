"""What every act may use, and the book of what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.client import Accepted, Dispatch, GatewayClient
from gateway.demo.actors import Newsreader, Shelves
from gateway.demo.cast import Cast, Player
from gateway.demo.narrator import Narrator
from gateway.demo.papers import Paper, letter, one_page_pdf, seal
from gateway.demo.stage import Stage
from gateway.model.packet import Content, Document

PATIENCE_S = 10.0
"""How long an act waits for what must happen; on a machine at work it happens within a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet the gateway accepted, who sent it, and what it left."""

    label: str
    paper: Paper
    sender: Player
    accepted: Accepted
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Turned:
    """A packet the gateway refused, and the reason it gave."""

    label: str
    paper: Paper
    reason: str


@dataclass(slots=True)
class Book:
    """What came of it, for the summary and for whoever checks it outside."""

    sent: list[Sent] = field(default_factory=list)
    turned: list[Turned] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    cases: dict[str, bytes] = field(default_factory=dict)
    """Case files by dispatch."""
    checkpoint: bytes = b""

    @property
    def complete(self) -> bool:
        """Whether the story came as far as its proofs."""
        return bool(self.checkpoint)

    @property
    def deliveries(self) -> Counter[str]:
        """How many deliveries ended how."""
        return Counter(one.status for dispatch in self.dispatches for one in dispatch.deliveries)

    @property
    def delivered(self) -> int:
        """How many deliveries reached their addressee's system."""
        reached = {"delivered", "acknowledged", "refused"}
        return sum(count for ended, count in self.deliveries.items() if ended in reached)


@dataclass(frozen=True, slots=True)
class Theatre:
    """Everything an act may use."""

    stage: Stage
    clients: Mapping[str, GatewayClient]
    """By peer."""
    news: Newsreader
    shelves: Shelves
    narrator: Narrator
    book: Book = field(default_factory=Book)

    @property
    def cast(self) -> Cast:
        return self.stage.cast

    @property
    def now(self) -> datetime:
        return self.narrator.clock()

    async def send(self, label: str, paper: Paper, sender: Player) -> Sent:
        """Submit a packet that must be accepted. Problem where it is not."""
        client = self.clients[sender.peer]
        with self.narrator.holding_back():
            accepted = await client.submit(paper.file)
            self.narrator.tell_cause(
                accepted.admitted_at,
                self.narrator.say("demo.words.gateway"),
                "accepted" if self.book.sent else "accepted_first",
                index=accepted.ledger_index,
                dispatch=accepted.dispatch_id,
            )
            self.narrator.expect("no_warning", not accepted.warnings)
        label = f"{len(self.book.sent) + 1:02}-{label}"
        sent = Sent(label, paper, sender, accepted, await client.receipt(accepted.dispatch_id))
        self.book.sent.append(sent)
        return sent

    async def settled(self, sent: Sent, *players: Player) -> bool:
        """Wait until these have answered."""
        return await self.news.settled(sent.accepted.dispatch_id, tuple(one.agency for one in players), PATIENCE_S)

    def stored(self, sent: Sent, player: Player) -> list[bytes]:
        """The copies in an addressee's register."""
        return self.shelves.files[sent.accepted.dispatch_id, player.agency]

    def letter(self, number: int, subject: str, *addressees: tuple[str, str]) -> Document:
        """A letter of the ministry, to (identifier, name) pairs."""
        return letter(self.cast.ministry, addressees, number, subject, self.now)

    def sealed(self, content: Content, sender: Player, *texts: str) -> Paper:
        """Sealed by its sender, with a page for each text."""
        return seal(content, tuple(one_page_pdf(line) for line in texts), sender, self.now)

    def tell(self, who: Player, key: str, /, **values: object) -> None:
        """A player does something."""
        self.narrator.tell(who.short_name, key, **values)

    def gateway_tells(self, key: str, /, **values: object) -> None:
        """The gateway does something."""
        self.narrator.tell(self.narrator.say("demo.words.gateway"), key, **values)
