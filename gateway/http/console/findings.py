"""What an examination found, as a clerk reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.ledger.examination import ReportedFinding, ReportFacts
from gateway.model.refusal import Refused
from gateway.model.words import keys, text

PDF_FACTS = ("role", "timeFrom", "bytes", "value", "trustedBy", "pathFault", "validity", "revocation", "laterChange")
"""Facts of a signature that have words, in the order they are told."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding: what is wrong, and what to do."""

    what: str
    advice: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class PdfTold:
    """A signature inside a PDF: by whom, when, and what was verified about it."""

    signer: str
    at: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportTold:
    """An examination in words."""

    admitted: bool
    findings: tuple[Told, ...]
    pdfs: Mapping[str, tuple[PdfTold, ...]]
    """Signatures by the content id of the attachment; attachments that are no PDF are not here."""
    pdfs_checked: bool

    @classmethod
    def of(cls, facts: ReportFacts, lang: str) -> ReportTold:
        files = facts.pdf.files if facts.pdf else ()
        return cls(
            facts.verdict == "admitted",
            tuple(_told(one, lang) for one in facts.findings),
            {file.content_id: tuple(_signature(one, lang) for one in file.signatures) for file in files},
            facts.pdf is not None,
        )

    @classmethod
    def of_refusal(cls, no: Refused, lang: str) -> ReportTold:
        """What could not be read so far that there is a report."""
        findings = tuple(Told(one.detail(lang), one.hint(lang), refuses=True) for one in no.findings)
        return cls(admitted=False, findings=findings, pdfs={}, pdfs_checked=False)


def _told(one: ReportedFinding, lang: str) -> Told:
    return Told(one.text[lang], one.advice[lang], one.severity == "refuse")


def _signature(one: Mapping[str, str], lang: str) -> PdfTold:
    said = (f"say.report.pdf.{name}.{one[name]}" for name in PDF_FACTS if name in one)
    known = keys(lang)
    return PdfTold(
        one.get("signer", ""), one.get("signedAt", ""), tuple(text(lang, key) for key in said if key in known)
    )
