"""Checking a case offline: from the ledger's public key, and nothing else, to what is proven and what is not.

Each step hands on only what it has proven, so every fact in the report hangs by digests on the checkpoint's signature.
A broken part is named, and stops only what depends on it.
"""

from __future__ import annotations

import re
import ssl
from hashlib import sha256

from gateway.edxml import Limits, parse
from gateway.ledger.archive import unpack
from gateway.ledger.case import (
    CHECKPOINT,
    COSIGNED,
    ENVELOPE,
    GATEWAY_CERTIFICATE,
    MANIFEST,
    MIMETYPE,
    PAGE,
    README,
    RECEIPT,
    REPORT,
    SENDER_CERTIFICATE,
    SIGNATURES,
    STAMP,
    attachment_member,
    entry_member,
    pem,
    proof_member,
)
from gateway.ledger.check_book import Book
from gateway.ledger.check_parts import (
    CERTIFICATE,
    EVIDENCE,
    REASON,
    REVOCATION,
    Known,
    check_certificates,
    check_container,
    check_cosigned,
    check_evidence,
    check_page,
    check_reasons,
    check_revocation,
    check_stamp,
    only_deliveries,
)
from gateway.ledger.checkpoint import Checkpoint, open_checkpoint
from gateway.ledger.entry import NONE, Entry, EntryKind, decode, write_instant
from gateway.ledger.examination import PdfBasis, read_report
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey
from gateway.ledger.page import ENVELOPE_BYTES_MAX
from gateway.ledger.proof import Proof
from gateway.ledger.readme import readme
from gateway.ledger.receipt import ReceiptFacts, read_receipt
from gateway.ledger.report import CaseReport
from gateway.model.packet import packet_digest
from gateway.model.refusal import Refused
from gateway.trust import TrustStore, read_certificate, verify, verify_countersigned

_EVENT = (MIMETYPE, README, PAGE, CHECKPOINT, MANIFEST, SIGNATURES)
_WHOLE = (*_EVENT, RECEIPT, REPORT, GATEWAY_CERTIFICATE)
_OPTIONAL = (SENDER_CERTIFICATE, ENVELOPE, STAMP, COSIGNED)
_ENTRY = re.compile(r"entries/(0|[1-9][0-9]{0,17})\.(?:txt|tlog-proof)")
_ATTACHMENT = re.compile(r"packet/attachments/[0-9]{2}")
_PLAIN = (_ENTRY, EVIDENCE, CERTIFICATE)
_OF_A_WHOLE = (_ATTACHMENT, REASON, REVOCATION)
_ON_THE_WAY = {EntryKind.ATTEMPT, EntryKind.REMIND}
"""What names an addressee, and says neither that the packet arrived there nor that it never will."""


def check_case(data: bytes, vkey: str, known: Known = Known()) -> CaseReport:  # noqa: B008  frozen
    """Check a case file with the ledger's public key, and what else is known. Any bytes give a report;
    ProofError(key.form) for a bad key."""
    key = NoteKey.parse(vkey)
    book, receipt = Book(), None
    with book.part(""):
        book.members = unpack(data)
        whole = book.members.get(README) != readme(whole=False)
        _check_names(book, whole)
        receipt = _check_members(book, key, known, whole)
        check_container(book)
        if not book.wrong:
            check_page(book)
    if book.wrong:
        book.leave_open("rest")
    return CaseReport(tuple(book.proven), tuple(book.unproven), tuple(book.wrong), receipt)


def _check_names(book: Book, whole: bool) -> None:
    """Nothing in the archive that a case does not have, and everything that it must have."""
    names = (*_WHOLE, *_OPTIONAL) if whole else (*_EVENT, STAMP, COSIGNED)
    forms = (*_PLAIN, *_OF_A_WHOLE) if whole else _PLAIN
    for name in book.members:
        if name not in names and not any(form.fullmatch(name) for form in forms):
            book.note(name, ProofError(Fault.CASE_UNKNOWN))
    for name in _WHOLE if whole else _EVENT:
        with book.part(name):
            book.take(name)


def _check_members(book: Book, key: NoteKey, known: Known, whole: bool) -> ReceiptFacts | None:
    """The chain: checkpoint, entries, then what happened, then what is around it."""
    with book.part(README):
        if book.take(README) != readme(whole):
            raise ProofError(Fault.CASE_README)
    checkpoint = _checkpoint(book, key)
    if checkpoint is None:
        return None
    entries = _entries(book, key)
    check_certificates(book, entries)
    told = {index: entry for index, entry in entries.items() if entry.kind is not EntryKind.KEY}
    receipt = None
    if whole:
        receipt = _whole(book, checkpoint, told)
    else:
        _event(book, checkpoint, told)
    check_stamp(book, entries, known)
    check_cosigned(book, checkpoint.origin, known)
    return receipt


def _whole(book: Book, checkpoint: Checkpoint, entries: dict[int, Entry]) -> ReceiptFacts | None:
    """Acceptance, outcomes, certificate, receipt, report, packet."""
    accepted = _accepted(book, entries)
    if accepted is None:
        return None
    index, accept = accepted
    book.prove("accept", index=index, at=write_instant(accept.at), **dict(accept.fields))
    _outcomes(book, entries, accept)
    certificate = _certificate(book, GATEWAY_CERTIFICATE, accept["gateway_certificate"])
    check_evidence(book, checkpoint.origin, entries, accept)
    check_reasons(book, entries)
    receipt = _receipt(book, certificate, accept, checkpoint) if certificate is not None else None
    if certificate is not None:
        check_revocation(book, _report(book, certificate, accept))
    if receipt is not None:
        _packet(book, accept, receipt)
    return receipt


def _event(book: Book, checkpoint: Checkpoint, entries: dict[int, Entry]) -> None:
    """One delivery's events, and nothing about anybody else."""
    if not entries or not only_deliveries(entries) or len({one["delivery"] for one in entries.values()}) > 1:
        book.note("entries/", ProofError(Fault.CASE_UNKNOWN))
    for index, entry in entries.items():
        book.prove(str(entry.kind), index=index, at=write_instant(entry.at), **dict(entry.fields))
    check_evidence(book, checkpoint.origin, entries, None)


def _checkpoint(book: Book, key: NoteKey) -> Checkpoint | None:
    with book.part(CHECKPOINT):
        checkpoint = open_checkpoint(book.take(CHECKPOINT), key)
        book.prove("checkpoint", origin=checkpoint.origin, size=checkpoint.size, key_id=key.key_id.hex())
        return checkpoint
    return None


def _entries(book: Book, key: NoteKey) -> dict[int, Entry]:
    """The entries that are in the tree of the checkpoint, by index."""
    entries: dict[int, Entry] = {}
    for index in sorted({int(match[1]) for name in book.members if (match := _ENTRY.fullmatch(name))}):
        with book.part(proof_member(index)):
            proof = Proof.parse(book.take(proof_member(index)))
            if proof.index != index or proof.checkpoint != book.members[CHECKPOINT]:
                raise ProofError(Fault.CASE_OTHER_CHECKPOINT, index=index)
            proof.verify(key)
            with book.part(entry_member(index)):
                if book.take(entry_member(index)) != proof.entry:
                    raise ProofError(Fault.CASE_ENTRY_DIFFERS, index=index)
                entries[index] = decode(proof.entry)
    return entries


def _accepted(book: Book, entries: dict[int, Entry]) -> tuple[int, Entry] | None:
    """The one acceptance the case is about; entries of anything else do not belong in it."""
    accepts = [(index, entry) for index, entry in entries.items() if entry.kind is EntryKind.ACCEPT]
    if not accepts:
        book.note("entries/", ProofError(Fault.CASE_NO_ACCEPTANCE))
        return None
    dispatch = accepts[0][1]["dispatch"]
    for index, entry in entries.items():
        other = index != accepts[0][0] and entry.kind is EntryKind.ACCEPT
        if other or not _concerns(entry, dispatch):
            book.note(entry_member(index), ProofError(Fault.CASE_OTHER_DISPATCH, dispatch=dispatch))
    return accepts[0]


def _concerns(entry: Entry, dispatch: str) -> bool:
    """Whether an entry is about this dispatch: what happened to it, what another packet says of it, or what an operator
    did to a delivery of it."""
    about = bool({("dispatch", dispatch), ("target", dispatch)} & set(entry.fields))
    return about or dict(entry.fields).get("subject", "").startswith(f"{dispatch}/")


def _outcomes(book: Book, entries: dict[int, Entry], accept: Entry) -> None:
    """What is proven of each addressee, and of whom nothing is."""
    waiting = dict.fromkeys(accept["addressees"].split(" "))
    for index, entry in entries.items():
        if entry is not accept and _concerns(entry, accept["dispatch"]):
            values = dict(entry.fields)
            book.prove(str(entry.kind), index=index, at=write_instant(entry.at), **values)
            if entry.kind not in _ON_THE_WAY:
                waiting.pop(values.get("addressee", ""), None)
    for addressee in waiting:
        book.leave_open("delivery", addressee=addressee)
    if any(entry.kind in (EntryKind.DELIVER, EntryKind.ACKNOWLEDGE) for entry in entries.values()):
        book.leave_open("reading")


def _certificate(book: Book, member: str, digest: str) -> bytes | None:
    """DER of a certificate the acceptance names by its digest."""
    with book.part(member):
        written = book.take(member)
        try:
            der = ssl.PEM_cert_to_DER_cert(written.decode("ascii"))
        except ValueError as wrong:
            raise ProofError(Fault.CASE_CERTIFICATE, digest=digest) from wrong
        if sha256(der).hexdigest() != digest or pem(der) != written:
            raise ProofError(Fault.CASE_CERTIFICATE, digest=digest)
        return der
    return None


def _receipt(book: Book, certificate: bytes, accept: Entry, checkpoint: Checkpoint) -> ReceiptFacts | None:
    """What the receipt states: the file the acceptance names, sealed, and saying the same as the acceptance."""
    with book.part(RECEIPT):
        xml = book.take(RECEIPT)
        if sha256(xml).hexdigest() != accept["receipt"]:
            raise ProofError(Fault.CASE_RECEIPT_DIFFERS, digest=accept["receipt"])
        try:
            facts = read_receipt(verify_countersigned(xml, certificate))
            subject = read_certificate(certificate).subject
        except Refused as refused:
            raise ProofError(Fault.CASE_RECEIPT_SEAL, cause=refused.finding) from refused
        _compare(facts, accept, checkpoint)
        book.prove("receipt", subject=subject, digest=accept["gateway_certificate"])
        book.leave_open("authority", subject=subject)
        return facts
    return None


def _compare(facts: ReceiptFacts, accept: Entry, checkpoint: Checkpoint) -> None:
    """Receipt and entry are two statements of one fact. ProofError(case.receipt_contradicts) where they differ."""
    stated = {
        "origin": (facts.origin, checkpoint.origin),
        "at": (write_instant(facts.admitted_at), write_instant(accept.at)),
        "dispatch": (facts.dispatch_id, accept["dispatch"]),
        "peer": (facts.peer, accept["peer"]),
        "sender": (facts.sender, accept["sender"]),
        "packet": (facts.packet_digest, accept["packet"]),
        "seal_certificate": (facts.seal_certificate or NONE, accept["seal_certificate"]),
        "addressees": (" ".join(key for key, _ in facts.addressees), accept["addressees"]),
    }
    for field, (in_receipt, in_entry) in stated.items():
        if in_receipt != in_entry:
            raise ProofError(Fault.CASE_RECEIPT_CONTRADICTS, field=field)


def _report(book: Book, certificate: bytes, accept: Entry) -> PdfBasis | None:
    """The examination report: the file the acceptance names, sealed, and about this very examination."""
    with book.part(REPORT):
        xml = book.take(REPORT)
        if sha256(xml).hexdigest() != accept["report"]:
            raise ProofError(Fault.CASE_REPORT_DIFFERS, digest=accept["report"])
        try:
            facts = read_report(verify_countersigned(xml, certificate))
        except Refused as refused:
            raise ProofError(Fault.CASE_REPORT_SEAL, cause=refused.finding) from refused
        stated = {
            "at": (write_instant(facts.examined_at), write_instant(accept.at)),
            "peer": (facts.peer, accept["peer"]),
            "packet": (facts.packet_digest, accept["packet"]),
            "verdict": (facts.verdict, "admitted"),
        }
        for field, (in_report, in_entry) in stated.items():
            if in_report != in_entry:
                raise ProofError(Fault.CASE_REPORT_CONTRADICTS, field=field)
        versions = facts.versions
        count = len(facts.findings)
        book.prove("report", count=count, directory=versions.directory, rules=versions.rules, policy=facts.policy)
        return facts.pdf
    return None


def _packet(book: Book, accept: Entry, receipt: ReceiptFacts) -> None:
    """The packet itself, as far as it is in the case."""
    _attachments(book, receipt)
    if ENVELOPE not in book.members:
        book.leave_open("packet", digest=accept["packet"])
    else:
        with book.part(ENVELOPE):
            envelope = book.members[ENVELOPE]
            if packet_digest(envelope, ((sha, size) for _, sha, size in receipt.attachments)) != accept["packet"]:
                raise ProofError(Fault.CASE_PACKET_DIFFERS, digest=accept["packet"])
            book.prove("packet", digest=accept["packet"])
            if accept["seal_certificate"] != NONE:
                _seal(book, envelope, accept, receipt)
    if accept["seal_certificate"] == NONE:
        book.leave_open("sender", sender=accept["sender"], peer=accept["peer"])
        if SENDER_CERTIFICATE in book.members:
            book.note(SENDER_CERTIFICATE, ProofError(Fault.CASE_UNKNOWN))


def _attachments(book: Book, receipt: ReceiptFacts) -> None:
    listed = {attachment_member(number): one for number, one in enumerate(receipt.attachments, start=1)}
    for member, (content_id, digest, size) in listed.items():
        if member not in book.members:
            book.leave_open("attachment", content_id=content_id, digest=digest, size=size)
            continue
        with book.part(member):
            data = book.members[member]
            if len(data) != size or sha256(data).hexdigest() != digest:
                raise ProofError(Fault.CASE_ATTACHMENT_DIFFERS, content_id=content_id, digest=digest)
            book.prove("attachment", member=member, content_id=content_id, size=size)
    for member in book.members.keys() - listed.keys():
        if _ATTACHMENT.fullmatch(member):
            book.note(member, ProofError(Fault.CASE_UNKNOWN))


def _seal(book: Book, envelope: bytes, accept: Entry, receipt: ReceiptFacts) -> None:
    """The sender's own seal, by the very certificate the acceptance names. Who issued that certificate is left open."""
    certificate = _certificate(book, SENDER_CERTIFICATE, accept["seal_certificate"])
    if certificate is None:
        return
    try:
        parsed = parse(envelope, Limits(envelope_bytes_max=ENVELOPE_BYTES_MAX))
        attachments = [(content_id, digest) for content_id, digest, _ in receipt.attachments]
        read_certificate(certificate)
        seal = verify(parsed, attachments, (certificate,), TrustStore((certificate,)), accept.at).facts
    except Refused as refused:
        raise ProofError(Fault.CASE_SENDER_SEAL, cause=refused.finding) from refused
    book.prove("seal", subject=seal.subject, at=seal.signed_at.isoformat(), digest=seal.certificate_sha256)
    book.leave_open("authority", subject=seal.subject)
