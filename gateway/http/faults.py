"""How this room words a refusal: the reason, and the sentence of the catalogue that says what was met."""

from __future__ import annotations

from gateway.http.logline import printable
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, found
from gateway.model.words import LANGUAGES, text


def fault(reason: Reason, sentence: str, **values: str) -> Refused:
    """The refusal to raise, its detail the catalogue's `door.<sentence>` filled with `values`."""
    return Refused(fault_found(reason, sentence, **values))


def fault_found(reason: Reason, sentence: str, **values: str) -> Finding:
    """The finding of `fault`, for an answer that is given rather than raised."""
    shown = {name: printable(value).rstrip(".") for name, value in values.items()}
    return found(
        reason, "", None, **shown, **{f"detail_{lang}": text(lang, f"door.{sentence}", **shown) for lang in LANGUAGES}
    )
