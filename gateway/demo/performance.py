"""One evening: the stage is set, the doors open, the actors take their places, the story is played, lights out."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog
from rich.console import Console

from gateway import __version__, config
from gateway.app import Running, running, utc_now
from gateway.client import GatewayClient, Problem, Unreachable
from gateway.config import Config
from gateway.demo.actors import LOOPBACK, Habit, Hub, Newsreader, Puller, Shelves, doorstep, hub_url, listening
from gateway.demo.cast import Issuer, Player, assemble
from gateway.demo.narrator import Narrator
from gateway.demo.output import is_free, leave
from gateway.demo.people import Onlooker, let_in
from gateway.demo.stage import Stage, prepare, write_new
from gateway.demo.story import play, to
from gateway.demo.theatre import Theatre
from gateway.demo.work_left import Before, held_back, past_its_day
from gateway.model.calendar import shipped_calendar
from gateway.model.packet import Document
from gateway.model.words import text

PORT = 8080
"""Where the doors are while the demo stays up, if nobody else is there."""

DEADLINE_S = 4.0
"""In the demo a delivery expires after seconds, not days."""

LATE_S = 3.0

LOG = "gateway.log"
SETTINGS: Mapping[str, object] = {
    "delivery.deadline_h": DEADLINE_S / 3600,
    "delivery.poll_s": 0.2,
    "delivery.backoff.first_s": 0.4,
    "store.disk_free_bytes_min": 0,
}

DONE, FAILED, INTERRUPTED = 0, 1, 130


def run(console: Console, lang: str, once: bool, out: Path | None) -> int:
    """Play the demo; the exit code: 0 where everything came as promised.

    `once` ends it after the story, otherwise it stays up until SIGINT or SIGTERM. `out` is a folder for the evidence:
    new, empty, or left by an earlier demo. FileExistsError where it holds anything else.
    """
    if out is not None and not is_free(out):
        raise FileExistsError(errno.EEXIST, text(lang, "demo.out_taken"), str(out))
    with tempfile.TemporaryDirectory(prefix="truc-demo-") as name:
        folder = Path(name)
        with (folder / LOG).open("w", encoding="utf-8") as log:
            structlog.configure(
                processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
                logger_factory=structlog.WriteLoggerFactory(log),
            )
            return asyncio.run(_until_stopped(folder, Narrator(console, lang, utc_now), once, out))


async def _until_stopped(folder: Path, narrator: Narrator, once: bool, out: Path | None) -> int:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await perform(folder, narrator, stop, once, out)


async def perform(folder: Path, narrator: Narrator, stop: asyncio.Event, once: bool, out: Path | None) -> int:
    """Set the stage in an empty folder and play, until the end or until `stop`; the exit code."""
    began_s = time.monotonic()
    narrator.note("warning")
    now, step = narrator.clock(), doorstep()
    issuer = Issuer(now)
    cast = assemble(issuer, hub_url(step))
    port = {"server.port": 0 if once else free_port(PORT)}
    before = None if once else Before.of(now, shipped_calendar())
    founded_at = before.opened_at if before else now
    stage = await prepare(folder, issuer, cast, founded_at, overrides={**SETTINGS, **port}, lang=narrator.lang)
    settings, shelves = config.load(stage.config), Shelves()
    visit = await _made_ready(stage, settings, before, narrator.lang) if before else None
    async with (
        listening(Hub(cast, shelves, narrator), step, folder, issuer),
        running(settings, push_ca_pem=issuer.anchor_pem.decode()) as gateway,
        _actors(stage, gateway.url, shelves, narrator) as theatre,
    ):
        _introduce(theatre, gateway.url)
        if not await _played(theatre, stop):
            narrator.note("stopped")
            return INTERRUPTED
        summary = _summary(theatre, time.monotonic() - began_s)
        if out is not None and theatre.book.complete:
            await asyncio.to_thread(leave, out, theatre.book, stage, summary, now)
        _conclude(theatre, summary, out)
        if visit:
            await _where_to_look(theatre, gateway, visit)
            await stop.wait()
            narrator.note("stopped")
    narrator.line(json.dumps(summary, ensure_ascii=False))
    return DONE if summary["ok"] else FAILED


@dataclass(frozen=True, slots=True)
class Visit:
    """What there is for those who look at the demo while it stays up."""

    onlookers: tuple[Onlooker, ...]
    late: Document
    due_on: date


async def _made_ready(stage: Stage, settings: Config, before: Before, lang: str) -> Visit:
    """Let people in, and leave them something past its day, before the doors open."""
    onlookers = await let_in(stage, before.opened_at, lang)
    return Visit(onlookers, await past_its_day(settings, stage.cast, before), before.due_on)


@asynccontextmanager
async def _actors(stage: Stage, url: str, shelves: Shelves, narrator: Narrator) -> AsyncIterator[Theatre]:
    """A client for every system, and the recipients at their places; the silent one has none."""
    cast = stage.cast
    habits = (
        (cast.ministry, Habit()),
        (cast.party, Habit()),
        (cast.other, Habit(refuses=True)),
        (cast.far, Habit(answers_after_s=LATE_S)),
    )
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
        clients = {
            peer: await opened.enter_async_context(GatewayClient(url, token=token, language=narrator.lang))
            for peer, token in stage.tokens.items()
        }
        news = Newsreader(clients[cast.ministry.peer])
        places = [tasks.create_task(news.run(narrator, {one.agency: one.short_name for one in cast.players}))]
        for player, habit in habits:
            inbox = stage.folder / "inbox" / player.peer
            puller = Puller(player, clients[player.peer], inbox, shelves, narrator, habit)
            places.append(tasks.create_task(puller.run()))
        try:
            yield Theatre(stage, clients, news, shelves, narrator)
        finally:
            for place in places:
                place.cancel()


async def _played(theatre: Theatre, stop: asyncio.Event) -> bool:
    """Play until the end; False where somebody says stop before. What the gateway should not have refused is told."""
    playing, stopping = asyncio.ensure_future(play(theatre)), asyncio.ensure_future(stop.wait())
    await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not playing.done():
        playing.cancel()
        return False
    try:
        await playing
    except (Problem, Unreachable) as fault:
        theatre.narrator.expect("played_to_the_end", False, fault=fault)
    return True


def _introduce(theatre: Theatre, url: str) -> None:
    narrator, cast = theatre.narrator, theatre.cast
    narrator.act("stage")
    narrator.tell(narrator.say("demo.words.gateway"), "open", url=url, origin=theatre.stage.vkey.partition("+")[0])
    roles = ("ministry", "hub", "department", "party", "other", "far", "silent")
    narrator.rows(
        [
            (
                one.short_name,
                one.agency,
                narrator.say(f"demo.role.{role}", late=f"{LATE_S:g}", deadline=f"{DEADLINE_S:g}"),
            )
            for one, role in zip(cast.players, roles, strict=True)
        ]
    )


def _summary(theatre: Theatre, seconds: float) -> dict[str, object]:
    """What happened, for a program."""
    book, kept = theatre.book, theatre.narrator.kept
    return {
        "ok": all(kept.values()),
        "accepted": len(book.sent),
        "refused": dict(Counter(one.reason for one in book.turned)),
        "deliveries": book.deliveries.total(),
        "delivered": book.delivered,
        "acknowledged": book.deliveries["acknowledged"],
        "declined": book.deliveries["refused"],
        "expired": book.deliveries["expired"],
        "proofs_checked": len(book.cases),
        "expectations": len(kept),
        "broken": [name for name, came in kept.items() if not came],
        "ledger": theatre.stage.vkey,
        "seconds": round(seconds, 2),
        "version": __version__,
    }


def _conclude(theatre: Theatre, summary: Mapping[str, object], out: Path | None) -> None:
    narrator = theatre.narrator
    narrator.act("end")
    seconds = f"{summary['seconds']:.0f}"
    narrator.note("tally", **{**summary, "turned": len(theatre.book.turned), "seconds": seconds})
    narrator.note("all_kept" if summary["ok"] else "some_broken", count=summary["expectations"])
    if out is None:
        narrator.note("no_out")
    else:
        narrator.note("out", out=out)


async def _where_to_look(theatre: Theatre, gateway: Running, visit: Visit) -> None:
    """Addresses, people and work for them, tokens, and a sealed packet nobody has sent yet."""
    stage, cast, narrator, url = theatre.stage, theatre.cast, theatre.narrator, gateway.url
    narrator.act("look")
    await held_back(theatre, gateway.line)
    spare = theatre.sealed(
        theatre.letter(90, "V/v thử gửi văn bản", *to(cast.party, cast.hub)), cast.ministry, "Try me"
    )
    packet = stage.folder / "thu-gui.edxml"
    write_new(packet, spare.file)
    narrator.rows(
        [
            (url, narrator.say("demo.look.url")),
            (f"{url}/console", narrator.say("demo.look.console")),
            (f"{url}/openapi.json", narrator.say("demo.look.openapi")),
            (f"{url}/checkpoint", narrator.say("demo.look.checkpoint")),
            (f"{url}/metrics", narrator.say("demo.look.metrics")),
            (str(stage.folder), narrator.say("demo.look.folder")),
            (str(stage.folder / LOG), narrator.say("demo.look.log")),
            (stage.vkey, narrator.say("demo.look.vkey")),
        ]
    )
    narrator.note("people")
    narrator.rows([(one.person.key, one.password, one.person.name) for one in visit.onlookers])
    sender, province, auditor, operator, _ = (one.person.key for one in visit.onlookers)
    code, day = visit.late.code, f"{visit.due_on:%d/%m/%Y}"
    narrator.note("late", code=code, day=day, agency=cast.hub.short_name, clerk=sender, other=province)
    narrator.note("held", agency=cast.far.short_name, operator=operator)
    narrator.note("proof", code=code, auditor=auditor)
    narrator.note("tokens")
    names = {one.peer: one.short_name for one in (*cast.guests, *reversed(cast.players))}
    narrator.rows([(names[peer], peer, token) for peer, token in stage.tokens.items()])
    _for_partners(stage, narrator, url)
    narrator.note("try")
    token = stage.tokens[cast.ministry.peer]
    for command in (
        f"curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/edxml+xml' "
        f"--data-binary @{packet} {url}/v1/packets",
        f"curl -H 'Authorization: Bearer {token}' {url}/v1/dispatches/{theatre.book.sent[0].accepted.dispatch_id}",
        f"curl {url}/checkpoint",
    ):
        narrator.line(f"   {command}")
    narrator.note("ctrl_c")


def _for_partners(stage: Stage, narrator: Narrator, url: str) -> None:
    """What a system needs that speaks the axis dialect, and two partners for the test kit."""
    axis_path = config.load(stage.config).axis.base_paths[0]
    narrator.note("axis", url=url + axis_path)
    narrator.rows(
        [
            (one.short_name, one.agency, stage.axis[one.peer].system_id, stage.axis[one.peer].secret)
            for one in stage.cast.guests
        ]
    )
    partners = stage.folder / "partners.toml"
    write_new(partners, "\n".join(_partner(stage, one) for one in stage.cast.guests).encode(), 0o600)
    narrator.note("conformance")
    narrator.line(f"   gateway conformance --against {url} --partners {partners}")
    narrator.line("   gateway conformance serve")


def _partner(stage: Stage, guest: Player) -> str:
    """A guest as the test kit reads it, through both its doors."""
    access, known = stage.axis[guest.peer], stage.cast.directory.agency(guest.agency)
    facts = {
        "agency": guest.agency,
        "name": guest.name,
        "old_id": known.ids[-1] if known else "",
        "token": stage.tokens[guest.peer],
        "system_id": access.system_id,
        "secret": access.secret,
    }
    return "[[partner]]\n" + "".join(f"{key} = {json.dumps(one, ensure_ascii=False)}\n" for key, one in facts.items())


def free_port(wanted: int) -> int:
    """The port, where nobody listens on it; otherwise 0, which is any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted
