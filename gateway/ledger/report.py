"""What checking a case says: what is proven, what is left open, what is wrong. Sentences come from the catalogues."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.receipt import ReceiptFacts
from gateway.model.words import text


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a case proves, or leaves open. `code` is stable; `values` fill its text."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def text(self, lang: str) -> str:
        """The sentence in `lang` ("vi" or "en")."""
        return text(lang, f"check.{self.code}", **dict(self.values))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A part of the case that is wrong or missing."""

    member: str
    """Its name in the archive; empty for the archive itself."""
    error: ProofError

    @property
    def fault(self) -> Fault:
        return self.error.fault

    def text(self, lang: str) -> str:
        """What is wrong with it, as a sentence in `lang`."""
        return self.error.detail(lang)


@dataclass(frozen=True, slots=True)
class CaseReport:
    """The result of checking a case. `proven` holds whatever else is wrong: each statement stands on its own proof."""

    proven: tuple[Statement, ...]
    unproven: tuple[Statement, ...]
    """What the case leaves open, also where nothing is wrong with it."""
    wrong: tuple[Wrong, ...]
    receipt: ReceiptFacts | None = None
    """What the gateway's sealed receipt states, where that is proven."""

    @property
    def holds(self) -> bool:
        """Nothing in the case is wrong or missing."""
        return not self.wrong
