"""The connector at work: three loops that each may be killed anywhere and begin again where the folders say."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from gateway.client.collector import Collector, Handover
from gateway.client.connector import outbox, shelf
from gateway.client.connector.settings import FOLDERS, Settings
from gateway.client.folder import safe_name
from gateway.client.gateway import GatewayClient
from gateway.client.problem import Problem, TransferDamaged, Unreachable
from gateway.client.results import Change, Dispatch, InboxItem
from gateway.client.wire import Patience
from gateway.edxml import Limits
from gateway.model.refusal import Refused
from gateway.model.words import text

STATE = ".connector"
AT_ONCE = 4
"""Documents sent at the same time: one that takes long does not hold up the others."""
AGAIN_S = 30.0
"""Pause before a loop that met trouble begins again."""
LATER = Patience(first_s=5.0, most_s=600.0)

JUDGED = frozenset({400, 403, 404, 409, 413, 415, 422})
"""Statuses that speak of a document, where the gateway gives its reason; 401 speaks of us."""

Trouble = (Problem, Unreachable, TransferDamaged, OSError, sqlite3.Error)


class Tell(Protocol):
    """Says one line to a person: a key of the catalogues and its values."""

    def __call__(self, key: str, /, **values: object) -> None: ...


class Connector:
    """One agency's folders and its connection to the gateway. A context manager.

    JournalTaken where another connector works on these folders.
    """

    def __init__(
        self,
        gateway: GatewayClient,
        settings: Settings,
        tell: Tell,
        patience: Patience = LATER,
        again_s: float = AGAIN_S,
    ) -> None:
        self._gateway, self._tell, self._lang = gateway, tell, settings.language
        self._patience, self._again_s, self._look_s = patience, again_s, settings.look_s
        for name in FOLDERS:
            (settings.root / name).mkdir(parents=True, exist_ok=True)
        self._sent, self._refused, self._inbox, self._news = (settings.root / name for name in FOLDERS[1:])
        self._outbox = outbox.Outbox(settings.root / "outbox", settings.settled_s)
        self._collector = Collector(gateway, settings.root / STATE, trouble=self._left, patience=patience)
        self._work = settings.root / STATE / "work"
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        self._tries: dict[str, tuple[int, float]] = {}
        self._under_way: set[str] = set()

    def __enter__(self) -> Connector:
        return self

    def __exit__(self, *_: object) -> None:
        self._collector.__exit__()

    async def run(self) -> None:
        """Send, collect and tell the news, until cancelled."""
        async with asyncio.TaskGroup() as loops:
            for work in (self._sending, self._collecting, self._telling_news):
                loops.create_task(self._kept_up(work))

    async def _kept_up(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except* Trouble as faults:
                self._tell("connector.again", cause=_words(faults), pause=f"{self._again_s:g}")
            await asyncio.sleep(self._again_s)

    async def _sending(self) -> None:
        places, loop = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop()

        async def send(entry: Path, still_s: float) -> None:
            try:
                await self._send(entry, still_s)
                self._tries.pop(entry.name, None)
            except Trouble as fault:
                tries = self._tries.get(entry.name, (0, 0.0))[0] + 1
                pause_s = self._patience.pause_s(tries, None, 1.0)
                self._tries[entry.name] = (tries, loop.time() + pause_s)
                self._tell("connector.not_sent", name=_shown(entry.name), cause=_words(fault), pause=f"{pause_s:.0f}")
            finally:
                self._under_way.discard(entry.name)
                places.release()

        async with asyncio.TaskGroup() as sends:
            while True:
                for entry, still_s in await asyncio.to_thread(self._outbox.settled, loop.time()):
                    _, due_s = self._tries.get(entry.name, (0, 0.0))
                    if entry.name not in self._under_way and due_s <= loop.time():
                        await places.acquire()
                        self._under_way.add(entry.name)
                        sends.create_task(send(entry, still_s))
                await asyncio.sleep(self._look_s)

    async def _send(self, entry: Path, still_s: float) -> None:
        """One entry of the outbox, from where it lies to `sent` or `refused`."""
        before = None
        try:
            before = await asyncio.to_thread(outbox.seen, entry)
            if not await asyncio.to_thread(outbox.is_finished, entry, still_s):
                return
            notes, told = await self._submitted(entry)
        except FileNotFoundError:
            return  # its writer took it back
        except outbox.Unsendable as no:
            await self._refuse(entry, [text(self._lang, f"connector.fault.{no.fault}", name=_shown(no.name))], [])
            return
        except Refused as no:
            await self._refuse(
                entry,
                [f"{one.detail(self._lang)}\n{one.hint(self._lang)}" for one in no.findings],
                [{"reason": one.reason, "detail": one.detail(self._lang)} for one in no.findings],
            )
            return
        except Problem as no:
            if not _is_final(no):
                raise
            if await asyncio.to_thread(_look, entry) == before:
                await self._refuse(entry, _sentences(no), [msgspec.to_builtins(one) for one in no.findings])
            return
        if await asyncio.to_thread(_look, entry) == before:
            target = await asyncio.to_thread(_file, entry, self._sent, notes)
            self._tell("connector.sent", name=_shown(entry.name), code=told, place=_shown(target.name))

    async def _submitted(self, entry: Path) -> tuple[Mapping[str, bytes], str]:
        """What lies beside a sent entry, and what to call it. Both may be submitted again without effect."""
        if entry.suffix.lower() == outbox.STATUS:
            said = await asyncio.to_thread(outbox.status_of, entry)
            reported = await self._gateway.report_status(said.delivery, said.code, said.description or None)
            return {".receipt.xml": await self._gateway.receipt(reported.dispatch_id)}, reported.dispatch_id
        with tempfile.TemporaryDirectory(dir=self._work) as unpacked:
            source = await asyncio.to_thread(outbox.source_of, entry, Path(unpacked), Limits())
            accepted = await self._gateway.submit(source)
        return {".receipt.xml": await self._gateway.receipt(accepted.dispatch_id)}, accepted.dispatch_id

    async def _refuse(self, entry: Path, sentences: list[str], findings: list[object]) -> None:
        facts = {"file": _shown(entry.name), "what": sentences, "findings": findings}
        notes = {
            ".refused.json": json.dumps(facts, ensure_ascii=False, indent=2).encode() + b"\n",
            ".refused.txt": ("\n\n".join(sentences) + "\n").encode(),
        }
        target = await asyncio.to_thread(_file, entry, self._refused, notes)
        what = sentences[0].splitlines()[0]
        self._tell("connector.refused", name=_shown(entry.name), what=what, place=_shown(target.name))

    async def _collecting(self) -> None:
        await self._collector.run(self._store)

    async def _store(self, handover: Handover) -> None:
        """A delivery into a folder of its own in the inbox. That folder is there whole, or not at all."""
        item = handover.item
        name = f"{safe_name(item.code.replace('/', '-'), 1)}.{item.delivery_id}"
        target = self._inbox / name
        if not target.exists():
            made = self._work / name
            shutil.rmtree(made, ignore_errors=True)
            await asyncio.to_thread(_lay_out, handover, made)
            await asyncio.to_thread(shelf.move, made, target)
        self._tell("connector.came", code=item.code, sender=item.sender, subject=item.subject, place=name)

    def _left(self, item: InboxItem, fault: Exception) -> None:
        self._tell("connector.left", code=item.code, delivery=item.delivery_id, cause=_words(fault))

    async def _telling_news(self) -> None:
        latest: Dispatch | None = None
        async for change in self._collector.changes():
            if latest is None or latest.id != change.dispatch_id or not _knows(latest, change):
                latest = await self._sent_by_us(change.dispatch_id)
            if latest is not None:
                name = f"{change.id:012}.{change.event}.json"
                await asyncio.to_thread(shelf.write, self._news / name, _news(latest, change))
                self._tell("connector.news", code=latest.code, addressee=change.addressee, event=change.event)

    async def _sent_by_us(self, dispatch_id: str) -> Dispatch | None:
        """The dispatch, where this system is its sender."""
        try:
            seen = await self._gateway.status(dispatch_id)
        except Problem as no:
            if no.transient:
                raise
            return None
        ours = await self._gateway.find(seen.document_id) if seen.document_id else ()
        return seen if any(one.id == dispatch_id for one in ours) else None


def _is_final(no: Problem) -> bool:
    """Whether the gateway has judged the document, rather than us, its own state, or nothing (a proxy's answer)."""
    return bool(no.reason) and no.status in JUDGED


def _look(entry: Path) -> outbox.Look | None:
    try:
        return outbox.seen(entry)
    except (OSError, outbox.Unsendable):
        return None


def _file(entry: Path, folder: Path, notes: Mapping[str, bytes]) -> Path:
    """Put an entry into a folder with notes beside it: the notes first, the entry last, nothing written over.

    A name that is taken gets a number; notes that say the same are what an earlier attempt left, and are ours.
    """
    plain = entry.is_symlink() or not entry.is_dir()
    stem, ending = (entry.stem, entry.suffix) if plain else (entry.name, "")
    for number in itertools.count(1):
        numbered = stem if number == 1 else f"{stem} ({number})"
        target = folder / f"{numbered}{ending}"
        beside = {folder / f"{numbered}{end}": note for end, note in notes.items()}
        if not os.path.lexists(target) and all(_free_or_same(path, note) for path, note in beside.items()):
            break
    for path, note in beside.items():
        shelf.write(path, note)
    shelf.move(entry, target)
    return target


def _free_or_same(path: Path, content: bytes) -> bool:
    return not os.path.lexists(path) or (path.is_file() and not path.is_symlink() and path.read_bytes() == content)


def _lay_out(handover: Handover, made: Path) -> None:
    """The delivery's folder, every file durable, under a name nobody looks at yet."""
    item, fetched = handover.item, handover.fetched
    made.mkdir()
    fetched.packet.rename(made / "packet.edxml")
    if fetched.attachments:
        (made / "attachments").mkdir()
    for one in fetched.attachments:
        one.path.rename(made / "attachments" / one.path.name)
    facts = msgspec.to_builtins(item) | {
        "attachments": [
            {"name": one.name, "file": f"attachments/{one.path.name}", "sha256": one.sha256}
            for one in fetched.attachments
        ]
    }
    shelf.write(made / "delivery.json", json.dumps(facts, ensure_ascii=False, indent=2).encode() + b"\n")
    for folder in (made / "attachments", made):
        if folder.exists():
            shelf.sync_folder(folder)


def _knows(dispatch: Dispatch, change: Change) -> bool:
    return any(step.event == change.event for one in dispatch.deliveries for step in one.timeline)


def _news(dispatch: Dispatch, change: Change) -> bytes:
    """One change, with the reason where one was given."""
    steps = [step for one in dispatch.deliveries if one.id == change.delivery_id for step in one.timeline]
    detail = next((step.detail for step in reversed(steps) if step.event == change.event), "")
    facts = {"document_id": dispatch.document_id, "code": dispatch.code, "detail": detail}
    return json.dumps(msgspec.to_builtins(change) | facts, ensure_ascii=False, indent=2).encode() + b"\n"


def _sentences(no: Problem) -> list[str]:
    told = [f"{one.detail}\n{one.hint}".strip() for one in no.findings]
    return told or [f"{no}\n{no.hint}".strip()]


def _words(fault: Exception) -> str:
    """What went wrong on one line; of several faults the first."""
    while isinstance(fault, ExceptionGroup):
        fault = fault.exceptions[0]
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename}: {fault.strerror}" if fault.filename else fault.strerror
    return " ".join(str(fault).split()) or type(fault).__name__


def _shown(name: str) -> str:
    """A name as it can be printed and written into JSON, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
