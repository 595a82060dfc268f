"""The examination report: what the gateway found in a packet, under which rules and by what knowledge.

Like the receipt it is XML that is its own canonical form; the gateway seals it, the ledger's acceptance holds its
digest. The same packet under the same versions gives the same bytes. Schema: `schemas/examination.xsd`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.ledger.canonical import Element, NotCanonicalError, read, write
from gateway.ledger.entry import read_instant, write_instant
from gateway.ledger.fault import Fault, ProofError
from gateway.model.envelope import EnvelopeFault, EnvelopeSignature, EnvelopeState
from gateway.model.pdf import PdfSignature
from gateway.model.refusal import Finding, Severity
from gateway.model.words import LANGUAGES
from gateway.rules import Examination
from gateway.rules.examine import PdfCheck, PdfChecks
from gateway.rules.version import rule_set

REPORT_NAMESPACE = "urn:vn:truc:examination:1"
REPORT_ID = "examination"
REPORT_BYTES_MAX = 8 * 1024 * 1024
"""Some thousand findings with their texts, and 28 attachments with 32 signatures each, come to a third of it."""


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """One finding, in the words a person read. Texts are by language."""

    reason: str
    severity: str
    text: Mapping[str, str]
    advice: Mapping[str, str]
    rule: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ReportedPdf:
    """What was found about one PDF attachment."""

    content_id: str
    sha256: str
    fault: str | None
    signatures: tuple[Mapping[str, str], ...] = ()
    """In the order of signing: the facts of `model.pdf.PdfSignature` by name, as words."""
    unwrapped: bool = False
    """It came as the only file in a ZIP."""


@dataclass(frozen=True, slots=True)
class PdfBasis:
    """What the verification of PDFs rested on."""

    anchors: str
    """Digest of the anchor stores (`trust.anchors.digest_of`)."""
    snapshot: str
    """Digest of the revocation snapshot."""
    snapshot_at: datetime | None
    """When it was taken; None: nothing was ever fetched."""
    files: tuple[ReportedPdf, ...] = ()


@dataclass(frozen=True, slots=True)
class Versions:
    """What an examination rested on beside the packet."""

    rules: str
    """Digest of the rule set (`rules.version.rule_set`)."""
    directory: int
    anchors: str
    """Digest of the authorities whose certificates may seal packets."""
    tables: tuple[tuple[str, str, str], ...] = ()
    """(name, version, SHA-256) of every table in force that the rules used."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a report states."""

    packet_digest: str
    peer: str
    verdict: Literal["admitted", "refused"]
    examined_at: datetime
    policy: str | None
    """None: the packet could not be read so far that one applied."""
    versions: Versions
    findings: tuple[ReportedFinding, ...] = ()
    pdf: PdfBasis | None = None
    """None: signatures inside PDFs were not looked at."""
    envelope: EnvelopeSignature | None = None
    """What stands in the envelope's Signature slot; None where the packet could not be read."""

    def of_severity(self, severity: str) -> tuple[ReportedFinding, ...]:
        return tuple(one for one in self.findings if one.severity == severity)


def facts_of(examination: Examination, peer: str, anchors: str) -> ReportFacts:
    """What the report of an examination states. `anchors`: digest of the authorities whose certificates may seal."""
    return ReportFacts(
        packet_digest=examination.packet_digest,
        peer=peer,
        verdict="admitted" if examination.admitted else "refused",
        examined_at=examination.examined_at,
        policy=examination.policy.name if examination.policy else None,
        versions=Versions(
            rules=rule_set(),
            directory=examination.directory_version,
            anchors=anchors,
            tables=tuple((name, str(version), sha256) for name, version, sha256 in examination.tables),
        ),
        findings=tuple(map(_reported, sorted(examination.findings, key=_weight))),
        pdf=_basis(examination.pdfs),
        envelope=examination.envelope,
    )


def _weight(one: Finding) -> tuple[bool, int]:
    """What refuses comes first, then the order of precedence."""
    return one.severity is not Severity.REFUSE, one.reason.precedence


def _reported(one: Finding) -> ReportedFinding:
    return ReportedFinding(
        reason=str(one.reason),
        severity=str(one.severity),
        text={lang: one.detail(lang) for lang in LANGUAGES},
        advice={lang: one.hint(lang) for lang in LANGUAGES},
        rule=dict(one.values).get("rule"),
        path=one.place.path or None,
        line=one.place.line,
    )


def _basis(checks: PdfChecks | None) -> PdfBasis | None:
    if checks is None:
        return None
    return PdfBasis(checks.anchors, checks.snapshot, checks.snapshot_at, tuple(map(_file, checks.files)))


def _file(check: PdfCheck) -> ReportedPdf:
    fault = None if check.report.fault is None else str(check.report.fault)
    signatures = tuple(map(_signature, check.report.signatures))
    return ReportedPdf(check.content_id, check.sha256, fault, signatures, check.report.unwrapped)


def _signature(one: PdfSignature) -> dict[str, str]:
    facts = {
        "position": one.position,
        "signer": one.signer,
        "subject": one.subject,
        "role": one.role,
        "certificate": one.certificate_sha256 or None,
        "bytes": one.byte_fault or "intact",
        "value": one.signature_fault or "valid",
        "trustedBy": one.trusted_by,
        "pathFault": one.path_fault,
        "validity": one.validity,
        "revocation": one.revocation,
        "revokedAt": write_instant(one.revoked_at) if one.revoked_at else None,
        "signedAt": write_instant(one.signed_at),
        "timeFrom": one.time_source,
        "stampRefused": "true" if one.stamp_refused else None,
        "laterChange": one.later_change,
        "matches": None if one.matches is None else str(one.matches).lower(),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


def write_report(facts: ReportFacts) -> bytes:
    """The report, not yet sealed. ProofError(report.form) for text that XML cannot hold."""
    root = Element(
        "ExaminationReport",
        {"Id": REPORT_ID},
        (
            Element("PacketDigest", text=facts.packet_digest),
            Element("Peer", text=facts.peer),
            Element("Verdict", text=facts.verdict),
            Element("ExaminedAt", text=write_instant(facts.examined_at)),
            Element("Policy", _given(name=facts.policy)),
            _versions(facts.versions),
            Element("Findings", children=tuple(map(_finding, facts.findings))),
            *_envelope(facts.envelope),
            _pdf(facts.pdf),
        ),
    )
    try:
        return write(root, REPORT_NAMESPACE)
    except NotCanonicalError as wrong:
        raise ProofError(Fault.REPORT_FORM, what=wrong) from wrong


def _given(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}


def _versions(versions: Versions) -> Element:
    tables = (Element("Table", {"name": name, "sha256": sha, "version": one}) for name, one, sha in versions.tables)
    return Element(
        "Versions",
        children=(
            Element("Rules", {"sha256": versions.rules}),
            Element("Directory", {"version": str(versions.directory)}),
            Element("Anchors", {"sha256": versions.anchors}),
            *tables,
        ),
    )


def _finding(one: ReportedFinding) -> Element:
    line = None if one.line is None else str(one.line)
    texts = (Element("Text", {"lang": lang}, text=one.text[lang]) for lang in LANGUAGES)
    advice = (Element("Advice", {"lang": lang}, text=one.advice[lang]) for lang in LANGUAGES)
    return Element(
        "Finding",
        _given(reason=one.reason, severity=one.severity, rule=one.rule, path=one.path, line=line),
        (*texts, *advice),
    )


def _envelope(one: EnvelopeSignature | None) -> Iterator[Element]:
    if one is not None:
        fault = None if one.fault is None else str(one.fault)
        yield Element("EnvelopeSignature", _given(digest=one.digest, fault=fault, state=str(one.state)))


def _pdf(basis: PdfBasis | None) -> Element:
    if basis is None:
        return Element("PdfSignatures", {"checked": "false"})
    taken_at = None if basis.snapshot_at is None else write_instant(basis.snapshot_at)
    files = (
        Element(
            "Pdf",
            _given(
                contentId=one.content_id,
                sha256=one.sha256,
                fault=one.fault,
                unwrapped="true" if one.unwrapped else None,
            ),
            tuple(Element("Signed", dict(facts)) for facts in one.signatures),
        )
        for one in basis.files
    )
    attributes = _given(checked="true", anchors=basis.anchors, revocation=basis.snapshot, revocationAt=taken_at)
    return Element("PdfSignatures", attributes, tuple(files))


def read_report(canonical: bytes) -> ReportFacts:
    """What a report states, from the canonical bytes its seal digested (`trust.verify_countersigned` gives them).

    ProofError(report.form) unless `canonical` is exactly what `write_report` writes for the facts read.
    """
    if len(canonical) > REPORT_BYTES_MAX:
        raise ProofError(Fault.REPORT_FORM, what=f"{len(canonical)} > {REPORT_BYTES_MAX}")
    try:
        facts = _facts(read(canonical, REPORT_NAMESPACE))
    except (NotCanonicalError, ProofError, ValueError) as wrong:
        raise ProofError(Fault.REPORT_FORM, what=str(wrong)[:120]) from wrong
    if write_report(facts) != canonical:
        raise ProofError(Fault.REPORT_FORM, what="schemas/examination.xsd")
    return facts


def _facts(root: Element) -> ReportFacts:
    versions = root["Versions"]
    return ReportFacts(
        packet_digest=root["PacketDigest"].text,
        peer=root["Peer"].text,
        verdict="admitted" if root["Verdict"].text == "admitted" else "refused",
        examined_at=read_instant(root["ExaminedAt"].text),
        policy=root["Policy"].get("name"),
        versions=Versions(
            rules=versions["Rules"].need("sha256"),
            directory=int(versions["Directory"].need("version")),
            anchors=versions["Anchors"].need("sha256"),
            tables=tuple((one.need("name"), one.need("version"), one.need("sha256")) for one in versions.all("Table")),
        ),
        findings=tuple(_read_finding(one) for one in root["Findings"].children),
        pdf=_read_pdf(root["PdfSignatures"]),
        envelope=next(map(_read_envelope, root.all("EnvelopeSignature")), None),
    )


def _read_finding(one: Element) -> ReportedFinding:
    line = one.get("line")
    return ReportedFinding(
        reason=one.need("reason"),
        severity=one.need("severity"),
        text=_texts(one, "Text"),
        advice=_texts(one, "Advice"),
        rule=one.get("rule"),
        path=one.get("path"),
        line=None if line is None else int(line),
    )


def _texts(one: Element, name: str) -> dict[str, str]:
    texts = {child.need("lang"): child.text for child in one.all(name)}
    if set(texts) != set(LANGUAGES):
        raise NotCanonicalError(f"{one.name}/{name}")
    return texts


def _read_envelope(one: Element) -> EnvelopeSignature:
    fault = one.get("fault")
    return EnvelopeSignature(
        EnvelopeState(one.need("state")), None if fault is None else EnvelopeFault(fault), one.get("digest")
    )


def _read_pdf(one: Element) -> PdfBasis | None:
    if one.get("checked") == "false":
        return None
    taken_at = one.get("revocationAt")
    return PdfBasis(
        anchors=one.need("anchors"),
        snapshot=one.need("revocation"),
        snapshot_at=None if taken_at is None else read_instant(taken_at),
        files=tuple(
            ReportedPdf(
                file.need("contentId"),
                file.need("sha256"),
                file.get("fault"),
                tuple(dict(signature.attributes) for signature in file.children),
                file.get("unwrapped") == "true",
            )
            for file in one.children
        ),
    )
