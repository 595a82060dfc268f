"""What can be said of a packet offline: of the packet alone, or all that the door would say, from files beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway import edxml, rules, trust
from gateway.edxml import Cutter, Limits, Received, Sink
from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.envelope import EnvelopeSignature, EnvelopeState
from gateway.model.packet import Claim, Content, Document, SealFacts
from gateway.model.refusal import Finding, Refused, Severity
from gateway.rules import Known
from gateway.rules.examine import envelope_signature, seal_missing
from gateway.rules.form import check_form
from gateway.rules.form_rules import check_form_rules
from gateway.rules.pdfs import PdfFacts, check_pdfs, pdfs_of
from gateway.rules.policy import Policy
from gateway.trust import TrustStore
from gateway.trust.anchors import AnchorStore, digest_of
from gateway.trust.chains import Chains
from gateway.trust.pdf_file import PdfLimits
from gateway.trust.revocation import RevocationSnapshot

PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be said of a packet offline. `seal`: the facts of a seal that was verified."""

    findings: tuple[Finding, ...]
    claim: Claim | None = None
    envelope: EnvelopeSignature | None = None
    """What stands in the Signature slot."""
    seal: SealFacts | None = None
    by_directory: bool = False
    """A directory was at hand: the agencies and their people were examined too."""
    by_pdf_stores: bool = False
    """Authorities of signatures inside PDFs were at hand: these were looked at."""

    @property
    def refused(self) -> bool:
        return any(one.severity is Severity.REFUSE for one in self.findings)


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside the packet, in the place of a gateway's directory and configuration."""

    agencies: tuple[Agency, ...]
    anchors: Sequence[bytes]
    """DER of the authorities whose seals count."""
    pdf_stores: tuple[AnchorStore, ...] = ()
    """Authorities of the signatures inside PDFs; none: those are not looked at."""
    snapshot: RevocationSnapshot = field(default_factory=RevocationSnapshot)


class _Nowhere:
    """Attachments are hashed as they pass, and not kept."""

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


class _File:
    """An attachment, kept while its signatures are looked at."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, data: bytes, /) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._file.close()


def as_the_door(path: Path, limits: Limits, beside: Beside, policy: Policy, at: datetime) -> Seen:
    """What the door would say: the same examination, but for which system may send for whom. OSError as `alone`.

    Which system will send is not known here, so one is assumed that may speak for everybody.
    """
    with TemporaryDirectory(prefix="gateway-examine-") as folder:
        files: list[Path] = []

        def kept() -> Sink:
            files.append(Path(folder) / str(len(files)))
            return _File(files[-1])

        try:
            received = _received(path, limits, kept)
        except Refused as no:
            return Seen(no.findings)
        anyone = Peer("–", "–", tuple(Grant(one.key) for one in beside.agencies))
        directory = Directory(0, beside.agencies, (anyone,))
        known = Known(directory, TrustStore(beside.anchors), limits, at, policy=policy)
        report = rules.examine(received, anyone, known)
        seal = report.packet.seal if report.packet else None
        if report.packet is not None and beside.pdf_stores:
            data = [one.read_bytes() if one.stat().st_size < PIECE_BYTES else one for one in files]
            sources = pdfs_of(report.packet, [one.head for one in received.parts], data)
            chains, stores = Chains(beside.pdf_stores), digest_of(beside.pdf_stores)
            report = check_pdfs(report, sources, PdfFacts(stores, chains, beside.snapshot, PdfLimits(), directory))
        claim, by_stores = _read(received, limits), bool(beside.pdf_stores)
        return Seen(report.findings, claim, report.envelope, seal, by_directory=True, by_pdf_stores=by_stores)


def alone(
    path: Path, limits: Limits, senders: Sequence[bytes], anchors: Sequence[bytes], policy: Policy, at: datetime
) -> Seen:
    """Everything that can be known of a packet without a directory. OSError where the file cannot be read."""
    try:
        received = _received(path, limits, _Nowhere)
        parsed = edxml.parse(received.skeleton, limits)
        if findings := edxml.validate(parsed):
            return Seen(findings)
        claim = edxml.read(parsed, received)
        findings = (
            *check_form(claim, limits.addressees_max, at),
            *check_form_rules(parsed, claim, _assumed(claim.content), at, policy),
        )
        envelope = envelope_signature(parsed, received)
        if envelope.state is not EnvelopeState.SEAL:
            return Seen((*findings, seal_missing(policy)), claim, envelope)
        if not senders:
            return Seen(findings, claim, envelope)
        attachments = [(one.content_id, one.sha256) for one in claim.attachments]
        try:
            verified = trust.verify(parsed, attachments, senders, TrustStore(anchors), at)
        except Refused as no:
            return Seen((*findings, *no.findings), claim, envelope)
        return Seen(findings, claim, envelope, verified.facts)
    except Refused as no:
        return Seen(no.findings)


def _received(path: Path, limits: Limits, open_sink: Callable[[], Sink]) -> Received:
    cutter = Cutter(limits, open_sink)
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            cutter.feed(piece)
    return cutter.received()


def _read(received: Received, limits: Limits) -> Claim | None:
    """What the packet says of itself, where it can be read."""
    try:
        parsed = edxml.parse(received.skeleton, limits)
        return None if edxml.validate(parsed) else edxml.read(parsed, received)
    except Refused:
        return None


def _assumed(content: Content) -> Directory:
    """Offline nobody knows the directory: the agencies a document names beside its addressees are taken to exist."""
    if not isinstance(content, Document):
        return Directory(0)
    business = content.business
    named = [
        *(one.organ_id for one in content.response_for if one.organ_id),
        *(one.organ_id for one in (business.receivers if business else ())),
        *(organ_id for one in (business.replacements if business else ()) for organ_id in one.organ_ids),
    ]
    names = {organ.id: organ.name or "" for organ in (content.sender, *content.addressees)}
    return Directory(0, tuple(Agency(one, names.get(one, ""), (one,)) for one in dict.fromkeys(named)))
