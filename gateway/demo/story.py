"""The story: what the agencies of the demo send to each other, act by act, and what must come of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.client import Problem
from gateway.demo import forgeries
from gateway.demo.cast import Player
from gateway.demo.papers import Paper, changed, one_page_pdf, status
from gateway.demo.theatre import Sent, Theatre, Turned
from gateway.ledger import check_case
from gateway.model.packet import BusinessType, Document, StatusCode
from gateway.model.reasons import Reason


def to(*players: Player) -> tuple[tuple[str, str], ...]:
    """Players as addressees."""
    return tuple((one.agency, one.name) for one in players)


async def play(theatre: Theatre) -> None:
    """All acts, in their order."""
    circular = await one_letter_many_addressees(theatre)
    await the_same_packet_again(theatre, circular)
    await packets_that_must_not_pass(theatre, circular)
    await what_the_addressees_did(theatre, circular)
    await update_replace_recall(theatre)
    await who_has_it(theatre, circular)
    await proof(theatre, circular)


async def one_letter_many_addressees(theatre: Theatre) -> Sent:
    """A new document to everybody; the province is written twice, by each of its identifiers."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("letter")
    old_id = next(one.ids[1] for one in cast.directory.agencies if one.key == cast.hub.agency)
    everybody = (cast.hub, cast.department, cast.party, cast.other, cast.far, cast.silent)
    document = theatre.letter(
        1, "V/v báo cáo tình hình gửi, nhận văn bản điện tử", *to(*everybody), (old_id, cast.hub.name)
    )
    theatre.tell(cast.ministry, "sends", code=document.code, subject=document.subject, count=len(document.addressees))
    narrator.note("both_ids", agency=cast.hub.short_name, new=cast.hub.agency, old=old_id)
    sent = await theatre.send("01-new", theatre.sealed(document, cast.ministry, "Report form"), cast.ministry)
    answered = await theatre.settled(sent, cast.hub, cast.department, cast.party, cast.other)
    narrator.expect("answered", answered)
    hub_copies = theatre.shelves.files[sent.accepted.dispatch_id, cast.hub.agency]
    narrator.expect("delivered_once", len(hub_copies) == 1, agency=cast.hub.short_name)
    department_copies = theatre.shelves.files[sent.accepted.dispatch_id, cast.department.agency]
    narrator.expect("stored_once", len(department_copies) == 1)
    kept = all(
        theatre.shelves.files[sent.accepted.dispatch_id, one.agency] == [sent.paper.file]
        for one in (cast.hub, cast.department, cast.party)
    )
    narrator.expect("bytes_kept", kept)
    return sent


async def the_same_packet_again(theatre: Theatre, first: Sent) -> None:
    """A system that did not see the answer sends once more; nothing new comes of it."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("again")
    theatre.tell(cast.ministry, "sends_again", code=_code(first))
    client = theatre.clients[cast.ministry.peer]
    again = await client.submit(first.paper.file)
    narrator.tell(narrator.say("demo.words.gateway"), "knew_it", dispatch=again.dispatch_id)
    same = again.repeated and again.dispatch_id == first.accepted.dispatch_id
    narrator.expect("same_receipt", same and await client.receipt(again.dispatch_id) == first.receipt)


async def packets_that_must_not_pass(theatre: Theatre, good: Sent) -> None:
    """Forged, broken, or not theirs to send: each refused with its own reason."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("bad")
    fresh = theatre.sealed(theatre.letter(2, "V/v điều chỉnh kế hoạch", *to(cast.party)), cast.ministry, "Plan A")
    attempts = (
        (
            "swapped",
            forgeries.attachment_swapped(fresh, one_page_pdf("Plan B")),
            cast.ministry,
            Reason.SEAL_ATTACHMENT_DIGEST,
        ),
        ("changed", forgeries.header_changed(fresh, "điều chỉnh", "giữ nguyên"), cast.ministry, Reason.SEAL_DIGEST),
        ("broken", forgeries.tag_misspelt(fresh), cast.ministry, Reason.XML_MALFORMED),
        ("borrowed", fresh, cast.party, Reason.AUTHORITY_NOT_YOURS),
        (
            "same_id",
            forgeries.same_id_other_words(good.paper, "V/v một việc khác", cast.ministry, theatre.now),
            cast.ministry,
            Reason.DOCUMENT_ID_TAKEN,
        ),
    )
    for label, paper, sender, reason in attempts:
        await _turned_away(theatre, label, paper, sender, reason)
    narrator.expect(
        "nothing_passed", not await theatre.clients[cast.party.peer].find(_content(fresh).document_id or "")
    )


async def _turned_away(theatre: Theatre, label: str, paper: Paper, sender: Player, reason: Reason) -> None:
    narrator = theatre.narrator
    theatre.tell(sender, f"bad.{label}")
    try:
        await theatre.clients[sender.peer].submit(paper.file)
        given = ""
    except Problem as no:
        given = no.reason
        where = (
            f" ({narrator.say('demo.words.line')} {no.findings[0].line})" if no.findings and no.findings[0].line else ""
        )
        narrator.tell(narrator.say("demo.words.gateway"), "refused", title=no.title, where=where, code=given)
        narrator.quote([no.hint])
    theatre.book.turned.append(Turned(label, paper.file, paper, given))
    narrator.expect(f"refused.{label}", given == reason)


async def what_the_addressees_did(theatre: Theatre, circular: Sent) -> None:
    """Status packets go back to the sender: what people did, beside what systems did."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("status")
    narrator.note("status")
    steps = (
        (cast.party, StatusCode.ARRIVED),
        (cast.party, StatusCode.ACCEPTED),
        (cast.other, StatusCode.REFUSED),
    )
    arrived = [await _reports(theatre, circular, who, code) for who, code in steps]
    narrator.expect("statuses_arrived", all(arrived))


async def _reports(theatre: Theatre, of: Sent, who: Player, code: StatusCode) -> bool:
    """One status packet, sealed by its agency, followed until the ministry has it."""
    means = theatre.narrator.say(f"demo.status.{code}")
    theatre.tell(who, "reports", status=code, means=means, code=_code(of))
    paper = theatre.sealed(status(who, _content(of.paper), code, theatre.now, means), who)
    label = f"{len(theatre.book.sent) + 1:02}-status-{code}"
    return await theatre.settled(await theatre.send(label, paper, who), theatre.cast.ministry)


async def update_replace_recall(theatre: Theatre) -> None:
    """The other three business types, each about a document sent before."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("changes")
    receivers = (cast.party, cast.hub)
    number = 3
    first = theatre.letter(number, "V/v lịch họp giao ban tháng", *to(*receivers))
    theatre.tell(cast.ministry, "sends", code=first.code, subject=first.subject, count=len(receivers))
    sent = await theatre.send(_label(theatre, "new"), theatre.sealed(first, cast.ministry, "Agenda"), cast.ministry)
    settled = [await theatre.settled(sent, *receivers)]
    for change, about in (
        (BusinessType.UPDATE, first),
        (BusinessType.REPLACE, first),
        (BusinessType.RECALL, first),
    ):
        number += 1
        reason = narrator.say(f"demo.why.{change.name.lower()}")
        document = changed(about, change, reason, number, cast.ministry, theatre.now)
        theatre.tell(cast.ministry, change.name.lower(), code=document.code, about=about.code, reason=reason)
        paper = theatre.sealed(document, cast.ministry, f"Change {change.value}")
        sent = await theatre.send(_label(theatre, change.name.lower()), paper, cast.ministry)
        settled.append(await theatre.settled(sent, *receivers))
    settled.append(await _reports(theatre, sent, cast.party, StatusCode.CHANGE_AGREED))
    narrator.expect("changes_arrived", all(settled))


async def who_has_it(theatre: Theatre, circular: Sent) -> None:
    """The clerk's question, once the slow one has answered and the silent one's time is up."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("who")
    narrator.note("waiting", far=cast.far.short_name, silent=cast.silent.short_name)
    ended = await theatre.settled(circular, cast.far, cast.silent)
    client = theatre.clients[cast.ministry.peer]
    seen = await client.status(circular.accepted.dispatch_id)
    names = {one.agency: one.short_name for one in cast.players}
    states = {one.addressee: one.status for one in seen.deliveries}
    narrator.tell(cast.ministry.short_name, "asks", code=seen.code)
    narrator.rows(
        [
            (
                names[one.addressee],
                one.addressed_as,
                narrator.say(f"say.delivery.{one.status}"),
                one.timeline[-1].detail,
            )
            for one in seen.deliveries
        ]
    )
    expected = {one.agency: "acknowledged" for one in (cast.hub, cast.department, cast.party, cast.far)}
    expected |= {cast.other.agency: "refused", cast.silent.agency: "expired"}
    narrator.expect("every_fate", ended and states == expected)


async def proof(theatre: Theatre, circular: Sent) -> None:
    """Every dispatch proven; the circular before the reader's eyes, by another process that knows nothing of us."""
    cast, narrator, book = theatre.cast, theatre.narrator, theatre.book
    narrator.act("proof")
    for sent in book.sent:
        client, dispatch = theatre.clients[sent.sender.peer], sent.accepted.dispatch_id
        book.dispatches.append(await client.status(dispatch))
        book.cases[dispatch] = await client.proof(dispatch)
    book.checkpoint = await theatre.clients[cast.ministry.peer].checkpoint()
    case = book.cases[circular.accepted.dispatch_id]
    path = theatre.stage.folder / "case.zip"
    await asyncio.to_thread(path.write_bytes, case)
    theatre.tell(cast.ministry, "proves", code=_code(circular), size=len(case))
    narrator.note("check", vkey=theatre.stage.vkey)
    code, verdict = await _gateway_check(path, theatre.stage.vkey, narrator.lang)
    narrator.quote(verdict)
    narrator.expect("verdict", code == 0)
    held = [check_case(one, theatre.stage.vkey).holds for one in book.cases.values()]
    narrator.expect("all_proven", all(held), count=len(held))
    place = len(case) // 2
    tampered = case[:place] + bytes([case[place] ^ 1]) + case[place + 1 :]
    narrator.expect("tampering_found", not check_case(tampered, theatre.stage.vkey).holds)


async def _gateway_check(case: Path, vkey: str, lang: str) -> tuple[int | None, list[str]]:
    """`gateway check` in a process of its own, given the file and the public key and nothing else."""
    command = (sys.executable, "-m", "gateway", "--lang", lang, "check", str(case), "--vkey", vkey)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode().splitlines()


def _label(theatre: Theatre, kind: str) -> str:
    return f"{len(theatre.book.sent) + 1:02}-{kind}"


def _content(paper: Paper) -> Document:
    assert isinstance(paper.content, Document), "a letter"
    return paper.content


def _code(sent: Sent) -> str:
    return _content(sent.paper).code
