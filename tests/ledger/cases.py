"""A case as the gateway writes it: one sealed packet taken in, two addressees, among other people's entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256

from gateway.ledger.case import Case, Papers, ProvenEntry, write_case
from gateway.ledger.entry import NONE, Entry, EntryKind, decode
from gateway.ledger.evidence import Submission, evidence_of, write_evidence
from gateway.ledger.examination import ReportedFinding, ReportFacts, Versions, write_report
from gateway.ledger.receipt import ReceiptFacts, write_receipt
from gateway.ledger.tree import inclusion
from gateway.model.packet import packet_digest
from gateway.trust import countersign
from tests.ledger.ledgers import ledger_of, note_signer
from tests.pki import NOW, pki
from tests.trust import sample

LOG = note_signer()
DISPATCH, OTHER = "01KB2M7Q0N5W4Z8T3R6Y9C1D2E", "01KB2M7Q0N5W4Z8T3R6Y9C1D2F"
DELIVERY = "01KB2M7Q0N9F7H2J5K8P1S4V6X"
AT = NOW + timedelta(seconds=1, microseconds=234_567)
ACCEPTED, DELIVERED, ACKNOWLEDGED = 17, 40, 41
"""Where the entries of the case stand in the ledger."""
ATTACHMENTS = tuple(data for _, _, data in sample.ATTACHMENTS.values())


def sha(data: bytes) -> str:
    return sha256(data).hexdigest()


@cache
def sealed() -> bytes:
    """The packet: sealed by an agency, its attachments beside it."""
    return sample.sealed()


def facts(envelope: bytes, sealed_by: str | None) -> ReceiptFacts:
    """What the receipt of this packet states."""
    attachments = tuple(
        (name, digest, len(data)) for (name, digest), data in zip(sample.digests(), ATTACHMENTS, strict=True)
    )
    return ReceiptFacts(
        dispatch_id=DISPATCH,
        origin=LOG.key.name,
        peer="truc-van-phong",
        sender="G22",
        document_id="G22,2026/11/20,7816/VPCP-TTĐT",
        packet_digest=packet_digest(envelope, [(digest, size) for _, digest, size in attachments]),
        attachments=attachments,
        addressees=(("H41.02", "H41.02"), ("H26", "000.00.00.H26")),
        admitted_at=AT,
        seal_certificate=sealed_by,
    )


def examined(stated: ReceiptFacts | Entry) -> ReportFacts:
    """What the report says of the examination that a receipt, or an acceptance, is about."""
    of_entry = isinstance(stated, Entry)
    warning = ReportedFinding(
        "pdf.unsigned", "warn", {"vi": "Tệp không có chữ ký.", "en": "No signature."}, {"vi": "Hỏi lại.", "en": "Ask."}
    )
    return ReportFacts(
        packet_digest=stated["packet"] if of_entry else stated.packet_digest,
        peer=stated["peer"] if of_entry else stated.peer,
        verdict="admitted",
        examined_at=stated.at if of_entry else stated.admitted_at,
        policy="strict",
        versions=Versions("0b" * 32, 7, "0c" * 32),
        findings=(warning,),
    )


def report_of(stated: ReceiptFacts | Entry) -> bytes:
    """That report, sealed."""
    return countersign(write_report(examined(stated)), pki().gateway.signer, AT)


def acceptance(stated: ReceiptFacts, receipt_xml: bytes, report_xml: bytes | None = None) -> Entry:
    """The ledger's entry for receipt and report."""
    return Entry.of(
        EntryKind.ACCEPT,
        stated.admitted_at,
        dispatch=stated.dispatch_id,
        peer=stated.peer,
        sender=stated.sender,
        packet=stated.packet_digest,
        receipt=sha(receipt_xml),
        report=sha(report_of(stated) if report_xml is None else report_xml),
        seal_certificate=stated.seal_certificate or NONE,
        gateway_certificate=sha(pki().gateway.der),
        addressees=" ".join(key for key, _ in stated.addressees),
    )


def outcome(kind: EntryKind, dispatch: str = DISPATCH) -> Entry:
    """What became of the delivery to the first addressee."""
    return Entry.of(kind, AT + timedelta(minutes=1), dispatch=dispatch, delivery=DELIVERY, addressee="H41.02")


def proven(*entries: Entry) -> Case:
    """The entries in a ledger of 50, proven, with the report of the acceptance; receipt and packet are for the caller
    to set."""
    places = (ACCEPTED, DELIVERED, ACKNOWLEDGED)[: len(entries)]
    strangers = [Entry.of(EntryKind.PEER, AT, peer=f"p{number}", change="added").encode() for number in range(50)]
    for place, entry in zip(places, entries, strict=True):
        strangers[place] = entry.encode()
    shelf, tree, checkpoint = ledger_of(strangers, LOG)
    steps = [ProvenEntry(place, strangers[place], inclusion(place, tree.size, shelf)) for place in places]
    accept = next((entry for entry in entries if entry.kind is EntryKind.ACCEPT), None)
    papers = Papers(b"", report_of(accept) if accept else b"", pki().gateway.der)
    return Case(papers, checkpoint, steps)


def changed(case: Case, entries: Sequence[ProvenEntry] | None = None, **papers: object) -> Case:
    """The case with other papers, or with other entries."""
    assert case.papers is not None
    return replace(case, papers=replace(case.papers, **papers), entries=case.entries if entries is None else entries)


def evidence(case: Case) -> dict[tuple[int, str], bytes]:
    """Every evidence its entries give, sealed."""
    decoded = {one.index: decode(one.entry) for one in case.entries}
    accept = next((one for one in decoded.values() if one.kind is EntryKind.ACCEPT), None)
    submission = Submission.of(accept) if accept else None
    return {
        (facts.index, str(facts.event)): countersign(write_evidence(facts), pki().gateway.signer, AT)
        for one in case.entries
        for facts in evidence_of(LOG.key.name, one.index, one.entry, submission)
    }


def written(case: Case) -> bytes:
    """The case file, with all the evidence there is."""
    return write_case(replace(case, evidence=case.evidence or evidence(case)), pki().gateway.signer, AT)


@cache
def whole() -> Case:
    """Everything a case can hold."""
    stated = facts(sealed(), sha(pki().p256.der))
    receipt_xml = countersign(write_receipt(stated), pki().gateway.signer, AT)
    entries = (
        acceptance(stated, receipt_xml),
        outcome(EntryKind.DELIVER),
        outcome(EntryKind.ACKNOWLEDGE),
    )
    return changed(proven(*entries), receipt_xml=receipt_xml, envelope=sealed(), attachments=ATTACHMENTS)
