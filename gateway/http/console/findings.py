"""What an examination found, as a clerk reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.ledger.entry import read_instant
from gateway.ledger.examination import ReportFacts
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.words import keys, text

PDF_FACTS = ("role", "timeFrom", "bytes", "value", "trustedBy", "pathFault", "validity", "revocation", "laterChange")
"""Facts of a signature that have words, in the order they are told."""


SAYS_ITS_LAW = {
    str(one)
    for one in (
        Reason.FORM_RULE,
        Reason.AUTHORITY_NOT_COMPETENT_TYPE,
        Reason.AUTHORITY_CAPACITY,
        Reason.AUTHORITY_SIGNER_UNKNOWN,
        Reason.AUTHORITY_DELEGATION,
    )
}
"""Their sentences name the article; a rule of form's the advice too."""
LAWS = {"receive": "xml", "xml": "xml", "form": "form", "authority": "authority", "seal": "seal", "pdf": "pdf"}
_RULED = re.compile(r"(.*) \(([^()]*; [^();]+ [A-Z]+-[0-9]+)\)", re.DOTALL)
SOUND = {
    "bytes": {"intact"},
    "value": {"valid"},
    "validity": {"valid", "expired_since"},
    "revocation": {"good", "unknown"},
    "laterChange": {"none", "signatures"},
}
"""What each fact of a good signature may be."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding: what is wrong, what to do, and by which law. What was said of a finding before is not said again."""

    what: str
    advice: str
    law: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class PdfTold:
    """A signature inside a PDF: by whom, when, and what was verified about it."""

    signer: str
    at: datetime | None
    facts: tuple[str, ...]
    sound: bool
    """Nothing was found that speaks against it."""


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
            _told(
                [(one.reason, one.text[lang], one.advice[lang], one.severity == "refuse") for one in facts.findings],
                lang,
            ),
            {file.content_id: tuple(_signature(one, lang) for one in file.signatures) for file in files},
            facts.pdf is not None,
        )

    @classmethod
    def of_refusal(cls, no: Refused, lang: str) -> ReportTold:
        """What could not be read so far that there is a report."""
        said = [(str(one.reason), one.detail(lang), one.hint(lang), True) for one in no.findings]
        return cls(admitted=False, findings=_told(said, lang), pdfs={}, pdfs_checked=False)

    def signatures(self, content_id: str, name: str) -> str:
        """How the signatures of an attachment stand, in a word: sound, doubtful, none, unchecked or no_pdf."""
        if content_id not in self.pdfs:
            is_pdf = name.casefold().endswith(".pdf")
            return "unchecked" if is_pdf else "no_pdf"
        found = self.pdfs[content_id]
        return "none" if not found else "sound" if all(one.sound for one in found) else "doubtful"


def _told(findings: Sequence[tuple[str, str, str, bool]], lang: str) -> tuple[Told, ...]:
    """Findings given as reason, sentence, advice and whether it refuses."""
    told: list[Told] = []
    for reason, said, advice, refuses in findings:
        what, ruled = _parted(said) if reason == Reason.FORM_RULE else (said, "")
        advised = reason == Reason.FORM_RULE or any(one.advice == advice for one in told)
        law = ruled or ("" if reason in SAYS_ITS_LAW else _law(reason, lang))
        named = any(one.law == law for one in told)
        told.append(Told(what, "" if advised else advice, "" if named else law, refuses))
    return tuple(told)


def _parted(said: str) -> tuple[str, str]:
    """What a rule of form says, and the law and the rule it names in brackets at its end."""
    found = _RULED.fullmatch(said)
    return (found[1], found[2]) if found else (said, "")


def _law(reason: str, lang: str) -> str:
    """What the rules of a kind rest on; nothing for what is no rule of the field."""
    group = "classified" if reason == Reason.AUTHORITY_CLASSIFIED else LAWS.get(reason.partition(".")[0], "")
    return text(lang, f"law.{group}") if group else ""


def _signature(one: Mapping[str, str], lang: str) -> PdfTold:
    said = (f"say.report.pdf.{name}.{one[name]}" for name in PDF_FACTS if name in one)
    known = keys(lang)
    sound = "pathFault" not in one and all(one[name] in good for name, good in SOUND.items() if name in one)
    at = read_instant(one["signedAt"]) if "signedAt" in one else None
    return PdfTold(one.get("signer", ""), at, tuple(text(lang, key) for key in said if key in known), sound)
