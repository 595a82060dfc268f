"""Thirty papers as they cross a clerk's desk, of different types: good ones and flawed ones.

Agencies and people are invented. `says` is what a careful văn thư would say of the paper, as ids of rules; a paper that
says nothing is good. All are sent on Friday 20 November 2026 at ten in the morning, Viet Nam time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.edxml import Limits, NewAttachment, Parsed, parse, write
from gateway.model.agency import Agency, Directory
from gateway.model.packet import (
    Business,
    BusinessType,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    Receiver,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Status,
    TraceHop,
)

TODAY = "2026/11/20"
NAMES = {
    "A00": "Chính phủ",
    "G91": "Bộ Văn thư",
    "G92": "Bộ Liên thông",
    "G92.04": "Cục Chuyển đổi số",
    "H91": "Ủy ban nhân dân tỉnh Sông Hương",
    "H91.01": "Hội đồng nhân dân tỉnh Sông Hương",
    "H91.05": "Sở Nội vụ tỉnh Sông Hương",
    "H91.06": "Sở Tài chính tỉnh Sông Hương",
    "H91.30": "Ủy ban nhân dân xã Tân Lập",
    "H91.40": "Trường Đại học Sông Hương",
}
SUPERIORS = {"G91": "A00", "G92": "A00", "G92.04": "G92"}
DIRECTORY = Directory(
    1,
    tuple(
        Agency(key, name, (key,), parent=SUPERIORS.get(key, "H91" if key.startswith("H91.") else None))
        for key, name in NAMES.items()
    ),
)


@dataclass(frozen=True)
class Paper:
    """A paper, what a careful clerk says of it, and the story behind it."""

    name: str
    content: Document | Status
    says: frozenset[str]
    files: tuple[NewAttachment, ...]

    def parsed(self) -> Parsed:
        return parse(write(self.content, self.files), Limits())


def organ(key: str) -> Organ:
    superior = SUPERIORS.get(key, "H91" if key.startswith("H91.") else None)
    return Organ(id=key, name=NAMES[key], in_charge=NAMES[superior] if superior else None)


def pdf(content_id: str, name: str) -> NewAttachment:
    return NewAttachment(content_id, "application/pdf", name)


def document(code: str, kind: str, subject: str, sender: str, to: str, signer: Signer, row: str = "0") -> Document:
    number, _, notation = code.partition("/")
    legal = kind in {"Nghị định", "Thông tư"} or notation.startswith("2026/")
    identifier = f"{sender},{TODAY},{code}"
    return Document(
        sender=organ(sender),
        addressees=tuple(map(organ, to.split())),
        document_id=identifier,
        code_number=number,
        code_notation=notation,
        place="Hà Nội" if sender[0] in "AG" else "Sông Hương",
        promulgated_on=TODAY,
        document_type=DocumentType("1" if legal else "2", row, kind),
        subject=subject,
        signer=signer,
        to_places=("Như trên" if kind in {"Công văn", "Tờ trình"} else "Như Điều 3", "Lưu: VT"),
        other=OtherInfo(priority="0", typer="VT", copies="5", pages="3"),
        steering_type="0",
        trace=(TraceHop(sender, f"{TODAY} 09:30:00"),),
        business=Business(BusinessType.NEW, document_id=identifier, paper="0", staff=Staff("Văn thư", "Phạm Thị Lan")),
    )


def paper(name: str, content: Document | Status, *says: str, files: tuple[NewAttachment, ...] | None = None) -> Paper:
    main = (pdf("vb", "van-ban.pdf"),) if isinstance(content, Document) else ()
    return Paper(name, content, frozenset(says), main if files is None else files)


def status(code: str, description: str | None) -> Status:
    return Status(
        sender=organ("H91.06"),
        response_for=ResponseFor("H91.05", "214/SNV-CCHC", TODAY, f"H91.05,{TODAY},214/SNV-CCHC"),
        status_code=code,
        staff=Staff("Văn thư", "Hồ Thị Mận"),
        description=description,
        timestamp=f"{TODAY} 09:50:00",
    )


def changed(content: Document, business: Business, target: str | None = None) -> Document:
    answered = (ResponseFor("H91.05", "214/SNV-CCHC", TODAY, target),) if target else ()
    return replace(content, business=business, response_for=answered)


MINISTER = Signer(None, "BỘ TRƯỞNG", "Trần Quốc Vinh")
VICE_MINISTER = Signer("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG", "Lê Minh Khuê")
CHAIR = Signer("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "Hoàng Văn Thái")
DIRECTOR = Signer(None, "GIÁM ĐỐC", "Đỗ Thị Hồng")
DEPUTY = Signer("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Vũ Đức Long")
BY_ORDER = Signer("TL. GIÁM ĐỐC", "CHÁNH VĂN PHÒNG", "Bùi Thị Xuân")

LETTER = document(
    "214/SNV-CCHC", "Công văn", "V/v rà soát thủ tục hành chính năm 2026", "H91.05", "H91.06", DEPUTY, "18"
)
DECISION = document("87/QĐ-SNV", "Quyết định", "Về việc thành lập Tổ rà soát", "H91.05", "H91.06", DIRECTOR, "2")
ORIGINAL = f"H91.05,{TODAY},214/SNV-CCHC"

GOOD = (
    paper("công văn của một sở", LETTER),
    paper("quyết định cá biệt", DECISION),
    paper(
        "nghị định có năm ở giữa số và ký hiệu",
        document("151/2026/NĐ-CP", "Nghị định", "Về liên thông văn bản điện tử", "A00", "G91 G92 H91", MINISTER, "7"),
    ),
    paper(
        "thông tư của bộ",
        document("09/2026/TT-BLT", "Thông tư", "Quy định cấu trúc gói tin", "G92", "H91", VICE_MINISTER, "9"),
    ),
    paper(
        "nghị quyết của hội đồng nhân dân",
        document(
            "12/NQ-HĐND",
            "Nghị quyết",
            "Về kế hoạch đầu tư công năm 2027",
            "H91.01",
            "H91",
            Signer(None, "CHỦ TỊCH", "Nguyễn Thị Thanh"),
            "1",
        ),
    ),
    paper("chỉ thị của tỉnh", document("03/CT-UBND", "Chỉ thị", "Về phòng, chống bão", "H91", "H91.30", CHAIR, "3")),
    paper(
        "thông báo kết luận họp",
        document("45/TB-SNV", "Thông báo", "Kết luận họp giao ban", "H91.05", "H91.06", BY_ORDER),
    ),
    paper(
        "tờ trình lên tỉnh", document("66/TTr-SNV", "Tờ trình", "Về biên chế năm 2027", "H91.05", "H91", DEPUTY, "16")
    ),
    paper(
        "báo cáo tháng",
        document("130/BC-SNV", "Báo cáo", "Công tác cải cách hành chính tháng 11", "H91.05", "H91", DEPUTY),
    ),
    paper("kế hoạch của xã", document("08/KH-UBND", "Kế hoạch", "Tổng vệ sinh môi trường", "H91.30", "H91", CHAIR)),
    paper(
        "giấy mời họp",
        document("51/GM-SNV", "Giấy mời", "Họp Tổ rà soát thủ tục hành chính", "H91.05", "H91.06", BY_ORDER),
    ),
    paper(
        "công điện hỏa tốc",
        replace(
            document("02/CĐ-UBND", "Công điện", "Về ứng phó khẩn cấp bão số 12", "H91", "H91.30 H91.05", CHAIR, "19"),
            other=OtherInfo(priority="3", pages="1"),
        ),
    ),
    paper(
        "công văn của trường đại học, chưa có đơn vị soạn thảo thứ hai",
        document(
            "77/ĐHSH-ĐT",
            "Công văn",
            "V/v công nhận tốt nghiệp đợt 3",
            "H91.40",
            "H91.05",
            Signer(None, "HIỆU TRƯỞNG", "Ngô Bảo Anh"),
        ),
    ),
    paper("từ chối tiếp nhận, có lý do", status("02", "Văn bản gửi nhầm: thuộc thẩm quyền của Sở Xây dựng")),
    paper(
        "thu hồi công văn gửi nhầm",
        changed(
            replace(LETTER, document_id=f"H91.05,{TODAY},215/SNV-CCHC", code_number="215"),
            Business(BusinessType.RECALL, "Gửi nhầm nơi nhận", paper="0"),
            ORIGINAL,
        ),
    ),
    paper(
        "thay thế công văn có sai sót",
        changed(
            replace(LETTER, document_id=f"H91.05,{TODAY},216/SNV-CCHC", code_number="216"),
            Business(
                BusinessType.REPLACE,
                "Sai số liệu tại Phụ lục",
                paper="0",
                replacements=(Replacement(ORIGINAL, ("H91.06",)),),
            ),
        ),
    ),
)

FLAWED = (
    paper(
        "công văn ghi như quyết định, người ký ghi học vị",
        replace(
            LETTER,
            document_id=f"H91.05,{TODAY},7/CV-SNV",
            code_number="7",
            code_notation="CV-SNV",
            subject="Rà soát thủ tục hành chính",
            signer=replace(DEPUTY, full_name="ThS. Vũ Đức Long"),
            business=None,
        ),
        "TT-204",
        "TT-216",
        "TT-413",
        "TT-505",
    ),
    paper(
        "gói tin như phần mềm cũ ngoài thực tế vẫn gửi",
        replace(
            LETTER,
            document_type=DocumentType("1", "0", "Công văn"),
            signer=Signer("TL. GIAM DOC", "Chanh van phong so", "Nguyen Thanh Long"),
            due_on="2026/11/01",
        ),
        "TT-307",
        "TT-404",
        "TT-510",
        "TT-511",
        "TT-512",
        files=(NewAttachment("vb", "application/pdf", "van-ban.pdf", "van-ban.pdf"),),
    ),
    paper(
        "quyết định ký sai thẩm quyền ghi",
        replace(
            DECISION,
            signer=Signer("TUQ. GIÁM ĐỐC KT. TRƯỞNG PHÒNG", "PHÓ TRƯỞNG PHÒNG", "Đinh Công Tráng"),
            subject="V/v thành lập Tổ rà soát",
        ),
        "TT-414",
        "TT-524",
    ),
    paper(
        "ủy ban xã ghi chức vụ sau TM.",
        replace(
            document("19/BC-UBND", "Báo cáo", "Thu ngân sách tháng 11", "H91.30", "H91", CHAIR),
            signer=Signer("TM. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Lò Văn Phong"),
        ),
        "TT-516",
    ),
    paper(
        "cấp trưởng lại ký thay",
        replace(
            document("20/TB-UBND", "Thông báo", "Lịch tiếp công dân", "H91.30", "H91.05", CHAIR),
            signer=Signer("KT. CHỦ TỊCH", "CHỦ TỊCH", "Hoàng Văn Thái"),
        ),
        "TT-518",
    ),
    paper(
        "nghị định thiếu năm, chọn nhầm nhóm văn bản",
        replace(
            document("151/NĐ-CP", "Nghị định", "Về liên thông văn bản điện tử", "A00", "G91", MINISTER),
            document_type=DocumentType("2", "0", "Nghị định"),
        ),
        "TT-219",
        "TT-405",
    ),
    paper(
        "kế hoạch mang ký hiệu của kết luận",
        document("31/KL-SNV", "Kế hoạch", "Kiểm tra công vụ năm 2027", "H91.05", "H91.06", DIRECTOR),
        "TT-213",
    ),
    paper(
        "công văn dán từ tệp soạn thảo, chữ Đ giả, tên xã viết tắt",
        replace(
            document("44/UBND-VP", "Công văn", "V/v \u00d0ăng ký nhu cầu\u00a0tập huấn", "H91.30", "H91.05", CHAIR),
            sender=replace(organ("H91.30"), name="UBND xã Tân Lập"),
        ),
        "TT-115",
        "TT-901",
        "TT-904",
    ),
    paper(
        "văn bản trống thông tin",
        replace(
            LETTER,
            place=None,
            promulgated_on=None,
            subject=None,
            signer=Signer(),
            to_places=(),
            code_number=None,
            document_id=f"H91.05,{TODAY},/SNV-CCHC",
            business=None,
        ),
        "TT-201",
        "TT-301",
        "TT-302",
        "TT-411",
        "TT-501",
        "TT-601",
    ),
    paper(
        "tệp lạ thay cho văn bản",
        LETTER,
        "TT-802",
        "TT-806",
        "TT-807",
        files=(
            NewAttachment("1", "application/zip", "ho-so.rar"),
            NewAttachment("2", "application/octet-stream", "xem-van-ban.exe"),
        ),
    ),
    paper(
        "thu hồi văn bản của cơ quan khác mà không nêu lý do",
        changed(
            replace(LETTER, document_id=f"H91.05,{TODAY},217/SNV-CCHC", code_number="217"),
            Business(BusinessType.RECALL, paper="0"),
            f"H91.06,{TODAY},55/STC-NS",
        ),
        "TT-751",
        "TT-759",
    ),
    paper(
        "cập nhật nơi nhận mà không nói ai",
        changed(
            LETTER,
            Business(
                BusinessType.UPDATE,
                "Bổ sung nơi nhận",
                document_id=ORIGINAL,
                receiver_changes="1",
                receivers=(Receiver("X99", "7"),),
            ),
        ),
        "TT-760",
        "TT-764",
    ),
    paper(
        "gửi nhầm mã: tên một nơi, mã một nẻo",
        replace(LETTER, addressees=(replace(organ("H91.06"), name="Sở Xây dựng tỉnh Sông Hương"), organ("H91.05"))),
        "TT-114",
        "TT-118",
    ),
    paper("từ chối tiếp nhận mà không nói vì sao", status("02", None), "TT-051"),
)

CORPUS = (*GOOD, *FLAWED)
