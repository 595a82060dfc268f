"""Step 4, competence: sealed packets that are right in all but who issued or signed them, and lawful ones beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache

from gateway.edxml import Limits
from gateway.model.agency import Agency, AgencyKind, Directory, Grant, Peer
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document, DocumentType, Organ, Signer
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.signers import Capacity, Delegation, Rank
from gateway.model.signers import Signer as Enrolled
from gateway.rules import Known
from tests.pki import NOW, pki
from tests.vectors.authority import Vector
from tests.vectors.packets import DOCUMENT


def day(written: str) -> datetime:
    """Viet Nam's midnight of `2025-07-01`."""
    return datetime.fromisoformat(written).replace(tzinfo=VIET_NAM)


MINISTRY_SIGNERS = (
    Enrolled("Phạm Thị Lan", "Bộ trưởng", Rank.HEAD),
    Enrolled("Nguyễn Văn Ánh", "Thứ trưởng", Rank.DEPUTY, Period(day("2021-04-08"), None)),
    Enrolled("Trần Văn Cũ", "Thứ trưởng", Rank.DEPUTY, Period(None, day("2021-04-08"))),
    Enrolled("Lê Thị Hoa", "Chánh Văn phòng", Rank.UNIT_HEAD),
    Enrolled("Vũ Văn Minh", "Phó Chánh Văn phòng", Rank.UNIT_DEPUTY),
    Enrolled("Đỗ Văn Nam", "Vụ trưởng Vụ Pháp chế", Rank.UNIT_HEAD),
)
MINISTRY_LEAVE = (
    Delegation(Capacity.ORDER, "Lê Thị Hoa", "05/QĐ-BMT", ("Công văn", "Giấy mời", "Thông báo")),
    Delegation(
        Capacity.MANDATE,
        "Đỗ Văn Nam",
        "07/GUQ-BMT",
        ("Công văn",),
        Period(day("2026-11-01"), day("2026-12-01")),
    ),
)
MINISTRY = Agency(
    "G22", "Bộ Mẫu", ("G22",), kinds=(AgencyKind.MINISTRY,), signers=MINISTRY_SIGNERS, delegations=MINISTRY_LEAVE
)
COMMITTEE = Agency(
    "H41",
    "Ủy ban nhân dân tỉnh Mẫu",
    ("H41",),
    kinds=(AgencyKind.PROVINCE_COMMITTEE,),
    signers=(
        Enrolled("Hồ Văn Chủ", "Chủ tịch", Rank.HEAD),
        Enrolled("Cao Thị Phó", "Phó Chủ tịch", Rank.DEPUTY),
        Enrolled("Bùi Văn Quyền", "Quyền Chủ tịch", Rank.ACTING_HEAD),
    ),
)
DISTRICT = Agency(
    "H41.05", "Ủy ban nhân dân huyện Mẫu", ("H41.05",), parent="H41", kinds=(AgencyKind.DISTRICT_COMMITTEE,)
)
DEPARTMENT = Agency("H41.02", "Sở Mẫu", ("H41.02",), parent="H41", kinds=(AgencyKind.DEPARTMENT,))
UNDECLARED = Agency("H14", "Cơ quan chưa khai", ("H14",))
NOTATIONS = {
    "Quyết định": "12/QĐ-X",
    "Nghị quyết": "12/NQ-X",
    "Báo cáo": "12/BC-X",
    "Kế hoạch": "12/KH-X",
    "Giấy mời": "12/GM-X",
    "Thông tư": "05/2026/TT-X",
}
PEER = Peer("tat-ca", "Hệ thống chung", (Grant("G22"), Grant("H41", subtree=True), Grant("H14")))


@cache
def known() -> Known:
    """The facts every vector is examined with."""
    certificate = (pki().p256.der,)
    everyone = (MINISTRY, COMMITTEE, DISTRICT, DEPARTMENT, UNDECLARED)
    agencies = tuple(replace(one, certificates=certificate) for one in everyone)
    return Known(Directory(1, agencies, (PEER,)), pki().trust, Limits(), NOW)


def document(
    agency: Agency,
    type_name: str,
    competence: str | None,
    position: str,
    full_name: str,
    code: str = "",
    on: str = "2026/11/20",
) -> Document:
    """The good document, of this agency and type, signed so; in good form, with the notation of its type."""
    code = code or NOTATIONS.get(type_name.partition(" (")[0], "12/X-Y")
    number, _, notation = code.partition("/")
    return replace(
        DOCUMENT,
        sender=Organ(agency.key, agency.name),
        addressees=(Organ("H14", UNDECLARED.name),),
        document_id=f"{agency.key},{on},{code}",
        code_number=number,
        code_notation=notation,
        promulgated_on=on,
        due_on=None,
        document_type=DocumentType("1" if notation.startswith("20") else "2", None, type_name),
        signer=Signer(competence, position, full_name),
        trace=(),
    )


def _vector(name: str, reason: Reason | None, *how: str | None, agency: Agency = MINISTRY, **when: str) -> Vector:
    type_name, competence, position, full_name = how
    assert type_name is not None and position is not None and full_name is not None
    return Vector(name, reason, document(agency, type_name, competence, position, full_name, **when), PEER)


HEAD = (None, "Bộ trưởng", "Phạm Thị Lan")
DEPUTY = ("KT. BỘ TRƯỞNG", "Thứ trưởng", "Nguyễn Văn Ánh")
ORDER = ("TL. BỘ TRƯỞNG", "Chánh Văn phòng", "Lê Thị Hoa")
ORDER_DEPUTY = ("TL. BỘ TRƯỞNG KT. CHÁNH VĂN PHÒNG", "Phó Chánh Văn phòng", "Vũ Văn Minh")
MANDATE = ("TUQ. BỘ TRƯỞNG", "Vụ trưởng Vụ Pháp chế", "Đỗ Văn Nam")
CHAIR = ("TM. ỦY BAN NHÂN DÂN", "Chủ tịch", "Hồ Văn Chủ")
VICE = ("TM. ỦY BAN NHÂN DÂN KT. CHỦ TỊCH", "Phó Chủ tịch", "Cao Thị Phó")
ACTING = ("TM. ỦY BAN NHÂN DÂN Q. CHỦ TỊCH", "Quyền Chủ tịch", "Bùi Văn Quyền")
OWN = (None, "Chủ tịch", "Hồ Văn Chủ")
STRANGER = (None, "Giám đốc", "Người Không Tên")

NOT_COMPETENT = Reason.AUTHORITY_NOT_COMPETENT_TYPE
CAPACITY = Reason.AUTHORITY_CAPACITY
UNKNOWN = Reason.AUTHORITY_SIGNER_UNKNOWN
DELEGATION = Reason.AUTHORITY_DELEGATION

VECTORS = [
    _vector("a minister signs a circular", None, "Thông tư", *HEAD, code="05/2026/TT-BMT"),
    _vector("a deputy minister signs a circular", None, "Thông tư", *DEPUTY, code="05/2026/TT-BMT"),
    _vector("a minister's own decision", None, "Quyết định (cá biệt)", *HEAD),
    _vector("the office signs by order", None, "Công văn", *ORDER),
    _vector("the office's deputy signs by order", None, "Giấy mời", *ORDER_DEPUTY),
    _vector("a mandate within its limits", None, "Công văn", *MANDATE),
    _vector("a chairman for his committee", None, "Quyết định", *CHAIR, agency=COMMITTEE, code="05/2026/QĐ-UBND"),
    _vector("a vice-chairman for his committee", None, "Báo cáo", *VICE, agency=COMMITTEE),
    _vector("an acting chairman", None, "Kế hoạch", *ACTING, agency=COMMITTEE),
    _vector("a chairman in his own power", None, "Quyết định", *OWN, agency=COMMITTEE),
    _vector("a deputy of that time", None, "Công văn", "KT. BỘ TRƯỞNG", "Thứ trưởng", "Trần Văn Cũ", on="2021/04/07"),
    _vector("a district while there were districts", None, "Công văn", *STRANGER, agency=DISTRICT, on="2025/06/30"),
    _vector("an agency that enrolled nobody", None, "Công văn", *STRANGER, agency=DEPARTMENT),
    _vector("an agency of a kind nobody declared", None, "Thông tư", *STRANGER, agency=UNDECLARED),
    _vector("a name of a type nobody knows", None, "Giấy khen", *HEAD),
    _vector("a ministry issues a decree", NOT_COMPETENT, "Nghị định", *HEAD, code="05/2026/NĐ-CP"),
    _vector("a ministry issues a legal decision", NOT_COMPETENT, "Quyết định", *HEAD, code="05/2026/QĐ-BMT"),
    _vector("a ministry resolves", NOT_COMPETENT, "Nghị quyết", *HEAD),
    _vector("a ministry issues a paper of the Party", NOT_COMPETENT, "Thông tri", *HEAD),
    _vector("a committee issues a circular", NOT_COMPETENT, "Thông tư", *CHAIR, agency=COMMITTEE),
    _vector("a department resolves", NOT_COMPETENT, "Nghị quyết", *STRANGER, agency=DEPARTMENT),
    _vector("a district after it ended", NOT_COMPETENT, "Công văn", *STRANGER, agency=DISTRICT, on="2025/07/01"),
    _vector("TM. under one-man rule", CAPACITY, "Công văn", "TM. BỘ", "Bộ trưởng", "Phạm Thị Lan"),
    _vector("a deputy signs as the head", CAPACITY, "Công văn", None, "Thứ trưởng", "Nguyễn Văn Ánh"),
    _vector("the head signs in place of the head", CAPACITY, "Công văn", "KT. BỘ TRƯỞNG", "Bộ trưởng", "Phạm Thị Lan"),
    _vector("a deputy signs by order", CAPACITY, "Công văn", "TL. BỘ TRƯỞNG", "Thứ trưởng", "Nguyễn Văn Ánh"),
    _vector("a unit's deputy signs by order alone", CAPACITY, "Công văn", "TL. BỘ TRƯỞNG", *ORDER_DEPUTY[1:]),
    _vector("the wrong way round", CAPACITY, "Công văn", "KT. CHÁNH VĂN PHÒNG TL. BỘ TRƯỞNG", *ORDER_DEPUTY[1:]),
    _vector("a deputy in an acting head's place", CAPACITY, "Công văn", "Q. BỘ TRƯỞNG", *DEPUTY[1:]),
    _vector("somebody who is not enrolled", UNKNOWN, "Công văn", *STRANGER),
    _vector("a deputy before his time", UNKNOWN, "Công văn", *DEPUTY, on="2021/04/07"),
    _vector("a deputy after his time", UNKNOWN, "Công văn", "KT. BỘ TRƯỞNG", "Thứ trưởng", "Trần Văn Cũ"),
    _vector("by order, beyond the types", DELEGATION, "Quyết định", *ORDER),
    _vector("a deputy by order, beyond the types", DELEGATION, "Quyết định", *ORDER_DEPUTY),
    _vector("by order without leave", DELEGATION, "Công văn", "TL. BỘ TRƯỞNG", *MANDATE[1:]),
    _vector("a mandate before its time", DELEGATION, "Công văn", *MANDATE, on="2026/10/31"),
    _vector("a mandate beyond its content", DELEGATION, "Báo cáo", *MANDATE),
    _vector("a mandate nobody gave", DELEGATION, "Công văn", "TUQ. BỘ TRƯỞNG", *ORDER[1:]),
    _vector("a mandate passed on", DELEGATION, "Công văn", "TUQ. BỘ TRƯỞNG KT. VỤ TRƯỞNG", *ORDER_DEPUTY[1:]),
]
