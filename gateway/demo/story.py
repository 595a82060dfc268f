"""The story: what the agencies of the demo send to each other, act by act, and what must come of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.client import Dispatch, Problem
from gateway.demo import forgeries
from gateway.demo.cast import Player
from gateway.demo.narrator import written
from gateway.demo.papers import Paper, changed, one_page_pdf, status
from gateway.demo.theatre import Sent, Theatre, Turned
from gateway.ledger import check_case
from gateway.model.packet import BusinessType, StatusCode
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
    recall = await update_replace_recall(theatre)
    await who_has_it(theatre, circular)
    await proof(theatre, recall)


async def one_letter_many_addressees(theatre: Theatre) -> Sent:
    """A new document to everybody; the province is written twice, by each of its identifiers."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("letter")
    old_id = next(one.ids[1] for one in cast.directory.agencies if one.key == cast.hub.agency)
    everybody = (cast.hub, cast.department, cast.party, cast.other, cast.far, cast.silent)
    subject = "V/v báo cáo tình hình gửi, nhận văn bản điện tử"
    document = theatre.letter(1, subject, *to(*everybody), (old_id, cast.hub.name))
    theatre.tell(cast.ministry, "sends", code=document.code, subject=subject, count=len(document.addressees))
    narrator.note("both_ids", agency=cast.hub.short_name, new=cast.hub.agency, old=old_id)
    sent = await theatre.send("new", theatre.sealed(document, cast.ministry, "Report form"), cast.ministry)
    narrator.expect("answered", await theatre.settled(sent, cast.hub, cast.department, cast.party, cast.other))
    narrator.expect("delivered_once", len(theatre.stored(sent, cast.hub)) == 1, agency=cast.hub.short_name)
    narrator.expect("stored_once", len(theatre.stored(sent, cast.department)) == 1)
    takers = (cast.hub, cast.department, cast.party)
    narrator.expect("bytes_kept", all(theatre.stored(sent, one) == [sent.paper.file] for one in takers))
    return sent


async def the_same_packet_again(theatre: Theatre, first: Sent) -> None:
    """A system that did not see the answer sends once more; nothing new comes of it."""
    theatre.narrator.act("again")
    theatre.tell(first.sender, "sends_again", code=first.paper.document.code)
    client = theatre.clients[first.sender.peer]
    again = await client.submit(first.paper.file)
    theatre.gateway_tells("knew_it", dispatch=again.dispatch_id)
    same = again.repeated and again.dispatch_id == first.accepted.dispatch_id
    theatre.narrator.expect("same_receipt", same and await client.receipt(again.dispatch_id) == first.receipt)


async def packets_that_must_not_pass(theatre: Theatre, good: Sent) -> None:
    """Forged, broken, or not theirs to send: each refused with its own reason."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("bad")
    subject = "V/v điều chỉnh kế hoạch"
    fresh = theatre.sealed(theatre.letter(2, subject, *to(cast.party)), cast.ministry, "Plan A")
    swapped = forgeries.attachment_swapped(fresh, one_page_pdf("Plan B"))
    changed_header = forgeries.header_changed(fresh, "điều chỉnh", "giữ nguyên")
    broken = forgeries.tag_misspelt(fresh)
    same_id = forgeries.same_id_other_words(good.paper, "V/v một việc khác", cast.ministry, theatre.now)
    forger = narrator.say("demo.words.forger")
    await _must_fail(theatre, "swapped", swapped, cast.ministry, Reason.SEAL_ATTACHMENT_DIGEST, forger)
    await _must_fail(theatre, "changed", changed_header, cast.ministry, Reason.SEAL_DIGEST, forger)
    await _must_fail(theatre, "borrowed", fresh, cast.party, Reason.AUTHORITY_NOT_YOURS)
    await _must_fail(theatre, "broken", broken, cast.ministry, Reason.XML_MALFORMED)
    await _must_fail(theatre, "same_id", same_id, cast.ministry, Reason.DOCUMENT_ID_TAKEN)
    found = [await client.find(fresh.document.document_id or "") for client in theatre.clients.values()]
    known = {sent.accepted.dispatch_id for sent in theatre.book.sent}
    narrator.expect("nothing_passed", not any(found) and theatre.shelves.dispatches <= known)


async def _must_fail(
    theatre: Theatre, label: str, paper: Paper, sender: Player, reason: Reason, who: str | None = None
) -> None:
    """Submit a packet as `sender`'s system that must be refused for this reason."""
    narrator, given = theatre.narrator, ""
    narrator.tell(who or sender.short_name, f"bad.{label}", agency=theatre.cast.ministry.short_name)
    try:
        await theatre.clients[sender.peer].submit(paper.file)
    except Problem as no:
        given = no.reason
        line = next((one.line for one in no.findings if one.line), None)
        where = f" {narrator.say('demo.words.line', line=line)}" if line else ""
        theatre.gateway_tells("refused", title=no.title, where=where, code=given)
        narrator.quote([narrator.say("demo.words.hint", hint=no.hint)])
    theatre.book.turned.append(Turned(label, paper, given))
    narrator.expect(f"refused.{label}", given == reason)


async def what_the_addressees_did(theatre: Theatre, circular: Sent) -> None:
    """Status packets go back to the sender: what people did, beside what systems did."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("status")
    narrator.note("status")
    arrived = [
        await _reports(theatre, circular, cast.party, StatusCode.ARRIVED),
        await _reports(theatre, circular, cast.party, StatusCode.ACCEPTED),
        await _reports(theatre, circular, cast.other, StatusCode.REFUSED),
    ]
    narrator.expect("statuses_arrived", all(arrived))


async def _reports(theatre: Theatre, of: Sent, who: Player, code: StatusCode) -> bool:
    """One status packet, sealed by its agency, followed until the ministry has it."""
    means = theatre.narrator.say(f"demo.status.{code}")
    document = of.paper.document
    theatre.tell(who, "reports", status=code, means=means, code=document.code)
    paper = theatre.sealed(status(who, document, code, theatre.now, means), who)
    return await theatre.settled(await theatre.send(f"status-{code}", paper, who), theatre.cast.ministry)


async def update_replace_recall(theatre: Theatre) -> Sent:
    """The other three business types, each about a document sent before. Gives the recall."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("changes")
    receivers = (cast.party, cast.hub)
    first = theatre.letter(3, "V/v lịch họp giao ban tháng", *to(*receivers))
    theatre.tell(cast.ministry, "sends", code=first.code, subject=first.subject, count=len(receivers))
    sent = await theatre.send("new", theatre.sealed(first, cast.ministry, "Agenda"), cast.ministry)
    settled = [await theatre.settled(sent, *receivers)]
    for number, change in enumerate((BusinessType.UPDATE, BusinessType.REPLACE, BusinessType.RECALL), start=4):
        kind = change.name.lower()
        reason = narrator.say(f"demo.why.{kind}")
        document = changed(first, change, reason, number, cast.ministry, theatre.now)
        theatre.tell(cast.ministry, kind, code=document.code, about=first.code, reason=reason)
        sent = await theatre.send(kind, theatre.sealed(document, cast.ministry, kind.title()), cast.ministry)
        settled.append(await theatre.settled(sent, *receivers))
    settled.append(await _reports(theatre, sent, cast.party, StatusCode.CHANGE_AGREED))
    narrator.expect("changes_arrived", all(settled))
    return sent


async def who_has_it(theatre: Theatre, circular: Sent) -> None:
    """The clerk's question, once the slow one has answered and the silent one's time is up."""
    cast, narrator = theatre.cast, theatre.narrator
    narrator.act("who")
    narrator.note("waiting", far=cast.far.short_name, silent=cast.silent.short_name)
    ended = await theatre.settled(circular, cast.far, cast.silent)
    seen = await theatre.clients[cast.ministry.peer].status(circular.accepted.dispatch_id)
    theatre.tell(cast.ministry, "asks", code=seen.code)
    _show(theatre, seen)
    fates = {one.agency: "acknowledged" for one in (cast.hub, cast.department, cast.party, cast.far)}
    fates |= {cast.other.agency: "refused", cast.silent.agency: "expired"}
    narrator.expect("every_fate", ended and fates == {one.addressee: one.status for one in seen.deliveries})


def _show(theatre: Theatre, seen: Dispatch) -> None:
    """Every addressee: where its delivery stands, since when, and the words of one that refused."""
    narrator, deliveries = theatre.narrator, {one.addressee: one for one in seen.deliveries}
    rows = []
    for player in theatre.cast.players:
        if (one := deliveries.get(player.agency)) is not None:
            words = one.reached.detail if one.status == "refused" else ""
            rows.append((player.short_name, narrator.say(f"say.delivery.{one.status}"), written(one.reached.at), words))
    narrator.rows(rows)


async def _take_cases(theatre: Theatre) -> None:
    """Every case, all under one checkpoint. Who takes a case the first time is in the ledger, which moves on by it."""
    book = theatre.book
    anybody = theatre.clients[book.sent[0].sender.peer]
    while book.checkpoint != (latest := await anybody.checkpoint()):
        book.checkpoint = latest
        for sent in book.sent:
            dispatch = sent.accepted.dispatch_id
            book.cases[dispatch] = await theatre.clients[sent.sender.peer].proof(dispatch)


async def proof(theatre: Theatre, recall: Sent) -> None:
    """Every dispatch proven; the recall before the reader's eyes, by another process that knows nothing of us."""
    narrator, book, vkey = theatre.narrator, theatre.book, theatre.stage.vkey
    narrator.act("proof")
    for sent in book.sent:
        book.dispatches.append(await theatre.clients[sent.sender.peer].status(sent.accepted.dispatch_id))
    await _take_cases(theatre)
    case = book.cases[recall.accepted.dispatch_id]
    path = theatre.stage.folder / "case.asice"
    await asyncio.to_thread(path.write_bytes, case)
    theatre.tell(recall.sender, "proves", code=recall.paper.document.code, size=len(case))
    narrator.line(f"   $ gateway check {path.name} --vkey '{vkey}'")
    code, verdict = await _gateway_check(path, vkey, narrator.lang)
    narrator.quote(verdict)
    narrator.expect("verdict", code == 0)
    held = [check_case(one, vkey).holds for one in book.cases.values()]
    narrator.expect("all_proven", all(held), count=len(held))
    place = len(case) // 2
    tampered = case[:place] + bytes([case[place] ^ 1]) + case[place + 1 :]
    narrator.expect("tampering_found", not check_case(tampered, vkey).holds)


async def _gateway_check(case: Path, vkey: str, lang: str) -> tuple[int | None, list[str]]:
    """`gateway check` in a process of its own, given the file and the public key and nothing else."""
    command = (sys.executable, "-m", "gateway", "--lang", lang, "check", str(case), "--vkey", vkey)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode().splitlines()
