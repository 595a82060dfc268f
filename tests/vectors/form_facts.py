"""Step 3, by rule: what needs the directory, the clock or the attachments. For each rule the case that keeps it and the
one that breaks it, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.model.packet import Document, Status
from gateway.model.reasons import Reason
from gateway.rules.facts import ATTACHMENT_BYTES_USUAL, FACT_RULES, Facts
from tests.rules.packets import AT, DIRECTORY, DOCUMENT, STATUS, Edits, claim_of, parsed
from tests.vectors.form_rules import RECALL, UPDATE

PDF, ZIP = b"%PDF-1.7", b"PK\x03\x04\x14\x00\x00\x00"


@dataclass(frozen=True)
class Case:
    edits: Edits = field(default_factory=dict)
    at: datetime = AT
    base: Document | Status = DOCUMENT
    size_bytes: int = 20_480
    head: bytes = PDF
    times: int = 1
    """How often the packet's two attachments are there."""

    def facts(self) -> Facts:
        claim = claim_of(parsed(self.base, self.edits), (48_211, self.size_bytes), (PDF, self.head))
        return Facts(replace(claim, attachments=claim.attachments * self.times), DIRECTORY, self.at)


@dataclass(frozen=True)
class FactVector:
    rule: str
    refuses: Case
    accepts: Case
    reason: Reason = Reason.FORM_RULE

    def broken(self, refuses: bool) -> set[str]:
        facts = (self.refuses if refuses else self.accepts).facts()
        return {rule.id for rule in FACT_RULES if list(rule.check(facts))}


MONDAY = AT + timedelta(days=3)
CHANGED = "trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/OrganId"

VECTORS = (
    FactVector(
        "TT-058",
        Case({"Timestamp": "2026/11/20 11:00:01"}, base=STATUS),
        Case({"Timestamp": "2026/11/20 11:00:00"}, base=STATUS),
    ),
    FactVector(
        "TT-117",
        Case({"From/OrganName": "Sở Nội vụ tỉnh Hải Phòng"}),
        Case({"From/OrganName": "SỞ NỘI VỤ  tỉnh Hải Dương"}),
    ),
    FactVector(
        "TT-118", Case({"To[2]/OrganName": "Bộ Tài nguyên và Môi trường"}), Case({"To[2]/OrganName": "BỘ TÀI CHÍNH"})
    ),
    FactVector("TT-119", Case({"From/OrganId": "000.00.12.H23"}), Case({"From/OrganId": "H23.12"})),
    FactVector(
        "TT-120",
        Case({"From/OrganizationInCharge": "Bộ Nội vụ"}),
        Case({"From/OrganizationInCharge": "UBND tỉnh Hải Dương"}),
    ),
    FactVector(
        "TT-254",
        Case({"DocumentId": "G12,2026/11/20,1203/SNV-VP"}),
        Case({"DocumentId": "000.00.12.H23,2026/11/20,1203/SNV-VP"}),
    ),
    FactVector("TT-312", Case({"DueDate": "2026/11/22"}, MONDAY), Case({"DueDate": "2026/11/23"}, MONDAY)),
    FactVector("TT-313", Case(at=MONDAY + timedelta(days=1)), Case(at=MONDAY)),
    FactVector(
        "TT-314",
        Case({"trace:TraceHeader/Timestamp": "2026/11/20 11:00:01"}),
        Case({"trace:TraceHeader/Timestamp": "2026/11/20 11:00:00"}),
    ),
    FactVector("TT-707", Case({"ResponseFor/OrganId": "Z99"}), Case({"ResponseFor/OrganId": "000.00.00.G12"})),
    FactVector(
        "TT-759",
        Case(RECALL),
        Case({**RECALL, "ResponseFor/DocumentId": "000.00.12.H23,2026/11/18,1199/SNV-VP"}),
    ),
    FactVector("TT-760", Case({**UPDATE, CHANGED: "Z99"}), Case({**UPDATE, CHANGED: "G12"})),
    FactVector("TT-814", Case(size_bytes=0), Case(size_bytes=1)),
    FactVector("TT-815", Case(head=ZIP), Case(head=PDF)),
    FactVector("TT-816", Case(size_bytes=ATTACHMENT_BYTES_USUAL + 1), Case(size_bytes=ATTACHMENT_BYTES_USUAL)),
    FactVector("TT-817", Case(times=11), Case(times=10)),
)
