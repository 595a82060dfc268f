"""`examine`: steps 2 to 5 of the line as one pure function, bytes and known facts in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway import edxml, trust
from gateway.edxml import Limits, Parsed, Received, SignatureState
from gateway.model.agency import Agency, Directory, Peer
from gateway.model.envelope import EnvelopeSignature, EnvelopeState
from gateway.model.packet import Claim, Content, Packet
from gateway.model.pdf import PdfReport
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Severity, found
from gateway.rules.authority import Addressee, check_authority, resolve_addressees
from gateway.rules.authority_table import AuthorityTable, shipped_table
from gateway.rules.competence import check_competence
from gateway.rules.form import check_form
from gateway.rules.form_rules import check_form_rules
from gateway.rules.policy import Policy, policy_of
from gateway.trust import TrustStore, Written

SIGNATURE = "/edXML/edXMLEnvelope/edXMLHeader/Signature"


@dataclass(frozen=True, slots=True)
class Known:
    """The facts an examination rests on: the same facts give the same verdict."""

    directory: Directory
    trust: TrustStore
    limits: Limits
    at: datetime
    table: AuthorityTable = field(default_factory=shipped_table)
    """The authority table in force at `at`."""
    policy: Policy | None = None
    """In the place of the policy the directory has for the packet: to see what another would say."""


@dataclass(frozen=True, slots=True)
class PdfCheck:
    """What was found about the signatures of one PDF attachment."""

    content_id: str
    sha256: str
    report: PdfReport


@dataclass(frozen=True, slots=True)
class PdfChecks:
    """What was found about the signatures of every PDF attachment, and what that rests on. Digests are hex."""

    anchors: str
    """Of the anchor stores (`trust.anchors.digest_of`)."""
    snapshot: str
    """Of the revocation snapshot."""
    snapshot_at: datetime | None
    """When the snapshot was taken; None: nothing was ever fetched."""
    files: tuple[PdfCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """The whole report. `packet`, `sender` and `addressees` are there exactly when the packet is admitted."""

    findings: tuple[Finding, ...]
    examined_at: datetime
    directory_version: int
    packet_digest: str
    tables: tuple[tuple[str, int, str], ...] = ()
    """(name, version, SHA-256) of every table the rules rested on."""
    packet: Packet | None = None
    sender: Agency | None = None
    addressees: tuple[Addressee, ...] = ()
    policy: Policy | None = None
    """What the packet was held to; None where it could not be read so far."""
    pdfs: PdfChecks | None = None
    """None: the signatures inside PDFs were not looked at (`rules.pdfs.check_pdfs`)."""
    envelope: EnvelopeSignature | None = None
    """What stands in the envelope's Signature slot; None where the packet could not be read."""

    @property
    def admitted(self) -> bool:
        return self.packet is not None

    @property
    def refusal(self) -> Refused:
        """The refusal to raise; call only where the packet is not admitted."""
        return Refused(*(one for one in self.findings if one.severity is Severity.REFUSE))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity is Severity.WARN)


def examine(received: Received, peer: Peer, known: Known) -> Examination:
    """Parse, check form, check authority, verify the seal; gather every finding, let precedence name the refusal.

    Any bytes in, an examination out: nothing a sender writes makes this raise.
    """
    tables = (("authority", known.table.version, known.table.sha256),)
    report = Examination((), known.at, known.directory.version, received.digest, tables)
    try:
        parsed = edxml.parse(received.skeleton, known.limits)  # step 2
        if schema := edxml.validate(parsed):  # step 3: by schema. What does not fit it cannot be read reliably:
            return replace(report, findings=schema)  # nothing more is said
        written, signed = _signed_content(parsed, known.limits)
        claim = edxml.read(parsed, received, signed)
    except Refused as no:
        return replace(report, findings=no.findings)
    sender = known.directory.agency(claim.content.sender.id)
    policy = known.policy or policy_of(peer, sender, known.table.policies)
    envelope = envelope_signature(parsed, received)
    report = replace(report, policy=policy, envelope=envelope)
    form = (  # and by rule
        *check_form(claim, known.limits.addressees_max, known.at),
        *check_form_rules(parsed, claim, known.directory, known.at, policy),
    )
    authority = check_authority(claim.content, peer, known.directory, known.at)  # step 4: who may send and receive,
    competence = check_competence(claim.content, sender, known.table, policy, known.at)  # and who may issue and sign
    packet, seal = _verify_seal(parsed, written, claim, sender, envelope, policy, known)  # step 5
    findings = (*form, *authority, *competence, *seal)
    if packet is None or any(one.severity is Severity.REFUSE for one in findings):
        return replace(report, findings=findings)
    return replace(
        report,
        findings=findings,
        packet=packet,
        sender=known.directory.agency(packet.content.sender.id),
        addressees=resolve_addressees(packet.content, known.directory, known.at),
    )


def _signed_content(parsed: Parsed, limits: Limits) -> tuple[Written, Content] | tuple[None, None]:
    """What the envelope says, read out of the very octets that are signed. Nothing where they cannot be had so early or
    cannot be read: then the packet's own tree says what is wrong, and where."""
    written = trust.written(parsed)
    if written is None:
        return None, None
    try:
        return written, edxml.read_content(written.octets, limits)
    except Refused:
        return None, None


def envelope_signature(parsed: Parsed, received: Received) -> EnvelopeSignature:
    """What stands in the Signature slot. A signature of the field is judged for the report alone."""
    if edxml.signature_state(parsed) is SignatureState.STRICT_CANDIDATE:
        return EnvelopeSignature(EnvelopeState.SEAL)
    return trust.judge_old(edxml.old_signature(parsed.root), received.enveloped)


def seal_missing(policy: Policy) -> Finding:
    """What is said of a packet without a seal of the profile; the policy decides how grave that is."""
    missing = found(Reason.SEAL_MISSING, SIGNATURE)
    return replace(missing, severity=policy.severity(missing.reason, missing.severity))


def _verify_seal(
    parsed: Parsed,
    written: Written | None,
    claim: Claim,
    sender: Agency | None,
    envelope: EnvelopeSignature,
    policy: Policy,
    known: Known,
) -> tuple[Packet | None, tuple[Finding, ...]]:
    """The packet as signed, or what is wrong with its seal. Without a seal the policy decides."""
    if envelope.state is not EnvelopeState.SEAL:
        missing = seal_missing(policy)
        if missing.severity is Severity.REFUSE:
            return None, (missing,)
        return Packet(claim.content, claim.attachments, claim.digest, seal=None), (missing,)
    try:
        verified = trust.verify(
            parsed,
            [(one.content_id, one.sha256) for one in claim.attachments],
            sender.certificates if sender else (),
            known.trust,
            known.at,
            written,
        )
        if written is not None and verified.canonical is written.octets:
            signed = claim.content
        else:
            signed = edxml.read_content(verified.canonical, known.limits)
    except Refused as no:
        return None, no.findings
    if signed != claim.content:  # see what is signed: the two readings of one packet must not differ in anything
        return None, (found(Reason.SEAL_REFERENCES, SIGNATURE),)
    return Packet(signed, claim.attachments, claim.digest, verified.facts), ()
