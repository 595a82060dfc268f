"""Checking a case offline: from the ledger's public key, and nothing else, to what is proven and what is not.

Each step hands on only what it has proven, so every fact in the report hangs by digests on the checkpoint's signature.
A broken part is named, and stops only what depends on it.
"""

from __future__ import annotations

import re
import ssl
from hashlib import sha256
from types import TracebackType

from gateway.edxml import Limits, parse
from gateway.ledger.archive import unpack
from gateway.ledger.case import (
    CHECKPOINT,
    ENVELOPE,
    GATEWAY_CERTIFICATE,
    README,
    RECEIPT,
    REPORT,
    SENDER_CERTIFICATE,
    attachment_member,
    entry_member,
    pem,
    proof_member,
)
from gateway.ledger.checkpoint import Checkpoint, open_checkpoint
from gateway.ledger.entry import NONE, Entry, EntryKind, decode, write_instant
from gateway.ledger.examination import read_report
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey
from gateway.ledger.proof import Proof
from gateway.ledger.readme import readme
from gateway.ledger.receipt import ReceiptFacts, read_receipt
from gateway.ledger.report import CaseReport, Statement, Wrong
from gateway.model.packet import packet_digest
from gateway.model.refusal import Refused
from gateway.trust import TrustStore, read_certificate, verify, verify_countersigned

ENVELOPE_BYTES_MAX = 16 * 1024 * 1024
"""A gateway may be set to take larger envelopes than most; whatever it took, a case of it can be checked."""

_REQUIRED = (README, RECEIPT, REPORT, GATEWAY_CERTIFICATE, CHECKPOINT)
_OPTIONAL = (SENDER_CERTIFICATE, ENVELOPE)
_ENTRY = re.compile(r"entries/(0|[1-9][0-9]{0,17})\.(?:txt|tlog-proof)")
_ATTACHMENT = re.compile(r"packet/attachments/[0-9]{2}")


def check_case(data: bytes, vkey: str) -> CaseReport:
    """Check a case file with the ledger's public key. Any bytes give a report; ProofError(key.form) for a bad key."""
    key = NoteKey.parse(vkey)
    book, receipt = _Book(), None
    with book.part(""):
        book.members = unpack(data)
        _check_names(book)
        receipt = _check_members(book, key)
    if book.wrong:
        book.leave_open("rest")
    return CaseReport(tuple(book.proven), tuple(book.unproven), tuple(book.wrong), receipt)


class _Book:
    """The members of a case, and the lists of the report as they grow."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self.proven: list[Statement] = []
        self.unproven: list[Statement] = []
        self.wrong: list[Wrong] = []

    def part(self, member: str) -> _Part:
        """A block that judges one member: what it raises is noted under the member's name, and goes no further."""
        return _Part(self, member)

    def take(self, member: str) -> bytes:
        """A member's bytes. ProofError(case.missing) where it is not there."""
        if member not in self.members:
            raise ProofError(Fault.CASE_MISSING)
        return self.members[member]

    def note(self, member: str, error: ProofError) -> None:
        """A member is wrong; only its first fault is told, the others follow from it."""
        if all(one.member != member for one in self.wrong):
            self.wrong.append(Wrong(member, error))

    def prove(self, code: str, /, **values: object) -> None:
        self.proven.append(_statement(f"proven.{code}", values))

    def leave_open(self, code: str, **values: object) -> None:
        self.unproven.append(_statement(f"unproven.{code}", values))


class _Part:
    def __init__(self, book: _Book, member: str) -> None:
        self._book, self._member = book, member

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool:
        if isinstance(error, ProofError):
            self._book.note(self._member, error)
        return isinstance(error, ProofError)


def _statement(code: str, values: dict[str, object]) -> Statement:
    return Statement(code, tuple((name, _printable(str(value))) for name, value in values.items()))


def _printable(value: str) -> str:
    """Values of a case end on somebody's terminal; what could steer one is shown as U+FFFD."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in value)


def _check_names(book: _Book) -> None:
    """Nothing in the archive that a case does not have, and everything that it must have."""
    for name in book.members:
        if name not in (*_REQUIRED, *_OPTIONAL) and not _ENTRY.fullmatch(name) and not _ATTACHMENT.fullmatch(name):
            book.note(name, ProofError(Fault.CASE_UNKNOWN))
    for name in _REQUIRED:
        with book.part(name):
            book.take(name)


def _check_members(book: _Book, key: NoteKey) -> ReceiptFacts | None:
    """The chain: checkpoint, entries, acceptance, certificate, receipt, packet."""
    with book.part(README):
        if book.take(README) != readme():
            raise ProofError(Fault.CASE_README)
    checkpoint = _checkpoint(book, key)
    if checkpoint is None:
        return None
    entries = _entries(book, key)
    accepted = _accepted(book, entries)
    if accepted is None:
        return None
    index, accept = accepted
    book.prove("accept", index=index, at=write_instant(accept.at), **dict(accept.fields))
    _outcomes(book, entries, accept)
    certificate = _certificate(book, GATEWAY_CERTIFICATE, accept["gateway_certificate"])
    receipt = _receipt(book, certificate, accept, checkpoint) if certificate is not None else None
    if certificate is not None:
        _report(book, certificate, accept)
    if receipt is not None:
        _packet(book, accept, receipt)
    book.leave_open("clock")
    book.leave_open("one_ledger", origin=checkpoint.origin)
    return receipt


def _checkpoint(book: _Book, key: NoteKey) -> Checkpoint | None:
    with book.part(CHECKPOINT):
        checkpoint = open_checkpoint(book.take(CHECKPOINT), key)
        book.prove("checkpoint", origin=checkpoint.origin, size=checkpoint.size, key_id=key.key_id.hex())
        return checkpoint
    return None


def _entries(book: _Book, key: NoteKey) -> dict[int, Entry]:
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


def _accepted(book: _Book, entries: dict[int, Entry]) -> tuple[int, Entry] | None:
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
    """Whether an entry is about this dispatch: what happened to it, or what another packet says of it."""
    return bool({("dispatch", dispatch), ("target", dispatch)} & set(entry.fields))


def _outcomes(book: _Book, entries: dict[int, Entry], accept: Entry) -> None:
    """What is proven of each addressee, and of whom nothing is."""
    waiting = dict.fromkeys(accept["addressees"].split(" "))
    for index, entry in entries.items():
        if entry is not accept and _concerns(entry, accept["dispatch"]):
            values = dict(entry.fields)
            book.prove(str(entry.kind), index=index, at=write_instant(entry.at), **values)
            waiting.pop(values.get("addressee", ""), None)
    for addressee in waiting:
        book.leave_open("delivery", addressee=addressee)
    if any(entry.kind in (EntryKind.DELIVER, EntryKind.ACKNOWLEDGE) for entry in entries.values()):
        book.leave_open("reading")


def _certificate(book: _Book, member: str, digest: str) -> bytes | None:
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


def _receipt(book: _Book, certificate: bytes, accept: Entry, checkpoint: Checkpoint) -> ReceiptFacts | None:
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


def _report(book: _Book, certificate: bytes, accept: Entry) -> None:
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


def _packet(book: _Book, accept: Entry, receipt: ReceiptFacts) -> None:
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


def _attachments(book: _Book, receipt: ReceiptFacts) -> None:
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


def _seal(book: _Book, envelope: bytes, accept: Entry, receipt: ReceiptFacts) -> None:
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
