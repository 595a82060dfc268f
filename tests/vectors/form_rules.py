"""Step 3, by rule: for each published rule the packet that keeps it by a hair and the one that breaks it, and nothing
else.

A vector is a list of edits to a good packet (tests/rules/packets.py). `refuses` breaks exactly its rule; `accepts` is
the nearest thing that does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.packet import Document, Status
from gateway.model.reasons import Reason
from tests.rules.packets import DOCUMENT, STATUS, Edits


@dataclass(frozen=True)
class Vector:
    rule: str
    refuses: Edits
    accepts: Edits
    given: Edits = field(default_factory=dict)
    """Edits that both start from: another type of document, another business."""
    base: Document | Status = DOCUMENT
    reason: Reason = Reason.FORM_RULE


DECISION: Edits = {
    "DocumentType/TypeName": "Quyết định",
    "DocumentType/TypeDetail": "2",
    "Code/CodeNotation": "QĐ-SNV",
    "Subject": "Về việc thành lập Tổ công tác",
}
DECREE: Edits = {
    "DocumentType/Type": "1",
    "DocumentType/TypeDetail": "7",
    "DocumentType/TypeName": "Nghị định",
    "Code/CodeNumber": "30/2026",
    "Code/CodeNotation": "NĐ-CP",
    "Subject": "Về công tác văn thư",
}
RECALL: Edits = {
    "trace:Bussiness/BussinessDocType": "1",
    "trace:Bussiness/BussinessDocReason": "Gửi nhầm nơi nhận",
    "trace:Bussiness/DocumentId": None,
}
UPDATE: Edits = {
    "trace:Bussiness/BussinessDocType": "2",
    "trace:Bussiness/BussinessDocReason": "Bổ sung nơi nhận",
    "trace:Bussiness/BussinessDocumentInfo/DocumentInfo": "1",
}
REPLACED = "trace:Bussiness/ReplacementInfoList/ReplacementInfo"
REPLACE: Edits = {
    "trace:Bussiness/BussinessDocType": "3",
    "trace:Bussiness/BussinessDocReason": "Sai số liệu tại Phụ lục",
    "trace:Bussiness/DocumentId": None,
    f"{REPLACED}/DocumentId": "H23.12,2026/11/18,1199/SNV-VP",
    f"{REPLACED}/OrganIdList/OrganId": "H23.13",
}
HEADLESS: Edits = {"ResponseFor": None, "DueDate": None}

OFFICE, STAMP = "SignerInfo/Competence", "SignerInfo/Position"
NAME, NUMBER, NOTATION = "SignerInfo/FullName", "Code/CodeNumber", "Code/CodeNotation"
TYPE, ROW, KIND = "DocumentType/TypeName", "DocumentType/TypeDetail", "DocumentType/Type"
DAY, PLACE = "PromulgationInfo/PromulgationDate", "PromulgationInfo/Place"
ANSWER, ANSWERED = "ResponseFor/DocumentId", "ResponseFor/PromulgationDate"
SECOND = "list:Reference[2]"

AGENCIES = (
    Vector("TT-101", {"From/OrganId": "28.22.H17"}, {"From/OrganId": "001.00.20.JB2"}),
    Vector("TT-102", {"To[2]/OrganId": "H23." + "A" * 32}, {"To[2]/OrganId": "H23." + "A" * 31}),
    Vector("TT-103", {"From/OrganName": None}, {"From/OrganName": "Sở Nội vụ"}),
    Vector("TT-104", {"To[1]/OrganName": "Sở Tài chính " * 16}, {"To[1]/OrganName": "Sở Tài chính " * 15}),
    Vector("TT-105", {"From/OrganizationInCharge": "Ủ" * 201}, {"From/OrganizationInCharge": "Ủ" * 200}),
    Vector("TT-106", {"From/OrganAdd": "đ" * 251}, {"From/OrganAdd": "đ" * 250}),
    Vector("TT-107", {"From/Email": f"{'a' * 94}@moi.vn"}, {"From/Email": f"{'a' * 93}@moi.vn"}),
    Vector("TT-108", {"From/Fax": "0" * 21}, {"From/Fax": "0" * 20}),
    Vector("TT-109", {"From/Email": "vanthu.haiduong.gov.vn"}, {"From/Email": "v@h.vn"}),
    Vector("TT-110", {"From/Telephone": "0220-ABC"}, {"From/Telephone": "(84-220) 3853 579"}),
    Vector("TT-111", {"From/Website": "trang chủ của Sở"}, {"From/Website": "www.haiduong.gov.vn"}),
    Vector("TT-113", {"To[2]/OrganName": None}, {"To[2]/OrganName": "Bộ Tài chính"}),
    Vector("TT-114", {"To[2]/OrganId": "H23.12"}, {"To[2]/OrganId": "H23.14"}),
    Vector("TT-115", {"From/OrganName": "UBND xã Tân Trào"}, {"From/OrganName": "Ủy ban nhân dân xã Tân Trào"}),
    Vector("TT-116", {"From/OrganName": "So Noi vu tinh Hai Duong"}, {"From/OrganName": "VNPT NET"}),
    Vector(
        "TT-122",
        {"From/OrganizationInCharge": "Sở Nội vụ tỉnh Hải Dương"},
        {"From/OrganizationInCharge": None},
    ),
)

NUMBERS = (
    Vector("TT-201", {NUMBER: None, "DocumentId": "H23.12,2026/11/20,/SNV-VP"}, {NUMBER: "10"}),
    Vector("TT-202", {NUMBER: "A12"}, {NUMBER: "12"}),
    Vector("TT-203", {NUMBER: "74fass22"}, {NUMBER: "7422"}),
    Vector("TT-204", {NUMBER: "5"}, {NUMBER: "05"}),
    Vector("TT-205", {NUMBER: "00"}, {NUMBER: "01"}),
    Vector("TT-206", {NUMBER: "007"}, {NUMBER: "07"}),
    Vector("TT-207", {NUMBER: "1" * 12}, {NUMBER: "1" * 11}),
    Vector("TT-208", {NOTATION: "SNV-" + "A" * 27}, {NOTATION: "SNV-" + "A" * 26}),
    Vector("TT-209", {NOTATION: "SNV-V P"}, {NOTATION: "SNV-VP"}),
    Vector("TT-210", {NOTATION: "SNV-V_P"}, {NOTATION: "SNV-VP&TH"}),
    Vector("TT-211", {NOTATION: "SNV--VP"}, {NOTATION: "SNV-VP-TH"}),
    Vector("TT-212", {NOTATION: "SNV-vp"}, {NOTATION: "SNV-VPcp"}),
    Vector("TT-213", {NOTATION: "TB-SNV"}, {NOTATION: "QĐ-UBND"}, DECISION),
    Vector("TT-214", {NOTATION: "QĐ-CP"}, {NOTATION: "NĐ-CP"}, DECREE),
    Vector("TT-215", {NOTATION: "QĐ-SNV"}, {NOTATION: "QĐD-SNV"}),
    Vector("TT-216", {NOTATION: "CV-SNV"}, {NUMBER: "15", NOTATION: "-CV/TU"}),
    Vector("TT-217", {NOTATION: "SNV"}, {NOTATION: "SNV-VP"}),
    Vector("TT-218", {NOTATION: "QĐ"}, {NOTATION: "QĐ-S"}, DECISION),
    Vector("TT-219", {NUMBER: "30"}, {NUMBER: "30", NOTATION: "2026/NĐ-CP"}, DECREE),
    Vector("TT-220", {NUMBER: "30/2025"}, {NUMBER: "30/2026"}, DECREE),
    Vector("TT-221", {NOTATION: "2026/SNV-VP"}, {**DECISION, KIND: "1", ROW: "8", NOTATION: "2026/QĐ-UBND"}),
    Vector("TT-222", {NUMBER: "1203/SNV", NOTATION: "VP"}, {**DECREE, NUMBER: "30/2026"}),
    Vector("TT-223", {KIND: "1", ROW: "8"}, {KIND: "1", ROW: "8", NUMBER: "15/2026"}, DECISION),
    Vector("TT-251", {"DocumentId": None}, {"DocumentId": "H23.12,2026/11/20,1203/SNV-VP"}),
    Vector(
        "TT-252",
        {"DocumentId": f"{'H' * 178},2026/11/20,1203/SNV-VP"},
        {"DocumentId": f"{'H' * 177},2026/11/20,1203/SNV-VP"},
    ),
    Vector("TT-253", {"DocumentId": "7b1c2f0a-7d53-4f0e-8a3b-2f1f5e0b9d11"}, {}),
    Vector("TT-255", {"DocumentId": "H23.12,2026/11/19,1203/SNV-VP"}, {}),
    Vector("TT-256", {"DocumentId": "H23.12,2026/11/20,1204/SNV-VP"}, {}),
    Vector(
        "TT-257",
        {ANSWER: "G12,2026/02/29,4512/BTC-TCCB", ANSWERED: None},
        {ANSWER: "G12,2024/02/29,4512/BTC-TCCB", ANSWERED: None},
    ),
)

DATES = (
    Vector("TT-301", {DAY: None, "DocumentId": "H23.12,2026/11/20,1203/SNV-VP"}, {}),
    Vector("TT-302", {PLACE: None}, {PLACE: "Huế"}),
    Vector("TT-303", {PLACE: "H" + "ả" * 50}, {PLACE: "H" + "ả" * 49}),
    Vector("TT-304", {PLACE: "Hải Dương, ngày 20"}, {PLACE: "Thành phố Hồ Chí Minh"}),
    Vector("TT-305", {PLACE: "hải Dương"}, {PLACE: "Đà Nẵng"}),
    Vector("TT-306", {PLACE: "Ha Noi"}, {PLACE: "Hà Nội"}),
    Vector("TT-307", {"DueDate": "2026/11/19"}, {"DueDate": "2026/11/20"}),
    Vector("TT-308", {DAY: "0001/01/01", "ResponseFor": None}, {DAY: "1945/09/02", "ResponseFor": None}),
    Vector(
        "TT-309",
        {"trace:TraceHeader/Timestamp": "2026-11-20T09:15:00"},
        {"trace:TraceHeader/Timestamp": "2026/11/20 23:59:59"},
    ),
    Vector(
        "TT-310",
        {"trace:TraceHeader/Timestamp": "2026/11/19 23:59:59"},
        {"trace:TraceHeader/Timestamp": "2026/11/20 00:00:00"},
    ),
    Vector("TT-311", {"trace:TraceHeader/OrganId": None}, {"trace:TraceHeader/OrganId": "02.29.W00"}),
)

TYPES = (
    Vector("TT-401", {TYPE: None}, {}),
    Vector("TT-402", {TYPE: "Công lệnh", "Subject": "Về việc đi công tác"}, DECISION),
    Vector("TT-403", {KIND: "71"}, {KIND: "2"}),
    Vector("TT-404", {KIND: "1", ROW: "0"}, {**DECISION, KIND: "1", ROW: "8", NUMBER: "15/2026"}),
    Vector("TT-405", {KIND: "2"}, {KIND: "1"}, DECREE),
    Vector("TT-406", {ROW: "7"}, {ROW: "0"}),
    Vector("TT-407", {TYPE: "Quyet dinh"}, {TYPE: "QUYẾT ĐỊNH"}, DECISION),
    Vector(
        "TT-408",
        {TYPE: f"Quyết định ({'x' * 88})"},
        {TYPE: f"Quyết định ({'x' * 87})"},
        DECISION,
    ),
    Vector("TT-411", {"Subject": None}, {"Subject": "V/v mời họp"}),
    Vector("TT-412", {"Subject": "V/v " + "rà soát " * 63}, {"Subject": "V/v " + "rà soát " * 62}),
    Vector("TT-413", {"Subject": "Phối hợp rà soát biên chế"}, {"Subject": "Về việc rà soát biên chế"}),
    Vector("TT-414", {"Subject": "V/v thành lập Tổ công tác"}, {"Subject": "Về việc thành lập Tổ công tác"}, DECISION),
    Vector("TT-415", {"Subject": "Quyết định"}, {"Subject": "Quyết định thành lập Tổ công tác"}, DECISION),
    Vector("TT-416", {"Subject": "V/v phoi hop ra soat bien che"}, {"Subject": "V/v phối hợp ra soat bien che"}),
    Vector("TT-417", {"Subject": "V/v PHỐI HỢP RÀ SOÁT BIÊN CHẾ"}, {"Subject": "V/v PHỐI HỢP RÀ SOÁT biên chế"}),
    Vector("TT-418", {"Content": "n" * 501}, {"Content": "n" * 500}),
    Vector(
        "TT-419",
        {"Subject": "V/v HỎA TỐC ứng phó bão số 9"},
        {"Subject": "V/v HỎA TỐC ứng phó bão số 9", "OtherInfo/Priority": "3"},
    ),
)

SIGNERS = (
    Vector("TT-501", {NAME: None}, {NAME: "Lê An"}),
    Vector("TT-502", {NAME: "Nguyễn Văn" + "g" * 41}, {NAME: "Nguyễn Văn" + "g" * 40}),
    Vector("TT-503", {STAMP: "PHÓ " + "Ô" * 97}, {STAMP: "PHÓ " + "Ô" * 96}),
    Vector("TT-504", {OFFICE: "KT. " + "Ô" * 97}, {OFFICE: "KT. " + "Ô" * 96}),
    Vector("TT-505", {NAME: "TS. Nguyễn Văn An"}, {NAME: "Tạ Sơn Nguyễn"}),
    Vector(
        "TT-506",
        {NAME: "PGS.TS. Nguyễn Văn An"},
        {NAME: "Nguyễn Văn An"},
        {"From/OrganName": "Trường Đại học Hải Dương"},
    ),
    Vector("TT-507", {NAME: "Hà"}, {NAME: "Lê Hà"}),
    Vector("TT-508", {NAME: "NGUYỄN THỊ THU HÀ"}, {NAME: "Y Hà"}),
    Vector("TT-509", {NAME: "Nguyễn thị Hà"}, {NAME: "Nguyễn Thị Hà"}),
    Vector("TT-510", {NAME: "Nguyen Thu Ha"}, {NAME: "Cao Minh Quang"}),
    Vector("TT-511", {STAMP: "Giam doc", OFFICE: None}, {STAMP: "Giám đốc", OFFICE: None}),
    Vector("TT-512", {OFFICE: "KT. GIAM DOC"}, {OFFICE: "KT. GIÁM ĐỐC"}),
    Vector("TT-513", {NAME: "Nguyễn Thu Hà 2"}, {NAME: "Y Ngông Niê Kđăm"}),
    Vector("TT-514", {OFFICE: "KT GIÁM ĐỐC"}, {OFFICE: "KT.GIÁM ĐỐC"}),
    Vector("TT-515", {OFFICE: "T/L GIÁM ĐỐC"}, {OFFICE: "TL. GIÁM ĐỐC", STAMP: "CHÁNH VĂN PHÒNG"}),
    Vector("TT-516", {OFFICE: "TM. CHỦ TỊCH"}, {OFFICE: "TM. ỦY BAN NHÂN DÂN"}),
    Vector("TT-517", {OFFICE: "KT. ỦY BAN NHÂN DÂN"}, {OFFICE: "KT. CHỦ TỊCH"}),
    Vector("TT-518", {STAMP: "GIÁM ĐỐC"}, {STAMP: "Phó Giám đốc"}),
    Vector(
        "TT-519",
        {OFFICE: "TL. GIÁM ĐỐC", STAMP: "PHÓ CHÁNH VĂN PHÒNG"},
        {OFFICE: "TL. GIÁM ĐỐC KT. CHÁNH VĂN PHÒNG", STAMP: "PHÓ CHÁNH VĂN PHÒNG"},
    ),
    Vector("TT-520", {OFFICE: None}, {OFFICE: None, STAMP: "GIÁM ĐỐC"}),
    Vector("TT-521", {OFFICE: "Q. GIÁM ĐỐC"}, {OFFICE: "Q. GIÁM ĐỐC", STAMP: None}),
    Vector("TT-522", {OFFICE: "KT. Giám đốc"}, {OFFICE: "KT. GIÁM ĐỐC"}),
    Vector("TT-523", {OFFICE: "KT."}, {OFFICE: "KT. GIÁM ĐỐC"}),
    Vector(
        "TT-524",
        {OFFICE: "TUQ. GIÁM ĐỐC KT. TRƯỞNG PHÒNG", STAMP: "PHÓ TRƯỞNG PHÒNG"},
        {OFFICE: "TUQ. GIÁM ĐỐC", STAMP: "TRƯỞNG PHÒNG"},
    ),
)

PARTS = (
    Vector("TT-601", {"ToPlaces": None}, {}),
    Vector("TT-602", {"ToPlaces/Place[1]": "đ" * 151}, {"ToPlaces/Place[1]": "đ" * 150}),
    Vector(
        "TT-603",
        {f"ToPlaces/Place[{n}]": f"{n} " + "đ" * 128 for n in range(1, 9)},
        {f"ToPlaces/Place[{n}]": f"{n} " + "đ" * 128 for n in range(1, 8)},
    ),
    Vector("TT-604", {"ToPlaces/Place[3]": ""}, {"ToPlaces/Place[3]": "Như Điều 3"}),
    Vector("TT-605", {"ToPlaces/Place[3]": "Như trên"}, {"ToPlaces/Place[3]": "Như trên (02 bản)"}),
    Vector("TT-606", {"OtherInfo/Priority": "5"}, {"OtherInfo/Priority": "4"}),
    Vector("TT-609", {"OtherInfo/PageAmount": "1000"}, {"OtherInfo/PageAmount": "999"}),
    Vector("TT-610", {"OtherInfo/PromulgationAmount": "mười"}, {"OtherInfo/PromulgationAmount": "999"}),
    Vector("TT-611", {"OtherInfo/PageAmount": "0"}, {"OtherInfo/PageAmount": "1"}),
    Vector("TT-612", {"OtherInfo/TyperNotation": "N" * 11}, {"OtherInfo/TyperNotation": "N" * 10}),
    Vector(
        "TT-613",
        {"OtherInfo/SphereOfPromulgation": "c" * 101},
        {"OtherInfo/SphereOfPromulgation": "c" * 100},
    ),
    Vector(
        "TT-614",
        {"OtherInfo/Appendixes/Appendix": "Phụ lục 1"},
        {"OtherInfo/Appendixes/Appendix": "Phụ lục I"},
    ),
    Vector("TT-615", {"SteeringType": "3"}, {"SteeringType": "2"}),
    Vector("TT-617", {"OtherInfo/TyperNotation": "ntt"}, {"OtherInfo/TyperNotation": "ĐTT"}),
)

CHANGES = (
    Vector("TT-701", {"ResponseFor/Code": None, ANSWER: None}, {ANSWER: None}),
    Vector("TT-702", {"ResponseFor/Code": "4512"}, {"ResponseFor/Code": "4512/BTC"}),
    Vector("TT-703", {ANSWERED: "2026/02/29", ANSWER: None}, {ANSWERED: "2024/02/29", ANSWER: None}),
    Vector("TT-704", {ANSWERED: "2026/11/03"}, {ANSWER: "BTC-4512"}),
    Vector(
        "TT-705",
        {ANSWERED: "2026/11/21", ANSWER: "G12,2026/11/21,4512/BTC-TCCB"},
        {ANSWERED: "2026/11/20", ANSWER: "G12,2026/11/20,4512/BTC-TCCB"},
    ),
    Vector("TT-706", {ANSWERED: None}, {ANSWERED: None, **RECALL}, {ANSWER: "H23.12,2026/11/20,1203/SNV-VP"}),
    Vector("TT-751", {"trace:Bussiness/BussinessDocReason": None}, {}, RECALL),
    Vector(
        "TT-752",
        {"ResponseFor": None},
        {"ResponseFor": None, "trace:Bussiness/DocumentId": "H23.12,2026/11/18,1199/SNV-VP"},
        RECALL,
    ),
    Vector("TT-753", {"trace:Bussiness/BussinessDocumentInfo/DocumentInfo": "0"}, {}, UPDATE),
    Vector(
        "TT-754",
        {"trace:Bussiness/BussinessDocumentInfo/DocumentReceiver": "1"},
        {
            "trace:Bussiness/BussinessDocumentInfo/DocumentReceiver": "1",
            "trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/OrganId": "G12",
            "trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/ReceiverType": "1",
        },
        UPDATE,
    ),
    Vector("TT-755", {"trace:Bussiness/ReplacementInfoList": None}, {}, REPLACE),
    Vector("TT-756", {"trace:Bussiness/BussinessDocType": "0"}, {}, REPLACE),
    Vector("TT-757", {"trace:Bussiness/DocumentId": "H23.12,2026/11/20,1200/SNV-VP"}, {}),
    Vector("TT-758", {"trace:Bussiness/Paper": "2"}, {"trace:Bussiness/Paper": "1"}),
    Vector("TT-761", {f"{REPLACED}/DocumentId": None}, {}, REPLACE),
    Vector(
        "TT-762",
        {f"{REPLACED}/DocumentId": "H23.12,2026/11/20,1203/SNV-VP"},
        {f"{REPLACED}/DocumentId": "H23.12,2026/11/20,1202/SNV-VP"},
        REPLACE,
    ),
    Vector("TT-763", {f"{REPLACED}/OrganIdList": None}, {}, REPLACE),
    Vector(
        "TT-764",
        {"trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/ReceiverType": "2"},
        {"trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/ReceiverType": "0"},
        {**UPDATE, "trace:Bussiness/BussinessDocumentInfo/ReceiverList/Receiver/OrganId": "G12"},
    ),
    Vector(
        "TT-765",
        {"trace:Bussiness/StaffInfo/Staff": "T" * 101},
        {"trace:Bussiness/StaffInfo/Department": "V" * 250},
    ),
    Vector(
        "TT-766",
        {"trace:Bussiness/StaffInfo/Email": "binhtv"},
        {"trace:Bussiness/StaffInfo/Email": "binhtv@haiduong.gov.vn"},
    ),
)

FILES = (
    Vector("TT-801", {"envelope:edXMLBody": None}, {"envelope:edXMLBody": None, **RECALL}),
    Vector(
        "TT-802",
        {
            "list:Reference[1]/ContentType": "application/msword",
            "list:Reference[1]/AttachmentName": "cong-van.doc",
            f"{SECOND}/ContentType": "application/msword",
            f"{SECOND}/AttachmentName": "bieu.doc",
        },
        {"list:Reference[1]/ContentType": "application/zip"},
    ),
    Vector(
        "TT-803",
        {"list:Reference[1]/ContentType": "application/msword", "list:Reference[1]/AttachmentName": "cv.doc"},
        {f"{SECOND}/ContentType": "application/msword", f"{SECOND}/AttachmentName": "cv.doc"},
    ),
    Vector("TT-804", {f"{SECOND}/ContentType": "text/plain"}, {f"{SECOND}/ContentType": "application/zip"}),
    Vector("TT-805", {f"{SECOND}/AttachmentName": "bieu-tong-hop"}, {f"{SECOND}/AttachmentName": "bieu.tong-hop"}),
    Vector(
        "TT-806",
        {f"{SECOND}/AttachmentName": "xem-van-ban.EXE"},
        {f"{SECOND}/AttachmentName": "xem-van-ban.exe.pdf"},
    ),
    Vector("TT-807", {f"{SECOND}/AttachmentName": "ho-so.7z"}, {f"{SECOND}/AttachmentName": "ho-so-7z.xml"}),
    Vector(
        "TT-808",
        {f"{SECOND}/ContentType": "msword"},
        {f"{SECOND}/ContentType": "application/msword"},
        {f"{SECOND}/AttachmentName": "cv.doc"},
    ),
    Vector("TT-809", {"list:@version": "2.0"}, {"list:@version": "1.0"}),
    Vector("TT-810", {f"{SECOND}/AttachmentName": None}, {}),
    Vector("TT-811", {f"{SECOND}/Description": "m" * 501}, {f"{SECOND}/Description": "m" * 500}),
    Vector(
        "TT-812", {f"{SECOND}/AttachmentName": "1203-snv-vp.pdf"}, {f"{SECOND}/AttachmentName": "1203-snv-vp-2.pdf"}
    ),
    Vector("TT-813", {f"{SECOND}/ContentId": "pl1"}, {f"{SECOND}/ContentId": "cid:pl1"}),
)

CHARACTERS = (
    Vector("TT-901", {"Subject": "V/v \u00d0iều chỉnh biên chế"}, {"Subject": "V/v Điều chỉnh biên chế"}),
    Vector("TT-902", {"Subject": "V/v điều chỉnh \u202ebiên chế"}, {"Subject": "V/v điều chỉnh biên chế"}),
    Vector("TT-903", {"Subject": "V/v điều\u200bchỉnh biên chế"}, {"Subject": "V/v điều chỉnh biên chế"}),
    Vector("TT-904", {"Subject": "V/v điều chỉnh\u00a0biên chế"}, {"Subject": "V/v điều chỉnh\nbiên chế"}),
    Vector("TT-905", {NAME: "Nguyễn V\u0430n Hà"}, {NAME: "Nguyễn Van Hà"}),
    Vector("TT-906", {"Subject": "V/v \u00aei\u00d2u ch\u00d8nh biên chế"}, {"Subject": "V/v điều chỉnh biên chế"}),
    Vector("TT-907", {"Subject": "V/v điều ch\ufffdnh biên chế"}, {"Subject": "V/v điều ch?nh biên chế"}),
    Vector("TT-908", {"Subject": "V/v đào tạo &amp; bồi dưỡng"}, {"Subject": "V/v đào tạo & bồi dưỡng < 30 tuổi"}),
    Vector("TT-910", {"From/OrganAdd": "null"}, {"From/OrganAdd": "nullarbor"}),
)

STATUSES = tuple(
    Vector(rule, refuses, accepts, base=STATUS)
    for rule, refuses, accepts in (
        ("TT-051", {"Description": None}, {"Description": None, "StatusCode": "01"}),
        ("TT-052", {ANSWER: None}, {}),
        ("TT-053", {"ResponseFor/Code": None}, {}),
        ("TT-054", {"Timestamp": "2026/11/20 24:00:00"}, {"Timestamp": "2026/11/20 23:59:59"}),
        ("TT-055", {"Description": "l" * 501}, {"Description": "l" * 500}),
        ("TT-056", {"Timestamp": "2026/11/19 23:59:59"}, {"Timestamp": "2026/11/20 00:00:00"}),
        ("TT-057", {"StatusCode": "05", "StaffInfo": None}, {"StatusCode": "06", "StaffInfo": None}),
    )
)

VECTORS: tuple[Vector, ...] = (
    *AGENCIES,
    *NUMBERS,
    *DATES,
    *TYPES,
    *SIGNERS,
    *PARTS,
    *CHANGES,
    *FILES,
    *CHARACTERS,
    *STATUSES,
)
