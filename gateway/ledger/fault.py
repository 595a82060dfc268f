"""What can be wrong with evidence: one enum, one exception, one text per language (`catalogue/*/check.toml`)."""

from __future__ import annotations

from enum import StrEnum

from gateway.model.words import text


class Fault(StrEnum):
    """One way in which evidence fails. The value is the stable code, and the key of its text: `check.fault.<code>`."""

    # The ledger's own parts, from the leaf to the signature.
    ENTRY_FORM = "entry.form"
    TILE_DAMAGED = "tile.damaged"
    PROOF_FORM = "proof.form"
    PROOF_RANGE = "proof.range"
    PROOF_INCLUSION = "proof.inclusion"
    PROOF_CONSISTENCY = "proof.consistency"
    CHECKPOINT_FORM = "checkpoint.form"
    CHECKPOINT_ORIGIN = "checkpoint.origin"
    NOTE_FORM = "note.form"
    NOTE_UNSIGNED = "note.unsigned"
    NOTE_SIGNATURE = "note.signature"
    KEY_FORM = "key.form"
    RECEIPT_FORM = "receipt.form"


class ProofError(ValueError):
    """Evidence does not prove what it claims. `fault` names why; `values` fill its text."""

    def __init__(self, fault: Fault, **values: object) -> None:
        self.fault = fault
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(f"{fault}: {self.detail('en')}")

    def detail(self, lang: str) -> str:
        """What is wrong, as a sentence in `lang` ("vi" or "en")."""
        return text(lang, f"check.fault.{self.fault}", **self.values)
