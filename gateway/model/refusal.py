"""How a no travels: `Refused` for the submission's fault, `Unavailable` for ours, `Finding` for one result of a
check."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.model.reasons import Reason
from gateway.model.words import shown, text

VALUE_CHARS_MAX = 200
"""Of one value in a sentence."""
SENTENCE_CHARS_MAX = 4_000
"""Of a sentence that came whole."""


class Severity(StrEnum):
    """What a finding does to the verdict."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a packet: an XPath-like path of local names (`/edXML/edXMLEnvelope/...`) and a 1-based line, if
    known."""

    path: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    `values` fill the placeholders of the reason's `detail` text in the catalogues; they are data of the sender's own
    packet or of the directory, never secrets. `detail` texts a library wrote (XSD explanations) come in `values` too.
    """

    reason: Reason
    place: Place = field(default_factory=Place)
    values: tuple[tuple[str, str], ...] = ()
    severity: Severity = Severity.REFUSE

    def title(self, lang: str) -> str:
        return text(lang, f"reason.{self.reason}.title")

    def detail(self, lang: str) -> str:
        """What exactly was found, in `lang` ("vi" or "en"); the title where the reason has no detail text."""
        values = dict(self.values)
        own = values.get(f"detail_{lang}")
        if own is not None:
            return shown(own, SENTENCE_CHARS_MAX)
        values = {name: shown(value, VALUE_CHARS_MAX) for name, value in values.items()}
        if fault := values.get("fault"):  # one reason, several ways to get there: each has its own sentence
            return text(lang, f"reason.{self.reason}.detail_{fault}", **values)
        return text(lang, f"reason.{self.reason}.detail", **values)

    def hint(self, lang: str) -> str:
        return text(lang, f"reason.{self.reason}.hint")


def found(reason: Reason, path: str = "", line: int | None = None, **values: object) -> Finding:
    """A refusing finding, written short."""
    return Finding(reason, Place(path, line), tuple((name, str(value)) for name, value in values.items()))


class Refused(Exception):
    """The submission is at fault, for good. Carries every finding; `finding` is the one that names the refusal."""

    def __init__(self, *findings: Finding) -> None:
        assert findings, "a refusal without a finding explains nothing"
        self.findings = tuple(sorted(findings, key=lambda one: one.reason.precedence))
        super().__init__(f"{self.finding.reason}: {self.finding.detail('en')}")

    @property
    def finding(self) -> Finding:
        return self.findings[0]

    @property
    def reason(self) -> Reason:
        return self.findings[0].reason


class Unavailable(Exception):
    """We cannot now; the same request may be sent again after `retry_after_s` seconds."""

    def __init__(self, reason: Reason, retry_after_s: int = 5, cause: str = "") -> None:
        assert reason.transient, reason
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.cause = cause
        """For our log only; never sent to a peer."""
        super().__init__(f"{reason}: {cause}")
