"""A small town for tests of the doors: a ministry, a province with a department behind its hub, a stranger; a real line
on a real store behind a real server on port 0."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import random
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import ParamSpec

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ed25519

from gateway import edxml, trust
from gateway.edxml import Limits, NewAttachment
from gateway.exchange import sequencer
from gateway.exchange.line import DeliveryRules, Line, State
from gateway.exchange.provider import Provider
from gateway.http import DoorRunner, HttpLimits, PublicAddress, build_app
from gateway.http.axis import AxisRules
from gateway.ledger import NoteKey, NoteSigner
from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer
from gateway.model.packet import Business, BusinessType, Document, DocumentType, Organ
from gateway.model.packet import Signer as SignerInfo
from gateway.model.signers import Capacity, Delegation, Rank, Signer
from gateway.store import CredentialKind, PutCredential, PutDirectory, Store, queries
from gateway.trust import load_ed25519, seal
from gateway.trust.derived import DerivingKey
from tests.pki import NOW, key_pem, pki, write_key

P = ParamSpec("P")

MINISTRY, PROVINCE, DEPARTMENT, FAR = "G22.00.00", "H29.00.00", "H29.17.00", "G99.00.00"
DOCUMENT_ID = f"{MINISTRY},2026/11/20,7816/BKT-VP"
SIGNER = "Nguyễn Thị Ánh"
HANGS_S = 300.0
TOKENS = {"bo": "ministry-token", "tinh": "province-token", "xa": "stranger-token"}


def awaited(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """An async test, run to its end in a loop of its own. Only one that hangs is given up."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), HANGS_S))  # type: ignore[arg-type]

    return run


def directory() -> Directory:
    certificate = (pki().p256.der,)
    return Directory(
        1,
        (
            Agency(
                MINISTRY,
                "Bộ Kiểm thử",
                (MINISTRY,),
                certificates=certificate,
                kinds=(AgencyKind.MINISTRY,),
                signers=(Signer(SIGNER, "Chánh Văn phòng", Rank.UNIT_HEAD),),
                delegations=(Delegation(Capacity.ORDER, SIGNER, "01/QĐ-BKT"),),
            ),
            Agency(PROVINCE, "Ủy ban nhân dân tỉnh Kiểm thử", (PROVINCE, "000.00.00.H29"), certificates=certificate),
            Agency(DEPARTMENT, "Sở Kiểm thử", (DEPARTMENT,), parent=PROVINCE),
            Agency(FAR, "Cơ quan ở xa", (FAR,), certificates=certificate),
        ),
        (
            Peer("bo", "Hệ thống của Bộ", (Grant(MINISTRY),)),
            Peer("tinh", "Trục của tỉnh", (Grant(PROVINCE, subtree=True),)),
            Peer("xa", "Hệ thống ở xa", (Grant(FAR),)),
        ),
    )


@functools.cache
def _founded() -> Path:
    """A database with the town in it, made once and copied for each test."""
    folder = Path(mkdtemp(prefix="town-"))
    url = f"sqlite:///{folder / 'truc.db'}"
    Store.create(url)
    asyncio.run(_settle(url, folder))
    return folder / "truc.db"


async def _settle(url: str, folder: Path) -> None:
    store = Store.open(url, folder / "blobs")
    try:
        await store.write(PutDirectory(directory(), NOW))
        for peer, token in TOKENS.items():
            digest = hashlib.sha256(token.encode()).hexdigest()
            await store.write(PutCredential(digest, CredentialKind.TOKEN, peer, NOW))
    finally:
        store.close()


@dataclass
class Clock:
    """The town's clock: it stands at NOW and goes only when told."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        """Let time go by: `seconds=…`, `hours=…`."""
        self.now += timedelta(**span)


@dataclass
class Town:
    """The running line and where its doors are."""

    line: Line
    clock: Clock
    app: web.Application
    port: int
    url: str
    session: aiohttp.ClientSession
    sequencing: asyncio.Task[None]

    async def pass_(self, **span: float) -> None:
        """Let time go by, once everything is under a checkpoint: the line refuses where entries stay unsealed."""
        while True:
            head = await self.line.store.read(queries.ledger_head)
            if head.size == head.tree_size and self.line.state.unsealed_since is None:
                self.clock.pass_(**span)
                return
            await asyncio.sleep(0.01)

    async def ask(
        self, method: str, path: str, token: str | None = "bo", **options: object
    ) -> tuple[int, bytes, aiohttp.typedefs.LooseHeaders]:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {TOKENS.get(token, token)}")
        if isinstance(data := options.get("data"), bytes):
            options["data"] = io.BytesIO(data)  # aiohttp objects to large bodies given as bytes
        async with self.session.request(method, self.url + path, headers=headers, **options) as answer:
            return answer.status, await answer.read(), answer.headers


def open_line(store: Store, folder: Path, clock: Clock, limits: Limits | None = None) -> Line:
    key = note_key(folder)
    return Line(
        store=store,
        blobs=store.blobs,
        trust=pki().trust,
        signer=pki().gateway.signer,
        notary=NoteSigner(NoteKey("truc.test/ledger", key.public_bytes), key.sign),
        secrets=DerivingKey(bytes(range(32))),
        limits=limits or Limits(),
        rules=DeliveryRules(poll_s=0.05),
        clock=clock,
        chance=random.Random(7),
        state=State(directory()),
        disk_free_bytes_min=0,
    )


def note_key(folder: Path) -> trust.NoteKey:
    """The town's checkpoint key, made at its first use."""
    path = folder / "note.key"
    if not path.exists():
        write_key(path, key_pem(ed25519.Ed25519PrivateKey.generate()))
    return load_ed25519(path)


@asynccontextmanager
async def town(
    folder: Path,
    http: HttpLimits | None = None,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    url: str | None = None,
    axis: AxisRules | None = None,
    provider: Callable[[Clock], Provider] | None = None,
    public: PublicAddress | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Town]:
    """The town, served until the block ends; in a fresh database at `url` where one is given."""
    if url is None:
        shutil.copy(await asyncio.to_thread(_founded), folder / "truc.db")
        url = f"sqlite:///{folder / 'truc.db'}"
    else:
        await _settle(url, folder)
    store = Store.open(url, folder / "blobs")
    clock = clock or Clock()
    line = open_line(store, folder, clock, limits)
    app = build_app(line, http, axis, provider=provider(clock) if provider else None, public=public)
    runner = DoorRunner(app, shutdown_timeout_s=2.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    scheme = "https" if tls else "http"
    sequencing = asyncio.create_task(sequencer.run(line))
    line.state.on_duty = True
    try:
        async with aiohttp.ClientSession() as session:
            yield Town(line, clock, app, port, f"{scheme}://127.0.0.1:{port}", session, sequencing)
    finally:
        sequencing.cancel()
        await asyncio.gather(sequencing, return_exceptions=True)
        await runner.cleanup()
        store.close()


def document_of(document_id: str, to: Sequence[str] = (PROVINCE,), sender: str = MINISTRY) -> Document:
    """What a good document says."""
    named = {one.key: one.name for one in directory().agencies} | {"000.00.00.H29": directory().agencies[1].name}
    return Document(
        sender=Organ(sender, named.get(sender)),
        addressees=tuple(Organ(one, named.get(one, "Nơi nhận")) for one in to),
        document_id=document_id,
        code_number="7816",
        code_notation="BKT-VP",
        place="Hà Nội",
        promulgated_on="2026/11/20",
        document_type=DocumentType("2", "18", "Công văn"),
        subject="V/v kiểm thử liên thông văn bản",
        signer=SignerInfo("TL. BỘ TRƯỞNG", "CHÁNH VĂN PHÒNG", SIGNER),
        to_places=("Như trên", "Lưu: VT"),
        business=Business(BusinessType.NEW),
    )


def packet(
    document_id: str = DOCUMENT_ID,
    to: Sequence[str] = (PROVINCE,),
    sender: str = MINISTRY,
    attachments: Sequence[tuple[str, bytes]] = (("giấy mời.pdf", b"%PDF-1.7 noi dung"),),
    sealed: bool = True,
    **said: object,
) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """A packet: its envelope, and its attachments by content id. `said`: what the document says otherwise."""
    content = replace(document_of(document_id, to, sender), **said)
    rows = [(f"tep-{number}", name, data) for number, (name, data) in enumerate(attachments, start=1)]
    skeleton = edxml.write(content, [NewAttachment(cid, "application/pdf", name) for cid, name, _ in rows])
    if sealed:
        digests = [(cid, hashlib.sha256(data).hexdigest()) for cid, _, data in rows]
        skeleton = seal(skeleton, digests, pki().p256.signer, NOW)
    return skeleton, tuple((cid, data) for cid, _, data in rows)


def inline(skeleton: bytes, attachments: Sequence[tuple[str, bytes]]) -> bytes:
    """The field's file."""
    return b"".join(edxml.inline(skeleton, [(data,) for _, data in attachments]))


def form(skeleton: bytes, attachments: Sequence[tuple[str, bytes]], boundary: str = "ranh-gioi") -> bytes:
    """The same as a form."""
    parts = [("packet", skeleton), *attachments]
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in parts
    )
    return body + f"--{boundary}--\r\n".encode()


FORM = {"Content-Type": "multipart/form-data; boundary=ranh-gioi"}
FILE = {"Content-Type": "application/edxml+xml"}
