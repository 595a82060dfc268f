"""The recipients: systems that pull, each with its habit, and the province's hub, which is pushed to over HTTPS.

They know the gateway only through its doors, and what they stored only from what came through them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import edxml
from gateway.client import GatewayClient, InboxItem, Problem
from gateway.demo.cast import Cast, Issuer, Player, certificate_pem, key_pem
from gateway.demo.narrator import Narrator
from gateway.demo.papers import read
from gateway.demo.stage import write_new
from gateway.model.packet import Status
from gateway.model.reasons import Reason

LOOPBACK = "127.0.0.1"
PUSH_BYTES_MAX = 64 * 1024 * 1024
FINAL = {"acknowledged", "refused", "expired", "withdrawn"}


@dataclass(slots=True)
class Shelves:
    """What the recipients stored: the field's file, by dispatch and agency. More than one would be one too many."""

    files: defaultdict[tuple[str, str], list[bytes]] = field(default_factory=lambda: defaultdict(list))

    @property
    def dispatches(self) -> set[str]:
        return {dispatch_id for dispatch_id, _ in self.files}

    def store(self, dispatch_id: str, agency: str, file: bytes) -> None:
        self.files[dispatch_id, agency].append(file)


@dataclass(frozen=True, slots=True)
class Habit:
    """What a system does with a document it fetched."""

    answers_after_s: float = 0.0
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class Puller:
    """A system that asks for its deliveries, stores them, and answers as is its habit."""

    player: Player
    client: GatewayClient
    folder: Path
    shelves: Shelves
    narrator: Narrator
    habit: Habit = Habit()

    async def run(self) -> None:
        """Take whatever comes, until cancelled."""
        async for item in self.client.deliveries():
            try:
                await self._take(item)
            except Problem as no:
                if no.reason != Reason.STATE_CONFLICT:  # otherwise its sender took it back in this very moment
                    raise

    async def _take(self, item: InboxItem) -> None:
        fetched = await self.client.fetch(item.delivery_id, self.folder)
        file = await asyncio.to_thread(fetched.packet.read_bytes)
        if item.kind == "status":
            await self._keep(item, file)
            self._tell_status(item, file)
        elif self.habit.refuses:
            reason = self.narrator.say("demo.words.not_ours")
            await self.client.decline(item.delivery_id, reason)
            self._tell("declined", code=item.code, reason=reason)
        elif self.habit.answers_after_s:
            self._tell("fetched", code=item.code, wait=f"{self.habit.answers_after_s:g}")
            await asyncio.sleep(self.habit.answers_after_s)
            await self._keep(item, file)
            self._tell("late", code=item.code)
        else:
            await self._keep(item, file)
            self._tell("stored", code=item.code, files=len(fetched.attachments))

    async def _keep(self, item: InboxItem, file: bytes) -> None:
        self.shelves.store(item.dispatch_id, item.addressee, file)
        await self.client.acknowledge(item.delivery_id)

    def _tell(self, key: str, **values: object) -> None:
        self.narrator.tell(self.player.short_name, key, **values)

    def _tell_status(self, item: InboxItem, file: bytes) -> None:
        content = read(file).content
        assert isinstance(content, Status), item.kind
        _tell_status(self.narrator, self.player.short_name, content)


class Hub:
    """The province's hub: the gateway pushes to it, for the province and for the department behind it.

    On its first day at work it is out of breath once, and once loses the line after it has stored: what then comes
    again comes under the same key, and is not stored again.
    """

    def __init__(self, cast: Cast, shelves: Shelves, narrator: Narrator) -> None:
        self._names = {cast.hub.agency: cast.hub.short_name, cast.department.agency: cast.department.short_name}
        self._hub, self._shelves, self._narrator = cast.hub.short_name, shelves, narrator
        self._seen: set[str] = set()
        self._trouble = {cast.hub.agency: "busy", cast.department.agency: "cut"}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take one pushed packet."""
        key, agency = request.headers["Idempotency-Key"], request.headers["Truc-Addressee"]
        file = await _pushed(request)
        trouble = self._trouble.pop(agency, "")
        if trouble == "busy":
            self._tell("hub_busy", agency, file, request)
            return web.Response(status=503)
        if key in self._seen:
            told = "hub_again"
        else:
            self._seen.add(key)
            self._shelves.store(request.headers["Truc-Dispatch"], agency, file)
            told = "hub_cut" if trouble == "cut" else "hub_stored"
        self._tell(told, agency, file, request)
        if trouble == "cut" and request.transport is not None:
            request.transport.abort()
        return web.json_response({"stored": True})

    def _tell(self, key: str, agency: str, file: bytes, request: web.Request) -> None:
        content, attempt = read(file).content, request.headers["Truc-Attempt"]
        if isinstance(content, Status):  # the visitor asks for something back
            _tell_status(self._narrator, self._hub, content)
            return
        told = "hub_at_last" if key == "hub_stored" and attempt != "1" else key
        self._narrator.tell(self._hub, told, code=content.code, agency=self._names[agency], attempt=attempt)


def _tell_status(narrator: Narrator, who: str, content: Status) -> None:
    code, means = content.status_code, narrator.say(f"demo.status.{content.status_code}")
    about = content.response_for.code
    narrator.tell(who, "status_came", sender=content.sender.name, status=code, means=means, code=about)


def doorstep() -> socket.socket:
    """A socket on a free port of loopback: its address is known before anybody listens."""
    return socket.create_server((LOOPBACK, 0))


def hub_url(step: socket.socket) -> str:
    """Where the hub will be, on a socket of `doorstep`."""
    return f"https://{LOOPBACK}:{step.getsockname()[1]}/packets"


@asynccontextmanager
async def listening(hub: Hub, step: socket.socket, folder: Path, issuer: Issuer) -> AsyncIterator[None]:
    """The hub's HTTPS endpoint, with a throwaway certificate."""
    app = web.Application(client_max_size=PUSH_BYTES_MAX)
    app.router.add_post("/packets", hub.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, step, ssl_context=_tls(folder, issuer)).start()
        yield
    finally:
        await runner.cleanup()


class Newsreader:
    """Follows the event stream of one system, as its own screen would."""

    def __init__(self, client: GatewayClient) -> None:
        self._client = client
        self._latest: dict[tuple[str, str], str] = {}
        self._news = asyncio.Condition()

    async def run(self, narrator: Narrator, names: Mapping[str, str]) -> None:
        """Read until cancelled; tell what nobody else would: a deadline that passed."""
        async for change in self._client.events():
            if change.event == "expired":
                narrator.tell(narrator.say("demo.words.gateway"), "expired", agency=names[change.addressee])
            async with self._news:
                self._latest[change.dispatch_id, change.addressee] = change.event
                self._news.notify_all()

    async def settled(self, dispatch_id: str, agencies: tuple[str, ...], within_s: float) -> bool:
        """Wait until each agency's delivery has come to an end. False where that took too long."""

        def ended() -> bool:
            return all(self._latest.get((dispatch_id, agency)) in FINAL for agency in agencies)

        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(ended)
        except TimeoutError:
            return False
        return True


async def _pushed(request: web.Request) -> bytes:
    """The field's file of a pushed form: the envelope, and each attachment put back in its place."""
    parts = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "the gateway nests no forms"
        parts.append(bytes(await part.read()))
    skeleton, *attachments = parts
    return b"".join(edxml.inline(skeleton, [[data] for data in attachments]))


def _tls(folder: Path, issuer: Issuer) -> ssl.SSLContext:
    endpoint = issuer.issue("DEMO – Trục liên thông tỉnh Mẫu", ec.generate_private_key(ec.SECP256R1()), host=LOOPBACK)
    key, certificate = folder / "hub-tls.key", folder / "hub-tls.pem"
    write_new(key, key_pem(endpoint), 0o600)
    write_new(certificate, certificate_pem(endpoint))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
