"""The standard scenarios between two partners, each a small function; what they are about is in the catalogues.

A scenario says what must come, at both sides, and nothing about how: it is played alike through both dialects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from gateway.conformance.papers import packed
from gateway.conformance.play import Came, NotApplicable, Play, Script, expect
from gateway.demo.papers import read
from gateway.model.packet import BusinessType, Document, Organ, StatusCode

NOBODY = "00000000-0000-0000-0000-000000000000"
SEQUENCE = (
    StatusCode.ARRIVED,
    StatusCode.ACCEPTED,
    StatusCode.ASSIGNED,
    StatusCode.PROCESSING,
    StatusCode.FINISHED,
)


async def send_and_receive(play: Play) -> None:
    """A letter comes as it was sent, and the sender sees that it was stored."""
    paper = play.letter("V/v thử gửi và nhận")
    sent = await play.sender.send(paper.file, "edoc")
    came = await play.comes(play.receiver, paper.document.document_id)
    said = came.content
    expect(isinstance(said, Document) and said.subject == paper.document.subject, "the subject is not the one sent")
    digests = [[one.sha256 for one in claim.attachments] for claim in (read(paper.file), came.claim)]
    expect(digests[0] == digests[1], "the attachments are not those sent")
    await play.receiver.confirm(came.doc_id)
    await play.fate(sent, "done")
    expect(came.doc_id not in await play.receiver.waiting("edoc"), "what was confirmed still waits")


async def refused_by_system(play: Play) -> None:
    """The receiving system refuses: the sender sees it."""
    paper = play.letter("V/v hệ thống nhận từ chối")
    sent = await play.sender.send(paper.file, "edoc")
    came = await play.comes(play.receiver, paper.document.document_id)
    await play.receiver.refuse(came.doc_id, "Văn bản gửi nhầm nơi nhận")
    await play.fate(sent, "fail")


async def refused_by_clerk(play: Play) -> None:
    """The receiving clerk refuses (02): the reason reaches the sender."""
    paper, _ = await _delivered(play, "V/v văn thư từ chối tiếp nhận")
    reason = "Văn bản không thuộc thẩm quyền giải quyết"
    await _report(play, paper, StatusCode.REFUSED, reason)
    came = await play.status_comes(play.sender, paper, StatusCode.REFUSED)
    expect(came.description == reason, f"the reason came as {came.description!r}")


async def status_sequence(play: Play) -> None:
    """01, 03, 04, 05, 06 each reach the sender."""
    paper, _ = await _delivered(play, "V/v theo dõi xử lý")
    for code in SEQUENCE:
        await _report(play, paper, code, f"Trạng thái {code}")
    for code in SEQUENCE:
        await play.status_comes(play.sender, paper, code)


async def status_out_of_order(play: Play) -> None:
    """Skipped, repeated and late codes are carried like any other."""
    paper, _ = await _delivered(play, "V/v trạng thái không theo thứ tự")
    for code in (StatusCode.FINISHED, StatusCode.ACCEPTED, StatusCode.ACCEPTED):
        await _report(play, paper, code, "Không theo thứ tự")
    await play.status_comes(play.sender, paper, StatusCode.FINISHED)
    await play.status_comes(play.sender, paper, StatusCode.ACCEPTED)


async def take_back_agreed(play: Play) -> None:
    """13, answered by 15."""
    await _take_back(play, StatusCode.CHANGE_AGREED)


async def take_back_refused(play: Play) -> None:
    """13, answered by 16 with a reason."""
    await _take_back(play, StatusCode.CHANGE_REFUSED)


async def take_back_undelivered(play: Play) -> None:
    """13 before anybody fetched: the document is gone from the waiting list, and the sender gets 15."""
    paper = play.letter("V/v lấy lại trước khi đến")
    await play.sender.send(paper.file, "edoc")
    asked = play.status(play.sender, play.receiver, paper.document, StatusCode.TAKE_BACK, "Gửi nhầm")
    await play.sender.send(asked.file, "status")
    await play.status_comes(play.sender, paper.document, StatusCode.CHANGE_AGREED)
    waiting = [one.content for one in await play.all_waiting(play.receiver, "edoc")]
    ids = {one.document_id for one in waiting if isinstance(one, Document)}
    expect(paper.document.document_id not in ids, "what was taken back still waits for its addressee")


async def recall_by_document(play: Play) -> None:
    """BussinessDocType 1, answered by 15."""
    paper, _ = await _delivered(play, "V/v văn bản sẽ thu hồi")
    recall = play.change(paper, BusinessType.RECALL, "Thu hồi do sai nội dung")
    await play.sender.send(recall.file, "edoc")
    came = await play.comes(play.receiver, recall.document.document_id)
    _expect_change(came, BusinessType.RECALL, paper)
    await play.receiver.confirm(came.doc_id)
    await _report(play, paper, StatusCode.CHANGE_AGREED, "Đã hủy văn bản")
    await play.status_comes(play.sender, paper, StatusCode.CHANGE_AGREED)


async def update(play: Play) -> None:
    """BussinessDocType 2 comes with its target."""
    await _changed(play, BusinessType.UPDATE)


async def replacement(play: Play) -> None:
    """BussinessDocType 3 comes with its target."""
    await _changed(play, BusinessType.REPLACE)


async def twin_identifiers(play: Play) -> None:
    """Addressed by its old and its new identifier, an agency receives once."""
    seat = play.receiver.seat
    if not seat.old_id:
        raise NotApplicable(f"{seat.agency} has no old identifier")
    both = (Organ(seat.agency, seat.name), Organ(seat.old_id, f"(Mã cũ) {seat.name}"))
    paper = play.letter("V/v hai mã của một cơ quan", both)
    await play.sender.send(paper.file, "edoc")
    first = await play.comes(play.receiver, paper.document.document_id)
    await play.receiver.confirm(first.doc_id)
    await asyncio.sleep(play.settle_s)
    again = [one for one in await play.all_waiting(play.receiver, "edoc") if _is(one, paper.document)]
    expect(not again, "one agency received the same document twice, once for each identifier")


async def repeated(play: Play) -> None:
    """The same packet sent again has the same DocId, and comes once."""
    paper = play.letter("V/v gửi lặp lại")
    first, second = [await play.sender.send(paper.file, "edoc") for _ in range(2)]
    expect(first == second, f"sent twice, it became {first} and {second}")
    await _comes_once(play, paper.document)


async def same_id_other_words(play: Play) -> None:
    """Another document under an id that is taken is refused."""
    paper, _ = await _delivered(play, "V/v văn bản thứ nhất")
    other = replace(paper, subject="V/v văn bản khác")
    await play.refused(play.sender.send(packed(other, play.sender.seat, play.clock(), "Other").file, "edoc"))


async def duplicate_number(play: Play) -> None:
    """The same number under another id is taken, and both come: a warning, never a loss."""
    paper, _ = await _delivered(play, "V/v số văn bản thứ nhất")
    other_id = f"{paper.document_id}-2"
    twin = replace(paper, document_id=other_id)
    await play.sender.send(packed(twin, play.sender.seat, play.clock(), "Twin").file, "edoc")
    came = await play.comes(play.receiver, other_id)
    await play.receiver.confirm(came.doc_id)


async def broken_line(play: Play) -> None:
    """The line breaks in the middle of the body; sent again, the document comes once."""
    paper = play.letter("V/v đứt đường truyền")
    await play.sender.send_half(paper.file)
    await asyncio.sleep(play.settle_s)
    early = [one for one in await play.all_waiting(play.receiver, "edoc") if _is(one, paper.document)]
    expect(not early, "half a packet was taken for a whole one")
    await play.sender.send(paper.file, "edoc")
    await _comes_once(play, paper.document)


async def oversize(play: Play) -> None:
    """An envelope of megabytes is refused with a reason, not with a broken line."""
    paper = play.letter("V/v " + "quá dài " * 400_000)
    await play.refused(play.sender.send(paper.file, "edoc"))


async def malformed(play: Play) -> None:
    """A packet that is no XML is refused with a reason."""
    paper = play.letter("V/v hỏng")
    await play.refused(play.sender.send(paper.file.replace(b"</edXML:Subject>", b"", 1), "edoc"))


async def unknown_addressee(play: Play) -> None:
    """An addressee nobody knows is refused, with its identifier in the words."""
    nobody = Organ("Z99.99.99", "Không có cơ quan này")
    await play.refused(play.sender.send(play.letter("V/v không có nơi nhận", (nobody,)).file, "edoc"))


async def wrong_credential(play: Play) -> None:
    """A wrong HMAC, or a wrong token, is refused, and nothing comes."""
    paper = play.letter("V/v sai khóa")
    await play.refused(play.sender.send_unproven(paper.file))
    early = [one for one in await play.all_waiting(play.receiver, "edoc") if _is(one, paper.document)]
    expect(not early, "a packet with a wrong credential was taken")


async def anothers_document(play: Play) -> None:
    """Somebody else's DocId is answered exactly like one that does not exist."""
    _, came = await _delivered(play, "V/v văn bản của người khác")
    told = []
    for doc_id in (came.doc_id, NOBODY if "-" in came.doc_id else "0" * len(came.doc_id)):
        try:
            await play.sender.fetch(doc_id)
        except Exception as no:
            told.append(f"{type(no).__name__} {getattr(no, 'code', '')}")
        else:
            told.append("handed over")
    if play.sender.dialect != play.receiver.dialect:
        raise NotApplicable("the partners' identifiers are of two dialects")
    expect("handed over" not in told, "another agency's document was handed over")
    expect(told[0] == told[1], f"another's document is told apart from none: {told}")


async def _delivered(play: Play, subject: str) -> tuple[Document, Came]:
    """A letter, sent, fetched and confirmed."""
    paper = play.letter(subject)
    await play.sender.send(paper.file, "edoc")
    came = await play.comes(play.receiver, paper.document.document_id)
    await play.receiver.confirm(came.doc_id)
    return paper.document, came


async def _report(play: Play, of: Document, code: StatusCode, description: str) -> None:
    said = play.status(play.receiver, play.sender, of, code, description)
    await play.receiver.send(said.file, "status")


async def _take_back(play: Play, answer: StatusCode) -> None:
    paper, _ = await _delivered(play, "V/v văn bản sẽ lấy lại")
    asked = play.status(play.sender, play.receiver, paper, StatusCode.TAKE_BACK, "Gửi nhầm nơi nhận")
    await play.sender.send(asked.file, "status")
    came = await play.status_comes(play.receiver, paper, StatusCode.TAKE_BACK)
    expect(came.description == "Gửi nhầm nơi nhận", f"the reason came as {came.description!r}")
    await _report(play, paper, answer, "Trả lời yêu cầu lấy lại")
    await play.status_comes(play.sender, paper, answer)


async def _changed(play: Play, kind: BusinessType) -> None:
    paper, _ = await _delivered(play, "V/v văn bản sẽ thay đổi")
    change = play.change(paper, kind, "Điều chỉnh nội dung")
    await play.sender.send(change.file, "edoc")
    came = await play.comes(play.receiver, change.document.document_id)
    _expect_change(came, kind, paper)
    await play.receiver.confirm(came.doc_id)


def _expect_change(came: Came, kind: BusinessType, of: Document) -> None:
    said = came.content
    expect(isinstance(said, Document) and said.business_type is kind, "it came as another business type")
    target = said.change_target if isinstance(said, Document) else None
    expect(target == of.document_id, f"its target came as {target!r}")


async def _comes_once(play: Play, document: Document) -> None:
    first = await play.comes(play.receiver, document.document_id)
    await play.receiver.confirm(first.doc_id)
    await asyncio.sleep(play.settle_s)
    again = [one for one in await play.all_waiting(play.receiver, "edoc") if _is(one, document)]
    expect(not again, "it came twice")


def _is(one: Came, document: Document) -> bool:
    return isinstance(one.content, Document) and one.content.document_id == document.document_id


SCENARIOS: Mapping[str, Script] = {
    "send": send_and_receive,
    "refuse": refused_by_system,
    "status-02": refused_by_clerk,
    "status-sequence": status_sequence,
    "status-disorder": status_out_of_order,
    "recall-13-15": take_back_agreed,
    "recall-13-16": take_back_refused,
    "recall-undelivered": take_back_undelivered,
    "recall-type-1": recall_by_document,
    "update": update,
    "replace": replacement,
    "twin-identifiers": twin_identifiers,
    "repeat": repeated,
    "same-id": same_id_other_words,
    "duplicate-number": duplicate_number,
    "broken-line": broken_line,
    "oversize": oversize,
    "malformed": malformed,
    "unknown-addressee": unknown_addressee,
    "wrong-credential": wrong_credential,
    "anothers-document": anothers_document,
}
"""Every scenario by its name in reports."""
