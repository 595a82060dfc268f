"""The one place that wires things: from a configuration to a running gateway."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config import Config, ConfigFault, Pdf, Timestamp
from gateway.exchange import (
    activity,
    indexing,
    lifecycle,
    oddities,
    publication,
    push,
    relay,
    reminders,
    sequencer,
    sweeping,
    tenure,
    timestamps,
    uploads,
    watch,
    webhooks,
)
from gateway.exchange.entrance import EntranceRules
from gateway.exchange.keeping import Keeping, Witness
from gateway.exchange.key_record import bind_ledger_key, previous_key_path, record_seal_certificate
from gateway.exchange.line import Clock, Line, StampDebt, State
from gateway.exchange.mails import Mails
from gateway.exchange.neighbours import Neighbours
from gateway.exchange.pdf_desk import PdfDesk
from gateway.exchange.provider import Provider, ProviderRules
from gateway.exchange.revocation import Refresher, RefreshRules
from gateway.exchange.rules_record import record_rules
from gateway.http import DoorRunner, build_app, witness_client
from gateway.http.carrier import HttpCarrier, tls
from gateway.http.fetcher import HttpFetcher
from gateway.http.mail import SmtpMailer
from gateway.http.provider import asking
from gateway.http.server import Server, server_tls
from gateway.http.tsa import HttpAuthority
from gateway.http.webhooks import HttpPoster
from gateway.http.webhooks import session as webhook_session
from gateway.ledger import NoteKey, NoteSigner
from gateway.model.calendar import Calendar, CalendarError, read_calendar, shipped_calendar
from gateway.store import Grouping, Store
from gateway.store.last_signed import LastSigned
from gateway.store.storage import Storage
from gateway.store.wire import Wire
from gateway.trust import TrustStore, load_ed25519, load_signer
from gateway.trust.anchors import load_anchors
from gateway.trust.chains import Chains
from gateway.trust.derived import load_deriving_key
from gateway.trust.keys import load_password
from gateway.trust.leaked import LeakedPasswords

DRAIN_S = 20.0
"""How long requests under way may take to finish after the gateway was told to stop."""
LEAVING_S = 1.0
"""How long a worker that is told to stop answers on the connections it has, asking each caller to come back on another:
there somebody else answers."""
BACKLOG = 1024


def utc_now() -> datetime:
    """The clock of a real gateway."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of a worker among those that answer at one port (`cli.workers` starts them)."""

    name: str
    """Of the seat: whoever takes it after a crash takes over what was left there."""
    doors: socket.socket
    """Listening already, and shared with the others: whoever is idle takes who comes next."""
    neighbours: socket.socket
    """What the other workers of this machine say, by way of the parent."""
    parent: socket.socket
    """A byte is sent when the doors are open; its end says that the parent is gone."""


@asynccontextmanager
async def open_line(config: Config, clock: Clock = utc_now, seat: Seat | None = None) -> AsyncIterator[Line]:
    """The line over the configured store and keys. Raises StoreNotice, KeyFileError, OSError: all name the mend.

    The origin is bound to the store at the first opening: a ledger signed under two names would be two ledgers.
    """
    signer = load_signer(config.keys.seal_key, config.keys.seal_certificate)
    ledger_key = load_ed25519(config.keys.ledger_key)
    deriving_key = load_deriving_key(config.keys.derive_key)
    trust = TrustStore(await asyncio.to_thread(_certificates, config.trust.anchors))
    storage = config.store
    grouping = Grouping(storage.group_operations_max, storage.group_wait_ms / 1000)
    store = Store.open(storage.url, storage.blob_dir, storage.inline_bytes_max, grouping, storage.bucket)
    desk = AsyncExitStack()
    try:
        pdf_desk = await desk.enter_async_context(_pdf_desk(config.pdf, clock))
        notary = NoteSigner(NoteKey(config.keys.origin, ledger_key.public_bytes), ledger_key.sign)
        keeping = _keeping(config)
        await bind_ledger_key(store, notary, keeping.previous, clock())
        await record_seal_certificate(store, signer.certificate_der, clock())
        await record_rules(store, clock())
        line = Line(
            store=store,
            blobs=store.blobs,
            trust=trust,
            signer=signer,
            notary=notary,
            secrets=deriving_key,
            limits=config.limits,
            rules=config.delivery,
            clock=clock,
            chance=random.SystemRandom(),
            state=State(await store.read(watch.read_directory)),
            name=f"{socket.gethostname()[:80]}:{config.server.port}" + (f"/{seat.name}" if seat else ""),
            disk_free_bytes_min=config.store.disk_free_bytes_min,
            pdf_desk=pdf_desk,
            keeping=keeping,
            calendar=calendar_of(config),
            deadlines=config.deadlines,
            reminders=config.reminders,
            webhooks=config.webhooks,
            mail=config.mail,
        )
        await sequencer.check(line)
        line.measure_disk()
        await watch.refresh_table(line)
        yield line
    finally:
        await desk.aclose()
        await asyncio.to_thread(store.close)


def calendar_of(config: Config) -> Calendar:
    """The working calendar in force: the configured file's, or the release's. ConfigFault, OSError."""
    path = config.calendar.file
    if path is None:
        return shipped_calendar()
    try:
        return read_calendar(path.read_bytes())
    except CalendarError as wrong:
        raise ConfigFault("calendar", path=str(path), where=wrong.where, what=wrong.what) from wrong


@asynccontextmanager
async def _pdf_desk(config: Pdf, clock: Clock) -> AsyncIterator[PdfDesk | None]:
    """Where PDFs are verified; None where no authorities are configured. Raises AnchorError, OSError."""
    folders = {"government": config.government_anchors, "national": config.national_anchors}
    stores = tuple([await asyncio.to_thread(load_anchors, name, path) for name, path in folders.items() if path])
    if not stores:
        yield None
        return
    async with aiohttp.ClientSession() as session:
        chains = Chains(stores)
        rules = RefreshRules(lists=config.revocation_lists)
        refresher = Refresher(chains, config.revocation_dir, HttpFetcher(session), clock, rules)
        desk = PdfDesk(stores, chains, refresher)
        try:
            yield desk
        finally:
            desk.pool.shutdown(wait=False, cancel_futures=True)


def _keeping(config: Config) -> Keeping:
    """How the ledger is kept. Raises ConfigFault, KeyFileError, ProofError for what is configured wrongly."""
    key, rules = config.keys.ledger_key, config.ledger
    if rules.witnesses_required > len(rules.witnesses):  # no checkpoint would ever be shown, and nothing would say so
        raise ConfigFault("witnesses", required=str(rules.witnesses_required), count=str(len(rules.witnesses)))
    previous = None
    if (path := previous_key_path(key)).exists():
        old = load_ed25519(path)
        previous = NoteSigner(NoteKey(config.keys.origin, old.public_bytes), old.sign)
    return Keeping(
        previous=previous,
        last_signed=LastSigned(key.with_suffix(".signed")),
        witnesses=tuple(map(Witness.parse, rules.witnesses)),
        required=rules.witnesses_required,
        timeout_s=rules.witness_timeout_s,
        refresh_s=rules.witness_refresh_h * 3600,
        publish_dir=rules.publish_dir,
    )


@asynccontextmanager
async def _stamper(config: Timestamp, line: Line) -> AsyncIterator[timestamps.Stamper | None]:
    """Who asks for time stamps; None where no authority is configured. Raises OSError, ValueError for its anchors."""
    if not config.url:
        yield None
        return
    anchors = tuple(await asyncio.to_thread(_certificates, config.anchors))
    line.state.stamps = StampDebt()
    async with aiohttp.ClientSession() as session:
        yield timestamps.Stamper(HttpAuthority(session, config.url), anchors, config, line.state.stamps, line.clock)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers."""

    line: Line
    host: str
    port: int
    secure: bool

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


@asynccontextmanager
async def running(
    config: Config, clock: Clock = utc_now, push_ca_pem: str | None = None, seat: Seat | None = None
) -> AsyncIterator[Running]:
    """A gateway with its doors open and its tasks at work; on leaving it drains, and stops.

    The order of leaving is the reverse: doors close first, so that nothing is accepted that nobody would carry; then
    the tasks end (an attempt cut short is only a late retry); the store closes last, when nothing can write any more.
    """
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(open_line(config, clock, seat))
        mailer = _mailer(config)
        people, public, leaked = config.people, config.server.public, _leaked_passwords(config.people)
        provider = await stack.enter_async_context(_provider(config.provider, clock))
        connector = aiohttp.TCPConnector(ssl=tls(push_ca_pem), limit=line.rules.push_concurrency)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        stamper = await stack.enter_async_context(_stamper(config.timestamp, line))
        poster = await stack.enter_async_context(_poster(line, push_ca_pem))
        duties = _duties(line, config.store, stamper, poster, mailer)
        wire = _wire(config, line.name, seat)
        await stack.enter_async_context(_at_work(line, HttpCarrier(session, line.blobs), duties, wire))
        doors = build_app(line, config.http, config.axis, people, provider, config.uploads, public, leaked)
        runner = DoorRunner(doors, shutdown_timeout_s=DRAIN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        secure = server_tls(config.server)
        await (site := _site(runner, config.server, secure, seat)).start()
        if seat is not None:
            seat.doors.listen(BACKLOG)
        port = runner.addresses[0][1]
        yield Running(line, config.server.host, port, secure is not None)
        if seat is not None:
            line.state.leaving = True
            await site.stop()
            await asyncio.sleep(LEAVING_S)
        line.state.draining = True


async def serve(config: Config, ready: Callable[[Running], None], seat: Seat | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until the parent is gone; `ready` is called once the doors are open."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config, seat=seat) as gateway:
        gc.freeze()  # a country's directory stays; looking through it for garbage would stop everybody for 0.2 s
        ready(gateway)
        if seat is not None:
            seat.parent.setblocking(False)
            with suppress(OSError):  # it is gone already
                seat.parent.send(b".")
            loop.add_reader(seat.parent, stop.set)  # the parent never speaks: what can be read is its end
        await stop.wait()
        if seat is not None:
            loop.remove_reader(seat.parent)


def _wire(config: Config, name: str, seat: Seat | None) -> relay.Wire | None:
    """The way to the other processes on the same store; None where there are none."""
    if config.store.url.startswith("postgresql"):
        return Wire(config.store.url, name)
    return None if seat is None else Neighbours(seat.neighbours)


def _site(runner: web.BaseRunner, server: Server, secure: ssl.SSLContext | None, seat: Seat | None) -> web.BaseSite:
    if seat is not None:  # so many connections asyncio takes at a time, too; the queue is made longer afterwards
        return web.SockSite(runner, seat.doors, ssl_context=secure, backlog=1)
    return web.TCPSite(runner, server.host, server.port, ssl_context=secure, backlog=BACKLOG)


@asynccontextmanager
async def _at_work(
    line: Line, carrier: push.Carrier, duties: Mapping[str, tenure.Duty], wire: relay.Wire | None
) -> AsyncIterator[None]:
    """The tasks beside the doors. If one fails, the gateway stops: none of them is optional."""
    async with asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(tenure.run(line, duties), name="tenure"),
            tasks.create_task(push.run(line, carrier), name="push"),
            tasks.create_task(watch.run(line), name="watch"),
            tasks.create_task(uploads.run(line), name="uploads"),
        ]
        if wire is not None:
            work.append(tasks.create_task(relay.run(line, wire), name="relay"))
        if line.pdf_desk is not None:
            work.append(tasks.create_task(line.pdf_desk.refresher.run(), name="revocation"))
        try:
            yield
        finally:
            for task in work:
                task.cancel()


def _duties(
    line: Line, storage: Storage, stamper: timestamps.Stamper | None, poster: webhooks.Poster, mailer: SmtpMailer | None
) -> dict[str, tenure.Duty]:
    """What one process at a time does, of all that share the store."""
    duties: dict[str, tenure.Duty] = {
        "sequencer": lambda: sequencer.run(line),
        "deadlines": lambda: watch.run_deadlines(line),
        "lifecycle": lambda: lifecycle.run(line),
        "search": lambda: indexing.run(line),
        "webhooks": lambda: webhooks.run(line, poster),
        "reminders": lambda: reminders.run(line),
        "mails": lambda: Mails(line, mailer).run(),
        "activity": lambda: activity.run(line),
        "oddities": lambda: oddities.run(line),
        "sweeping": lambda: sweeping.run(
            line, timedelta(hours=storage.orphan_age_h), timedelta(hours=storage.sweep_interval_h)
        ),
    }
    if stamper is not None:
        duties["timestamps"] = lambda: timestamps.run(line, stamper)
    if (folder := line.keeping.publish_dir) is not None:
        duties["publication"] = lambda: publication.run(line, folder)
    if line.keeping.witnesses:
        duties["witnesses"] = lambda: witness_client.run(line)
    return duties


def _mailer(config: Config) -> SmtpMailer | None:
    """The way to the configured mail server; None where mail is off. KeyFileError where the password is not kept."""
    rules = config.mail
    if not rules.host:
        return None
    password = load_password(rules.password_file) if rules.password_file else ""
    return SmtpMailer(rules, password, config.keys.origin)


@asynccontextmanager
async def _provider(rules: ProviderRules, clock: Clock) -> AsyncIterator[Provider | None]:
    """The provider people enter by, until the block ends; None where none is configured. KeyFileError (its secret)."""
    if not rules.issuer:
        yield None
        return
    secret = load_password(rules.secret_file) if rules.secret_file else ""
    async with asking() as asker:
        yield Provider(rules, secret, asker, clock)


def _leaked_passwords(rules: EntranceRules) -> LeakedPasswords | None:
    """The configured list of passwords nobody may take. ConfigFault, OSError."""
    path = rules.leaked_passwords
    try:
        return LeakedPasswords(path) if path else None
    except ValueError as no:
        raise ConfigFault("leaked_passwords", path=str(path)) from no


@asynccontextmanager
async def _poster(line: Line, ca_pem: str | None) -> AsyncIterator[HttpPoster]:
    """The way to the endpoints of webhooks, until the block ends."""
    private = line.webhooks.private_targets
    async with webhook_session(private, tls(ca_pem)) as session:
        yield HttpPoster(session, private)


def _certificates(paths: tuple[Path, ...]) -> list[bytes]:
    """DER of every certificate in PEM files."""
    return [
        certificate.public_bytes(Encoding.DER)
        for path in paths
        for certificate in x509.load_pem_x509_certificates(path.read_bytes())
    ]
