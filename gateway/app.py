"""The one place that wires things: from a configuration to a running gateway."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config import Config, ConfigFault, Pdf, Server, Timestamp
from gateway.exchange import lifecycle, publication, push, reminders, sequencer, timestamps, watch, webhooks
from gateway.exchange.keeping import Keeping, Witness
from gateway.exchange.key_record import bind_ledger_key, previous_key_path, record_seal_certificate
from gateway.exchange.line import Clock, Line, StampDebt, State
from gateway.exchange.mails import Mails
from gateway.exchange.pdf_desk import PdfDesk
from gateway.exchange.revocation import Refresher, RefreshRules
from gateway.http import DoorRunner, build_app, witness_client
from gateway.http.carrier import HttpCarrier, tls
from gateway.http.fetcher import HttpFetcher
from gateway.http.mail import SmtpMailer
from gateway.http.tsa import HttpAuthority
from gateway.http.webhooks import HttpPoster
from gateway.http.webhooks import session as webhook_session
from gateway.ledger import NoteKey, NoteSigner
from gateway.model.calendar import Calendar, CalendarError, read_calendar, shipped_calendar
from gateway.store import Grouping, Store
from gateway.store.last_signed import LastSigned
from gateway.trust import TrustStore, check_key_file, load_ed25519, load_signer
from gateway.trust.anchors import load_anchors
from gateway.trust.chains import Chains
from gateway.trust.derived import load_deriving_key
from gateway.trust.keys import load_password

DRAIN_S = 20.0
"""How long requests under way may take to finish after the gateway was told to stop."""


def utc_now() -> datetime:
    """The clock of a real gateway."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_line(config: Config, clock: Clock = utc_now) -> AsyncIterator[Line]:
    """The line over the configured store and keys. Raises StoreNotice, KeyFileError, OSError: all name the mend.

    The origin is bound to the store at the first opening: a ledger signed under two names would be two ledgers.
    """
    signer = load_signer(config.keys.seal_key, config.keys.seal_certificate)
    ledger_key = load_ed25519(config.keys.ledger_key)
    deriving_key = load_deriving_key(config.keys.derive_key)
    trust = TrustStore(await asyncio.to_thread(_certificates, config.trust.anchors))
    storage = config.store
    grouping = Grouping(storage.group_operations_max, storage.group_wait_ms / 1000)
    store = Store.open(storage.url, storage.blob_dir, storage.inline_bytes_max, grouping)
    desk = AsyncExitStack()
    try:
        pdf_desk = await desk.enter_async_context(_pdf_desk(config.pdf, clock))
        notary = NoteSigner(NoteKey(config.keys.origin, ledger_key.public_bytes), ledger_key.sign)
        keeping = _keeping(config)
        await bind_ledger_key(store, notary, keeping.previous, clock())
        await record_seal_certificate(store, signer.certificate_der, clock())
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
    """How the ledger is kept. Raises KeyFileError, ProofError for what is configured wrongly."""
    key, rules = config.keys.ledger_key, config.ledger
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
async def running(config: Config, clock: Clock = utc_now, push_ca_pem: str | None = None) -> AsyncIterator[Running]:
    """A gateway with its doors open and its tasks at work; on leaving it drains, and stops.

    The order of leaving is the reverse: doors close first, so that nothing is accepted that nobody would carry; then
    the tasks end (an attempt cut short is only a late retry); the store closes last, when nothing can write any more.
    """
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(open_line(config, clock))
        mailer = _mailer(config)
        connector = aiohttp.TCPConnector(ssl=tls(push_ca_pem), limit=line.rules.push_concurrency)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        stamper = await stack.enter_async_context(_stamper(config.timestamp, line))
        await stack.enter_async_context(_at_work(line, HttpCarrier(session, line.blobs), stamper))
        await stack.enter_async_context(_telling(line, mailer, push_ca_pem))
        runner = DoorRunner(build_app(line, config.http, config.axis, config.people), shutdown_timeout_s=DRAIN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        secure = server_tls(config.server)
        site = web.TCPSite(runner, config.server.host, config.server.port, ssl_context=secure, backlog=1024)
        await site.start()
        port = runner.addresses[0][1]
        yield Running(line, config.server.host, port, secure is not None)
        line.state.draining = True


async def serve(config: Config, ready: Callable[[Running], None]) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once the doors are open."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config) as gateway:
        gc.freeze()  # a country's directory stays; looking through it for garbage would stop everybody for 0.2 s
        ready(gateway)
        await stop.wait()


def server_tls(server: Server) -> ssl.SSLContext | None:
    """TLS of the doors; with `client_ca`, peers may show a certificate of that authority (mutual TLS)."""
    if server.tls_certificate is None or server.tls_key is None:
        return None
    check_key_file(server.tls_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.tls_certificate, server.tls_key)
    if server.client_ca is not None:
        context.load_verify_locations(server.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL  # a peer may come with a token instead
    return context


@asynccontextmanager
async def _at_work(line: Line, carrier: push.Carrier, stamper: timestamps.Stamper | None) -> AsyncIterator[None]:
    """The tasks beside the doors. If one fails, the gateway stops: none of them is optional."""
    async with asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(sequencer.run(line), name="sequencer"),
            tasks.create_task(push.run(line, carrier), name="push"),
            tasks.create_task(watch.run(line), name="watch"),
            tasks.create_task(lifecycle.run(line), name="lifecycle"),
        ]
        if stamper is not None:
            work.append(tasks.create_task(timestamps.run(line, stamper), name="timestamps"))
        if line.keeping.publish_dir is not None:
            work.append(tasks.create_task(publication.run(line, line.keeping.publish_dir), name="publication"))
        if line.keeping.witnesses:
            work.append(tasks.create_task(witness_client.run(line), name="witnesses"))
        if line.pdf_desk is not None:
            work.append(tasks.create_task(line.pdf_desk.refresher.run(), name="revocation"))
        try:
            yield
        finally:
            for task in work:
                task.cancel()


def _mailer(config: Config) -> SmtpMailer | None:
    """The way to the configured mail server; None where mail is off. KeyFileError where the password is not kept."""
    rules = config.mail
    if not rules.host:
        return None
    password = load_password(rules.password_file) if rules.password_file else ""
    return SmtpMailer(rules, password, config.keys.origin)


@asynccontextmanager
async def _telling(line: Line, mailer: SmtpMailer | None, ca_pem: str | None) -> AsyncIterator[None]:
    """Webhooks, reminders and mails at work, until the block ends."""
    private = line.webhooks.private_targets
    async with webhook_session(private, tls(ca_pem)) as session, asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(webhooks.run(line, HttpPoster(session, private)), name="webhooks"),
            tasks.create_task(reminders.run(line), name="reminders"),
            tasks.create_task(Mails(line, mailer).run(), name="mails"),
        ]
        try:
            yield
        finally:
            for task in work:
                task.cancel()


def _certificates(paths: tuple[Path, ...]) -> list[bytes]:
    """DER of every certificate in PEM files."""
    return [
        certificate.public_bytes(Encoding.DER)
        for path in paths
        for certificate in x509.load_pem_x509_certificates(path.read_bytes())
    ]
