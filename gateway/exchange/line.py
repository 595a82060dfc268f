"""What the line needs, gathered once: stores, keys, limits, clock. Wired in `app.py`, passed to every step."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from gateway.edxml import Limits
from gateway.exchange.bell import Bell
from gateway.exchange.concerns import Concerns
from gateway.exchange.deadlines import DeadlineRules
from gateway.exchange.keeping import Keeping
from gateway.exchange.notice_rules import MailRules, ReminderRules, WebhookRules
from gateway.exchange.pdf_desk import PdfDesk
from gateway.ledger import NoteSigner
from gateway.model.activity import Connected
from gateway.model.agency import Directory, Peer
from gateway.model.calendar import Calendar, shipped_calendar
from gateway.model.delivery import Backoff
from gateway.model.dispatch import new_id
from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.rules import Known
from gateway.rules.authority_table import AuthorityTable, shipped_table
from gateway.store import Blobs, Salted, Store
from gateway.trust import Certificate, Signer, TrustStore, read_certificate
from gateway.trust.derived import DerivingKey

SALT_BYTES = 16
"""Of salt before the words of a person, wherever the ledger holds their digest."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How deliveries are carried."""

    deadline_h: float = 72.0
    """A delivery not handed over within this many hours expires."""
    backoff: Backoff = field(default_factory=Backoff)
    push_timeout_s: float = 60.0
    """How long one push may take, connection and answer included."""
    push_concurrency_per_addressee: int = 4
    """Pushes under way to one addressee at once, so that a slow one does not take all."""
    push_concurrency: int = 64
    """Pushes under way at once, in all."""
    poll_s: float = 1.0
    """How often the store is asked although no bell rang."""
    checkpoint_interval_s: float = 0.2
    """Between two checkpoints at the least: under load one covers what came in meanwhile."""
    ledger_lag_s_max: float = 30.0
    """The gateway refuses new packets when committed entries wait longer than this for a checkpoint."""
    lease_s: float = 5.0
    """What one process at a time does, another takes over when nothing was heard of that one for so long."""
    waiting_writes_max: int = 2_000
    """The gateway sheds load when more writes than this wait for the store."""
    refusals_recorded_per_minute: int = 600
    """Refusals of one peer recorded in the ledger per minute; beyond it they are counted only."""


@dataclass(slots=True)
class StampDebt:
    """How far time stamps of a third party lag behind the ledger. Written by their own task only."""

    since: datetime | None = None
    """When the oldest checkpoint was signed that no stamp covers; None: nothing waits."""
    late: bool = False
    """True where that is longer ago than the configured bound."""
    faults: Counter[str] = field(default_factory=Counter)
    """How often an answer was refused, by what was wrong with it; `away`: none came."""

    def seconds(self, now: datetime) -> float:
        """For how long entries have waited for a time stamp."""
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())


@dataclass(slots=True)
class State:
    """What changes while the line runs. Written by the tasks beside the doors and by shutdown only."""

    directory: Directory
    routed_at: datetime | None = None
    """When deliveries that wait were last seen to be with whoever collects for their addressee; None: not yet."""
    table: AuthorityTable = field(default_factory=shipped_table)
    """The authority table in force."""
    leaving: bool = False
    """Connections end with their next answer: somebody else answers at this port."""
    draining: bool = False
    disk_full: bool = False
    lost: set[str] = field(default_factory=set)
    """Digests of attachments that somebody asked for and the disk does not have."""
    unsealed_since: datetime | None = None
    """Since when committed ledger entries have waited for a checkpoint; None: nothing waits."""
    unsealed_size: int = 0
    """How many entries there were then."""
    on_duty: bool = False
    """Whether this process does what one at a time does (`tenure`)."""
    stamps: StampDebt | None = None
    """None: no time-stamping authority is configured."""
    refusals: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    """Per peer: the current minute, and the refusals counted in it."""
    concerns: Concerns | None = None
    """What peers and people were not told; None before the first look."""
    connected: Connected | None = None
    """Agencies a system receives for; None before anybody asked."""


@dataclass(frozen=True)
class Line:
    """The straight line's stores, keys and rules."""

    store: Store
    blobs: Blobs
    trust: TrustStore
    signer: Signer
    """Seals receipts, as the gateway."""
    notary: NoteSigner
    """Signs checkpoints; its name is the ledger's origin."""
    secrets: DerivingKey
    """What shared secrets are derived from."""
    limits: Limits
    rules: DeliveryRules
    clock: Clock
    chance: random.Random
    state: State
    name: str = "gateway"
    """Of this process among all that share the store; the same when it is started again."""
    disk_free_bytes_min: int = 256 * 1024 * 1024
    pdf_desk: PdfDesk | None = None
    """None: no authorities for signatures in PDFs are configured; then they are not looked at, and reports say so."""
    calendar: Calendar = field(default_factory=shipped_calendar)
    deadlines: DeadlineRules = field(default_factory=DeadlineRules)
    reminders: ReminderRules = field(default_factory=ReminderRules)
    webhooks: WebhookRules = field(default_factory=WebhookRules)
    mail: MailRules = field(default_factory=MailRules)
    keeping: Keeping = field(default_factory=Keeping)
    """How the ledger is signed, witnessed and published."""
    bell: Bell = field(default_factory=Bell)

    @property
    def directory(self) -> Directory:
        return self.state.directory

    @cached_property
    def seal_certificate(self) -> Certificate:
        """What receipts are sealed with."""
        return read_certificate(self.signer.certificate_der)

    def can_seal(self, at: datetime) -> bool:
        """Whether a receipt sealed at this instant would verify."""
        return self.seal_certificate.period.covers(at)

    def new_id(self, at: datetime) -> str:
        """A new time-ordered identifier."""
        return new_id(int(at.timestamp() * 1000), self.chance.randbytes(10))

    def salted(self, words: str) -> Salted:
        """What the ledger holds of words that a person wrote: a digest nobody can guess them from."""
        return Salted.of(words, self.chance.randbytes(SALT_BYTES))

    def deadline(self, at: datetime) -> datetime:
        """When a delivery admitted at this instant expires."""
        return at + timedelta(hours=self.rules.deadline_h)

    def known(self) -> Known:
        """The facts an examination rests on, at this instant."""
        return Known(self.state.directory, self.trust, self.limits, self.clock(), self.state.table)

    def check_ready(self) -> None:
        """Step 0: Unavailable unless a receipt given now could be kept."""
        state = self.state
        if state.draining:
            raise Unavailable(Reason.DRAINING)
        if self.store.failed:
            raise Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=60, cause="the store failed and stopped")
        if state.disk_full:
            raise Unavailable(Reason.DISK_FULL, retry_after_s=60)
        if self.store.waiting > self.rules.waiting_writes_max:
            raise Unavailable(Reason.OVERLOADED, retry_after_s=1)
        lag = timedelta(seconds=self.rules.ledger_lag_s_max)
        if state.unsealed_since is not None and self.clock() - state.unsealed_since > lag:
            raise Unavailable(Reason.LEDGER_UNAVAILABLE, cause=f"entries unsealed since {state.unsealed_since}")

    async def check_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Unavailable where one of them is not on the disk: before anything is sent or said to be handed over."""
        large = self.blobs.large(attachments)
        if not large:
            return
        lost = await self.blobs.lost(large)
        self.state.lost = self.state.lost - {one.sha256 for one in large} | set(lost)
        if lost:
            raise Unavailable(Reason.STORE_UNAVAILABLE, retry_after_s=600, cause=f"attachments lost: {', '.join(lost)}")

    def worth_an_entry(self, peer: Peer, at: datetime) -> bool:
        """Whether one more refusal of this peer is recorded in the ledger: a flood of refusals must not grow it."""
        minute = at.replace(second=0, microsecond=0)
        since, count = self.state.refusals.get(peer.key, (minute, 0))
        count = count + 1 if since == minute else 1
        self.state.refusals[peer.key] = (minute, count)
        return count <= self.rules.refusals_recorded_per_minute

    def has_room(self, size_bytes: int) -> bool:
        """Whether an attachment of so many bytes leaves the floor free where it arrives."""
        arriving_in, *_ = self.store.folders
        return shutil.disk_usage(arriving_in).free - size_bytes >= self.disk_free_bytes_min

    def measure_disk(self) -> None:
        """Note whether free space is below the floor on any disk the store writes to."""
        free_bytes = min(shutil.disk_usage(folder).free for folder in self.store.folders)
        self.state.disk_full = free_bytes < self.disk_free_bytes_min
