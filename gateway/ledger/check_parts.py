"""What a case holds around the chain of proofs: evidence, words, time stamp, witnesses, revocation, seal, page.

Each is judged against what the chain has proven, and against what whoever checks brings along: the authority whose
time stamps count, the witnesses that are believed.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from gateway.ledger.case import (
    CHECKPOINT,
    COSIGNED,
    GATEWAY_CERTIFICATE,
    MANIFEST,
    MEDIA_TYPE,
    MIMETYPE,
    PAGE,
    SALT_BYTES,
    SIGNATURES,
    STAMP,
    entry_member,
    evidence_member,
    manifest,
    pem,
    proof_member,
    reason_member,
    sealed_by,
)
from gateway.ledger.check_book import Book
from gateway.ledger.cosignature import WitnessKey, cosignatures
from gateway.ledger.entry import Entry, EntryKind, write_instant
from gateway.ledger.evidence import RELAYED, EvidenceFacts, Submission, evidence_of, read_evidence
from gateway.ledger.examination import PdfBasis
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import cut_note
from gateway.ledger.page import form_of, page, page_form
from gateway.model.refusal import Refused
from gateway.trust import read_certificate, verify_countersigned
from gateway.trust.files import open_files_seal
from gateway.trust.revocation import RevocationSnapshot
from gateway.trust.timestamp import StampError, open_stamp, stated

SKEW = timedelta(minutes=10)
"""A time stamp may be so much earlier than an entry it covers: two clocks, each allowed to be wrong by half of it."""
EVIDENCE = re.compile(r"evidence/(0|[1-9][0-9]{0,17})-([A-Za-z]+)\.xml")
REASON = re.compile(r"reasons/(0|[1-9][0-9]{0,17})\.bin")
CERTIFICATE = re.compile(r"certificates/[0-9a-f]{64}\.pem")
REVOCATION = re.compile(r"revocation/([0-9a-f]{64}\.(?:crl|ocsp))")


@dataclass(frozen=True, slots=True)
class Known:
    """What whoever checks brings along, beside the ledger's key."""

    tsa: Sequence[bytes] = ()
    """DER of roots of time-stamping authorities that count."""
    witnesses: Sequence[WitnessKey] = ()


def check_evidence(book: Book, origin: str, entries: Mapping[int, Entry], accept: Entry | None) -> None:
    """Every evidence says what its entry says, and none is left out. `accept` is None where the case hides it."""
    submission = Submission.of(accept) if accept else None
    wanted = set(_expected(origin, entries, submission, accept["dispatch"] if accept else None))
    strangers: set[str] = set()
    for name in sorted(book.members):
        if (match := EVIDENCE.fullmatch(name)) is None:
            continue
        wanted.discard(name)
        index, event = int(match[1]), match[2]
        if book.broken(entry_member(index), proof_member(index)):
            continue  # what it rests on is named already
        with book.part(name):
            subject, facts = _open_evidence(book, name)
            own = submission or facts.submission
            possible = evidence_of(origin, index, entries[index].encode(), own, True) if index in entries else ()
            if facts not in set(possible) or facts.event != event:
                raise ProofError(Fault.CASE_EVIDENCE_DIFFERS, index=index)
            book.prove("evidence", event=event, index=index, subject=subject)
            if submission is None and facts.submission is not None:
                book.leave_open("binding", receipt=facts.submission.receipt, subject=subject)
            strangers |= {subject} if _is_other(book, book.members[name]) else set()
    for name in sorted(wanted):
        book.note(name, ProofError(Fault.CASE_MISSING))
    for subject in sorted(strangers):
        book.leave_open("authority", subject=subject)


def _expected(
    origin: str, entries: Mapping[int, Entry], submission: Submission | None, dispatch: str | None
) -> Iterator[str]:
    """What must be there. Whether a hub carried it on the ledger does not say; what this packet says of another is
    evidence about that other."""
    for index, entry in entries.items():
        for facts in evidence_of(origin, index, entry.encode(), submission):
            if facts.event not in RELAYED.values() and dispatch in {None, facts.dispatch}:
                yield evidence_member(index, facts.event)


def _open_evidence(book: Book, name: str) -> tuple[str, EvidenceFacts]:
    """Who sealed an evidence, and what it states."""
    der = known_signer(book, book.members[name])
    try:
        return read_certificate(der).subject, read_evidence(verify_countersigned(book.members[name], der))
    except Refused as refused:
        raise ProofError(Fault.CASE_EVIDENCE_SEAL, cause=refused.finding) from refused


def _is_other(book: Book, xml: bytes) -> bool:
    """Whether a document is sealed by another certificate than the one the acceptance names."""
    der, own = sealed_by(xml), book.members.get(GATEWAY_CERTIFICATE)
    return own is None or der is None or pem(der) != own


def known_signer(book: Book, xml: bytes) -> bytes:
    """The certificate a sealed document names, if the case holds it. ProofError(case.signer_unknown)."""
    named = sealed_by(xml)
    if named is not None and book.broken(GATEWAY_CERTIFICATE):
        return named  # its own fault is named already
    for name, written in book.members.items():
        if name == GATEWAY_CERTIFICATE or CERTIFICATE.fullmatch(name):
            der = _der(name, written)
            if der == named:
                return der
    raise ProofError(Fault.CASE_SIGNER_UNKNOWN)


def check_certificates(book: Book, entries: Mapping[int, Entry]) -> None:
    """Every certificate beside the ledger's own bears its digest as its name; entries of kind `key` introduce them."""
    keys = {index: entry for index, entry in entries.items() if entry.kind is EntryKind.KEY}
    introduced = {entry["new"]: index for index, entry in keys.items() if entry["which"] == "seal"}
    for name in filter(CERTIFICATE.fullmatch, book.members):
        with book.part(name):
            der = _der(name, book.members[name])
            digest = name.partition("/")[2].removesuffix(".pem")
            if sha256(der).hexdigest() != digest or pem(der) != book.members[name]:
                raise ProofError(Fault.CASE_CERTIFICATE, digest=digest)
            try:
                subject = read_certificate(der).subject
            except Refused as refused:
                raise ProofError(Fault.CASE_CERTIFICATE, digest=digest) from refused
            if (index := introduced.get(digest)) is None:
                book.leave_open("introduced", subject=subject, digest=digest)
            else:
                book.prove("key", index=index, at=write_instant(entries[index].at), subject=subject, digest=digest)
    for index, entry in keys.items():
        if f"certificates/{entry['new']}.pem" not in book.members:
            book.note(entry_member(index), ProofError(Fault.CASE_UNKNOWN))


def _der(name: str, written: bytes) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(written.decode("ascii"))
    except ValueError as wrong:
        raise ProofError(Fault.CASE_CERTIFICATE, digest=name) from wrong


def check_reasons(book: Book, entries: Mapping[int, Entry]) -> None:
    """Words of people are those whose salted digest an entry holds."""
    for name in book.members:
        if (match := REASON.fullmatch(name)) is None:
            continue
        with book.part(name):
            index, said = int(match[1]), book.members[name]
            digest = dict(entries[index].fields).get("reason", "") if index in entries else ""
            if sha256(said).hexdigest() != digest or name != reason_member(index):
                raise ProofError(Fault.CASE_REASON_DIFFERS, index=index, digest=digest)
            book.prove("reason", index=index, words=said[SALT_BYTES:].decode("utf-8", "replace"))


def check_stamp(book: Book, entries: Mapping[int, Entry], known: Known) -> None:
    """What a third party says about the time."""
    if STAMP not in book.members:
        book.leave_open("clock")
        return
    with book.part(STAMP):
        response, note = book.members[STAMP], book.members[CHECKPOINT]
        try:
            stamp = open_stamp(response, note, known.tsa) if known.tsa else None
            stamped_at = stamp.stamped_at if stamp else stated(response, note)
        except StampError as wrong:
            raise ProofError(Fault.CASE_STAMP, what=wrong) from wrong
        for index, entry in entries.items():
            if entry.at > stamped_at + SKEW:
                raise ProofError(Fault.CASE_STAMP_BEFORE, at=write_instant(stamped_at), index=index)
        if stamp is None:
            book.leave_open("stamp", at=write_instant(stamped_at))
        else:
            book.prove("stamped", authority=stamp.authority, at=write_instant(stamped_at))
            book.leave_open("before_stamp", at=write_instant(stamped_at))


def check_cosigned(book: Book, origin: str, known: Known) -> None:
    """Which of the witnesses that are believed have seen this very ledger."""
    seen: Mapping[WitnessKey, object] = {}
    with book.part(COSIGNED):
        if COSIGNED in book.members:
            if cut_note(book.members[COSIGNED])[0] != cut_note(book.members[CHECKPOINT])[0]:
                raise ProofError(Fault.CASE_COSIGNED_DIFFERS)
            seen = cosignatures(book.members[COSIGNED], known.witnesses)
            for witness, at in seen.items():
                book.prove("cosigned", witness=witness.name, at=at)
    for witness in known.witnesses:
        if witness not in seen:
            book.leave_open("witness", witness=witness.name)
    if not seen:
        book.leave_open("one_ledger", origin=origin)


def check_revocation(book: Book, basis: PdfBasis | None) -> None:
    """What was known of revocation is what the examination report names."""
    answers = {match[1]: book.members[match[0]] for match in map(REVOCATION.fullmatch, book.members) if match}
    if basis is None or not answers:
        if basis is not None and any(one.signatures for one in basis.files):
            book.leave_open("revocation")
        for name in answers:
            book.note(f"revocation/{name}", ProofError(Fault.CASE_UNKNOWN))
        return
    with book.part("revocation/"):
        if RevocationSnapshot(None, answers).version != basis.snapshot:
            raise ProofError(Fault.CASE_REVOCATION_DIFFERS, digest=basis.snapshot)
        book.prove("revocation", count=len(answers))


def check_container(book: Book) -> None:
    """The gateway's seal covers every member, each as it is, and nothing else; the manifest and the type say so too."""
    with book.part(MIMETYPE):
        if next(iter(book.members), "") != MIMETYPE or book.take(MIMETYPE) != MEDIA_TYPE.encode():
            raise ProofError(Fault.CASE_MIMETYPE)
    with book.part(SIGNATURES):
        known_signer(book, book.take(SIGNATURES))
        try:
            seal = open_files_seal(book.members[SIGNATURES])
        except Refused as refused:
            raise ProofError(Fault.CASE_SIGNATURE, cause=refused.finding) from refused
        listed = dict(seal.files)
        with book.part(MANIFEST):
            if book.take(MANIFEST) != manifest(name for name in listed if name not in {MIMETYPE, MANIFEST}):
                raise ProofError(Fault.CASE_MANIFEST)
        for name in listed.keys() - book.members.keys():
            book.note(name, ProofError(Fault.CASE_MISSING))
        for name, data in book.members.items():
            if name != SIGNATURES and name not in listed:
                book.note(name, ProofError(Fault.CASE_UNSIGNED))
            elif name != SIGNATURES and sha256(data).hexdigest() != listed[name]:
                book.note(name, ProofError(Fault.CASE_SIGNED_OTHERWISE))
        if not book.wrong:
            book.prove("container", subject=seal.certificate.subject, at=seal.signed_at.isoformat())
            if _is_other(book, book.members[SIGNATURES]):
                book.leave_open("authority", subject=seal.certificate.subject)


def check_page(book: Book) -> None:
    """The page says what the other members say: it is made again from them, where it has the form pages have here."""
    with book.part(PAGE):
        rest = {name: data for name, data in book.members.items() if name not in {MIMETYPE, PAGE, MANIFEST, SIGNATURES}}
        shown = book.take(PAGE)
        if shown == page(rest):
            return
        form = form_of(shown)
        if form in {None, page_form()}:
            raise ProofError(Fault.CASE_PAGE)
        book.leave_open("page", form=form)


def only_deliveries(entries: Mapping[int, Entry]) -> bool:
    """Whether every entry speaks of one delivery and nobody else: what a case for a third party may hold."""
    return all("addressee" in dict(one.fields) and one.kind is not EntryKind.ACCEPT for one in entries.values())
