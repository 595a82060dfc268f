"""What can be wrong with evidence: one enum, one exception, one text per language (`catalogue/vi/check.po`)."""

from __future__ import annotations

from enum import StrEnum

from gateway.model.refusal import Finding
from gateway.model.words import text


class Fault(StrEnum):
    """One way in which evidence fails. The value is the stable code, and the key of its text: `check.fault.<code>`."""

    # The ledger's own parts, from the leaf to the signature.
    ENTRY_FORM = "entry.form"
    TILE_DAMAGED = "tile.damaged"
    TILE_BUNDLE = "tile.bundle"
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
    COSIGNATURE_FALSE = "cosignature.false"
    COSIGNATURES_FEW = "cosignature.few"
    WITNESS_REQUEST = "witness.request"
    RECEIPT_FORM = "receipt.form"
    REPORT_FORM = "report.form"
    EVIDENCE_FORM = "evidence.form"
    DESTRUCTION_FORM = "destruction.form"

    # The case file: its container, then each member by what it must agree with.
    CASE_TOO_LARGE = "case.too_large"
    CASE_ARCHIVE = "case.archive"
    CASE_DUPLICATE = "case.duplicate"
    CASE_UNKNOWN = "case.unknown"
    CASE_MISSING = "case.missing"
    CASE_README = "case.readme"
    CASE_OTHER_CHECKPOINT = "case.other_checkpoint"
    CASE_ENTRY_DIFFERS = "case.entry_differs"
    CASE_NO_ACCEPTANCE = "case.no_acceptance"
    CASE_OTHER_DISPATCH = "case.other_dispatch"
    CASE_CERTIFICATE = "case.certificate"
    CASE_RECEIPT_DIFFERS = "case.receipt_differs"
    CASE_RECEIPT_SEAL = "case.receipt_seal"
    CASE_RECEIPT_CONTRADICTS = "case.receipt_contradicts"
    CASE_REPORT_DIFFERS = "case.report_differs"
    CASE_REPORT_SEAL = "case.report_seal"
    CASE_REPORT_CONTRADICTS = "case.report_contradicts"
    CASE_PACKET_DIFFERS = "case.packet_differs"
    CASE_ATTACHMENT_DIFFERS = "case.attachment_differs"
    CASE_SENDER_SEAL = "case.sender_seal"
    CASE_EVIDENCE_DIFFERS = "case.evidence_differs"
    CASE_EVIDENCE_SEAL = "case.evidence_seal"
    CASE_SIGNER_UNKNOWN = "case.signer_unknown"
    CASE_REASON_DIFFERS = "case.reason_differs"
    CASE_STAMP = "case.stamp"
    CASE_STAMP_BEFORE = "case.stamp_before"
    CASE_COSIGNED_DIFFERS = "case.cosigned_differs"
    CASE_REVOCATION_DIFFERS = "case.revocation_differs"
    CASE_SIGNATURE = "case.signature"
    CASE_SIGNED_OTHERWISE = "case.signed_otherwise"
    CASE_UNSIGNED = "case.unsigned"
    CASE_MIMETYPE = "case.mimetype"
    CASE_MANIFEST = "case.manifest"
    CASE_PAGE = "case.page"


class ProofError(ValueError):
    """Evidence does not prove what it claims. `fault` names why; `values` and the `cause`'s own text fill its text."""

    def __init__(self, fault: Fault, *, cause: Finding | None = None, **values: object) -> None:
        self.fault = fault
        self.cause = cause
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(f"{fault}: {self.detail('en')}")

    def detail(self, lang: str) -> str:
        """What is wrong, as a sentence in `lang` ("vi" or "en")."""
        cause = {"cause": self.cause.detail(lang)} if self.cause else {}
        return text(lang, f"check.fault.{self.fault}", **self.values, **cause)
