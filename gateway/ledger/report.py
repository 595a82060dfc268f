"""What checking a case says: what is proven, what is left open, what is wrong. Sentences come from the catalogues."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.receipt import ReceiptFacts
from gateway.model.words import text

_EVIDENCE = "proven.evidence"


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

    @property
    def proven_in_short(self) -> tuple[Statement, ...]:
        """`proven` as it fits a screen: all evidence of one seal is one statement, where its first one stood."""
        sealed: dict[str, dict[str, list[str]]] = {}
        places: list[Statement | str] = []
        for one in self.proven:
            if one.code != _EVIDENCE:
                places.append(one)
                continue
            values = dict(one.values)
            if values["subject"] not in sealed:
                places.append(values["subject"])
            sealed.setdefault(values["subject"], {}).setdefault(values["event"], []).append(values["index"])
        return tuple(_all_of(one, sealed[one]) if isinstance(one, str) else one for one in places)


def _all_of(subject: str, indexes: dict[str, list[str]]) -> Statement:
    """Everything one certificate sealed: each event with the numbers of its entries."""
    events = ", ".join(f"{event} ({', '.join(numbers)})" for event, numbers in indexes.items())
    return Statement(f"{_EVIDENCE}_of_one_seal", (("subject", subject), ("events", events)))
