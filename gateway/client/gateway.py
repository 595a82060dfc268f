"""The client an agency's system uses: submit, collect, answer, follow, prove."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from gateway.client.events import changes
from gateway.client.folder import Landing
from gateway.client.life_results import Content, Related, Thread, UnmatchedPage
from gateway.client.packets import Progress, Source, prepared
from gateway.client.problem import Problem, TransferDamaged
from gateway.client.results import (
    Accepted,
    Agencies,
    Agency,
    Change,
    DeliveryAnswered,
    Dispatch,
    Dispatches,
    Evidence,
    EvidenceList,
    Examination,
    Fetched,
    Inbox,
    InboxItem,
    Recall,
    Refusals,
    Reported,
)
from gateway.client.uploads import remove, upload_large
from gateway.client.wire import QUIET_TIMEOUT_S, Ask, Patience, Wire
from gateway.edxml import Limits
from gateway.model.packet import Staff

Shape = TypeVar("Shape")

WAIT_S = 30.0
PAGE_ROWS = 500
BATCH_BYTES = 1024 * 1024


class GatewayClient:
    """One agency system's connection to the gateway. An async context manager; safe to share between tasks.

    Everything may be repeated: a submission is known by its digest, an acknowledgement by its delivery. So whatever may
    pass (an unreachable gateway, `Problem.transient`) is tried again, with pauses, before it is raised.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        language: str = "vi",
        patience: Patience | None = None,
        limits: Limits | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """`tls` holds the client certificate where that is how this system is known; `token` otherwise."""
        self._settings = (base_url, token, tls, language, patience or Patience(), chance or random.Random())  # noqa: S311  (jitter)
        self._limits = limits or Limits()
        self._opened: Wire | None = None

    async def __aenter__(self) -> GatewayClient:
        self._opened = Wire(*self._settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.close()

    @property
    def _wire(self) -> Wire:
        assert self._opened is not None, "use `async with GatewayClient(...)`"
        return self._opened

    async def submit(self, source: Source, progress: Progress | None = None) -> Accepted:
        """Submit a packet: a `.edxml` file, its bytes, or `Parts`. Problem where it is refused."""
        return await self._send_packet("/v1/packets", source, Accepted, progress)

    async def examine(self, source: Source, progress: Progress | None = None) -> Examination:
        """Ask what a submission would be told. Records nothing."""
        return await self._send_packet("/v1/examinations", source, Examination, progress)

    async def inbox(self, wait_s: float = 0.0, after: str | None = None, limit: int = 100) -> Inbox:
        """What waits for us; with `wait_s`, as soon as something does."""
        query = {"wait_s": str(wait_s), "limit": str(limit)} | ({"after": after} if after else {})
        ask = Ask("GET", "/v1/inbox", query, quiet_s=wait_s + QUIET_TIMEOUT_S)
        return await self._wire.ask(ask, _decoded(Inbox))

    async def deliveries(self, wait_s: float = WAIT_S) -> AsyncIterator[InboxItem]:
        """Everything that waits and everything that comes, each once, without end.

        The whole inbox is listed each time: what was admitted at one moment may appear in any order, so a cursor that
        has gone ahead could pass something over. Whoever acknowledges what it stored keeps the list short.
        """
        seen: set[str] = set()
        while True:
            listed = await self.waiting()
            news = [item for item in listed if item.delivery_id not in seen]
            for item in news:
                yield item
            seen = {item.delivery_id for item in listed}
            if not news:
                await self.inbox(wait_s, after=listed[-1].delivery_id if listed else None, limit=1)

    async def waiting(self) -> list[InboxItem]:
        """Everything that waits for us now."""
        page = await self.inbox(limit=PAGE_ROWS)
        items = [*page.deliveries]
        while len(page.deliveries) == PAGE_ROWS:
            page = await self.inbox(after=page.next, limit=PAGE_ROWS)
            items += page.deliveries
        return items

    async def fetch(self, delivery_id: str, folder: Path, progress: Progress | None = None) -> Fetched:
        """The packet into a folder: `<delivery>.edxml`, and its attachments in `<delivery>/` under safe names.

        Many documents enclose a `van-ban.pdf`: in a folder of its own, none takes another's place.
        """
        return await self._fetch(delivery_id, folder / f"{delivery_id}.edxml", folder / delivery_id, progress)

    async def fetch_file(self, delivery_id: str, path: Path, progress: Progress | None = None) -> Fetched:
        """The packet into one file, as the field knows it."""
        return await self._fetch(delivery_id, path, None, progress)

    async def acknowledge(self, delivery_id: str) -> DeliveryAnswered:
        """Say that the packet is stored here. Only then has the gateway done its part."""
        return await self._answer(delivery_id, {"stored": True})

    async def decline(self, delivery_id: str, reason: str) -> DeliveryAnswered:
        """Say that the packet is not taken, and why; its sender reads the reason."""
        return await self._answer(delivery_id, {"refused": reason})

    async def report_status(
        self, delivery_id: str, code: str, description: str | None = None, staff: Staff | None = None
    ) -> Reported:
        """Tell a document's sender what was done with it: 01 to 06, or 15 and 16 to what it asked; `staff`: by whom."""
        answer: dict[str, object] = {"code": code}
        answer |= {"description": description} if description else {}
        answer |= {"staff": msgspec.to_builtins(staff)} if staff else {}
        return await self._tell(f"/v1/deliveries/{_part(delivery_id)}/status", answer, Reported)

    async def recall(self, dispatch_id: str, reason: str, addressees: Sequence[str] | None = None) -> Recall:
        """Ask a document back, from every addressee or from some."""
        asked = {"reason": reason} | ({"addressees": list(addressees)} if addressees is not None else {})
        return await self._tell(f"/v1/dispatches/{_part(dispatch_id)}/recall", asked, Recall)

    async def status(self, dispatch_id: str) -> Dispatch:
        """A dispatch, its addressees, and what happened at each."""
        return await self._get(f"/v1/dispatches/{_part(dispatch_id)}", Dispatch)

    async def find(self, document_id: str) -> tuple[Dispatch, ...]:
        """What we sent under a document id."""
        return (await self._get("/v1/dispatches", Dispatches, {"document_id": document_id})).dispatches

    async def unmatched(self, after: int = -1) -> UnmatchedPage:
        """A page of the statuses we sent or got that speak of no document the register knows."""
        return await self._get("/v1/statuses/unmatched", UnmatchedPage, {"after": str(after)})

    async def content(self, delivery_id: str) -> Content:
        """What the packet of a delivery says, without its XML. Recorded as handed over."""
        return await self._get(f"/v1/deliveries/{_part(delivery_id)}/content", Content)

    async def versions(self, dispatch_id: str) -> tuple[Related, ...]:
        """A document and all that recalled, updated or replaced it, from any of them."""
        return (await self._get(f"/v1/dispatches/{_part(dispatch_id)}/versions", Thread)).dispatches

    async def thread(self, dispatch_id: str) -> tuple[Related, ...]:
        """The documents of a case: versions, and those that answer one another."""
        return (await self._get(f"/v1/dispatches/{_part(dispatch_id)}/thread", Thread)).dispatches

    async def receipt(self, dispatch_id: str) -> bytes:
        """The sealed receipt, XML."""
        return await self._wire.ask(Ask("GET", f"/v1/dispatches/{_part(dispatch_id)}/receipt"), _bytes)

    async def report(self, dispatch_id: str) -> bytes:
        """The sealed examination report, XML."""
        return await self._wire.ask(Ask("GET", f"/v1/dispatches/{_part(dispatch_id)}/report"), _bytes)

    async def proof(self, dispatch_id: str, event: int | None = None) -> bytes:
        """The case file (ASiC-E) that proves a dispatch offline; `event`: that entry alone, for a third party."""
        query = {} if event is None else {"event": str(event)}
        return await self._wire.ask(Ask("GET", f"/v1/dispatches/{_part(dispatch_id)}/proof", query), _bytes)

    async def evidence(self, dispatch_id: str) -> tuple[Evidence, ...]:
        """What there is evidence of, in the ledger's order."""
        return (await self._get(f"/v1/dispatches/{_part(dispatch_id)}/evidence", EvidenceList)).evidence

    async def evidence_document(self, dispatch_id: str, index: int, event: str) -> bytes:
        """One evidence, sealed XML."""
        path = f"/v1/dispatches/{_part(dispatch_id)}/evidence/{index}/{_part(event)}"
        return await self._wire.ask(Ask("GET", path), _bytes)

    async def refusals(self, after: int = 0) -> Refusals:
        """A page of what was refused to us, from behind number `after`."""
        return await self._get("/v1/refusals", Refusals, {"after": str(after)})

    async def refusal_evidence(self, index: int) -> bytes:
        """The evidence of a refusal, sealed XML. `index` is its `ledger_index`."""
        return await self._wire.ask(Ask("GET", f"/v1/refusals/{index}/evidence"), _bytes)

    async def checkpoint(self) -> bytes:
        """The ledger's latest signed checkpoint."""
        return await self._wire.ask(Ask("GET", "/checkpoint"), _bytes)

    async def agencies(self, query: str = "") -> AsyncIterator[Agency]:
        """Agencies whose name or identifier contains `query`, by key."""
        after: str | None = None
        while True:
            page = await self._get("/v1/agencies", Agencies, {"query": query} | ({"after": after} if after else {}))
            for agency in page.agencies:
                yield agency
            after = page.next
            if after is None:
                return

    async def events(self, after: int = 0) -> AsyncIterator[Change]:
        """Changes of our deliveries from behind number `after`, without loss over broken connections, without end."""
        async for change in changes(self._wire, after):
            yield change

    async def _get(self, path: str, shape: type[Shape], query: Mapping[str, str] | None = None) -> Shape:
        return await self._wire.ask(Ask("GET", path, query or {}), _decoded(shape))

    async def _answer(self, delivery_id: str, answer: Mapping[str, object]) -> DeliveryAnswered:
        return await self._tell(f"/v1/deliveries/{_part(delivery_id)}/acknowledgement", answer, DeliveryAnswered)

    async def _tell(self, path: str, told: Mapping[str, object], shape: type[Shape]) -> Shape:
        body = msgspec.json.encode(told)
        ask = Ask("POST", path, headers={"Content-Type": "application/json"}, body=lambda: body)
        return await self._wire.ask(ask, _decoded(shape))

    async def _send_packet(self, path: str, source: Source, shape: type[Shape], progress: Progress | None) -> Shape:
        """Large attachments first, each by an upload that goes on where a line broke; then the packet that names
        them."""
        with await prepared(source, self._limits) as parcel:
            ahead = await upload_large(self._wire, parcel, progress)
            body = parcel.body(ahead)
            headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
            ask = Ask("POST", path, headers=headers, body=lambda: body.pieces(None if ahead else progress))
            try:
                answer = await self._wire.ask(ask, _decoded(shape))
            except Problem:
                await remove(self._wire, ahead)
                raise
            await remove(self._wire, ahead)
            return answer

    async def _fetch(
        self, delivery_id: str, packet: Path, attachments_in: Path | None, progress: Progress | None
    ) -> Fetched:
        async def land(answer: aiohttp.ClientResponse) -> Fetched:
            landing = await asyncio.to_thread(Landing, packet, attachments_in, self._limits)
            try:
                done = 0
                async for piece in answer.content.iter_chunked(BATCH_BYTES):
                    await asyncio.to_thread(landing.feed, piece)
                    done += len(piece)
                    if progress is not None:
                        progress(done, answer.content_length or 0)
                announced = (answer.headers.get("X-Dispatch-Id", ""), answer.headers.get("X-Packet-Digest", ""))
                return await asyncio.to_thread(landing.keep, delivery_id, *announced)
            finally:
                await asyncio.to_thread(landing.drop)

        path = f"/v1/deliveries/{_part(delivery_id)}/packet"
        return await self._wire.ask(Ask("GET", path, headers={"Accept": "application/edxml+xml"}), land)


def _part(written: str) -> str:
    """A variable part of a path, whatever it contains."""
    return quote(written, safe="")


def _decoded(shape: type[Shape]) -> Callable[[aiohttp.ClientResponse], Awaitable[Shape]]:
    async def read(answer: aiohttp.ClientResponse) -> Shape:
        body = await answer.read()
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TransferDamaged(f"the answer is not what this client knows: {error}") from error

    return read


async def _bytes(answer: aiohttp.ClientResponse) -> bytes:
    return await answer.read()
