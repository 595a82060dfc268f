"""Authority: secrecy, who may send for whom, and who may receive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document, Organ, OtherInfo, ResponseFor, Status
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.rules.authority import check_authority, resolve_addressees

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
OFFICE = Agency("G22", "Văn phòng", ("G22", "000.00.00.G22"))
PROVINCE = Agency("H41", "UBND tỉnh", ("H41", "000.00.00.H41"))
MERGED = Agency("H42", "UBND tỉnh cũ", ("H42",), period=Period(None, NOW), successor="H41")
LONELY = Agency("H43", "Chưa kết nối", ("H43",))
SENDER = Peer("vpcp", "QLVB", (Grant("G22"), Grant("H42")))
HUB = Peer("hub", "Trục tỉnh", (Grant("H41", subtree=True),), push_url="https://hub.example/edxml")
KNOWN = Directory(7, (OFFICE, PROVINCE, MERGED, LONELY), (SENDER, HUB))
GOOD = Document(Organ("G22"), (Organ("H41"),), subject="V/v bảo vệ bí mật nhà nước")


def reasons(content: Document | Status, peer: Peer = SENDER) -> list[Reason]:
    return [one.reason for one in check_authority(content, peer, KNOWN, NOW)]


def test_a_good_document_has_no_fault() -> None:
    assert reasons(GOOD) == []


@pytest.mark.parametrize(
    "marked",
    [
        replace(GOOD, subject="MẬT"),
        replace(GOOD, subject="TỐI MẬT: V/v phương án"),
        replace(GOOD, subject="V/v phương án (TUYỆT MẬT)"),
        replace(GOOD, content="[MẬT] phương án"),
        replace(GOOD, other=OtherInfo(sphere="Mật")),
        replace(GOOD, other=OtherInfo(sphere=" tối mật ")),
    ],
)
def test_a_secrecy_mark_stops_a_document(marked: Document) -> None:
    assert reasons(marked) == [Reason.AUTHORITY_CLASSIFIED]


@pytest.mark.parametrize(
    "harmless",
    [
        replace(GOOD, subject="V/v rà soát Danh mục bí mật nhà nước"),
        replace(GOOD, subject="Kế hoạch sản xuất mật ong"),
        replace(GOOD, other=OtherInfo(sphere="Lưu hành nội bộ")),
        replace(GOOD, subject="MẬT ONG RỪNG U MINH"),
    ],
)
def test_speaking_of_secrets_is_no_mark(harmless: Document) -> None:
    assert reasons(harmless) == []


def test_a_peer_sends_only_for_agencies_it_speaks_for() -> None:
    assert reasons(GOOD, HUB) == [Reason.AUTHORITY_NOT_YOURS]
    assert reasons(replace(GOOD, sender=Organ("G99"))) == [Reason.AUTHORITY_UNKNOWN_SENDER]
    assert reasons(replace(GOOD, sender=Organ("H42"))) == [Reason.AUTHORITY_INACTIVE_SENDER]


def test_every_addressee_exists_is_active_and_is_connected() -> None:
    to = (Organ("X"), Organ("H42"), Organ("H43"), Organ("H41"))
    assert reasons(replace(GOOD, addressees=to)) == [
        Reason.AUTHORITY_UNKNOWN_ADDRESSEE,
        Reason.AUTHORITY_INACTIVE_ADDRESSEE,
        Reason.AUTHORITY_UNREACHABLE_ADDRESSEE,
    ]


def test_the_successor_is_named_when_an_agency_ended() -> None:
    (finding,) = check_authority(replace(GOOD, addressees=(Organ("H42"),)), SENDER, KNOWN, NOW)
    assert "H41" in finding.detail("vi")


def test_two_identifiers_of_one_agency_are_one_addressee() -> None:
    twins = replace(GOOD, addressees=(Organ("000.00.00.H41"), Organ("H41"), Organ("G22")))
    resolved = resolve_addressees(twins, KNOWN, NOW)
    assert [(one.agency, one.addressed_as, one.peer, one.push) for one in resolved] == [
        ("H41", "000.00.00.H41", "hub", True),
        ("G22", "G22", "vpcp", False),
    ]


def test_a_status_goes_to_the_agency_its_response_names() -> None:
    status = Status(Organ("G22"), ResponseFor("H41"), "03")
    assert reasons(status) == []
    assert [one.agency for one in resolve_addressees(status, KNOWN, NOW)] == ["H41"]
    assert reasons(replace(status, response_for=ResponseFor("X"))) == [Reason.AUTHORITY_UNKNOWN_ADDRESSEE]


def test_a_hub_sends_for_everything_below_it_and_nothing_beside() -> None:
    department = Agency("H41.02", "Sở", ("H41.02",), parent="H41")
    commune = Agency("H41.05.01", "Xã", ("H41.05.01",), parent="H41.05")
    district = Agency("H41.05", "Huyện", ("H41.05",), parent="H41", period=Period(None, NOW), successor="H41.05.01")
    tree = replace(KNOWN, agencies=(*KNOWN.agencies, department, district, commune))
    for sender in ("H41", "H41.02", "H41.05.01"):
        assert not check_authority(replace(GOOD, sender=Organ(sender), addressees=(Organ("G22"),)), HUB, tree, NOW)
    (no,) = check_authority(replace(GOOD, sender=Organ("G22")), HUB, tree, NOW)
    assert no.reason is Reason.AUTHORITY_NOT_YOURS
    (ended,) = check_authority(replace(GOOD, sender=Organ("H41.05"), addressees=(Organ("G22"),)), HUB, tree, NOW)
    assert ended.reason is Reason.AUTHORITY_INACTIVE_SENDER and "H41.05.01" in ended.detail("vi")


@pytest.mark.parametrize(("day", "is_there"), [(date(2025, 6, 30), True), (date(2025, 7, 1), False)])
def test_a_province_that_was_merged_receives_until_the_day_it_ended(day: date, is_there: bool) -> None:
    """Resolution 202/2025/QH15: from 01/07/2025 the new province receives, and its name is told to who writes to the
    old one."""
    midnight = datetime(2025, 7, 1, tzinfo=VIET_NAM)
    old = Agency("H20", "UBND tỉnh cũ", ("H20",), period=Period(None, midnight), successor="H41")
    merged = replace(KNOWN, agencies=(OFFICE, PROVINCE, old), peers=(SENDER, replace(HUB, grants=(Grant("H20"),))))
    at = datetime(day.year, day.month, day.day, 12, tzinfo=VIET_NAM)
    found = check_authority(replace(GOOD, addressees=(Organ("H20"),)), SENDER, merged, at)
    assert [one.reason for one in found] == ([] if is_there else [Reason.AUTHORITY_INACTIVE_ADDRESSEE])
    assert all("H41" in one.detail(lang) for one in found for lang in ("vi", "en"))


def test_a_clerk_is_told_the_agency_that_is_there_now_by_name_after_two_mergers() -> None:
    commune = Agency("H41.07", "Xã cũ", ("H41.07",), "H41", Period(None, NOW - timedelta(days=400)), "H41.08")
    merged = Agency("H41.08", "Xã sáp nhập", ("H41.08",), "H41", Period(None, NOW), "H41.09")
    ward = Agency("H41.09", "Ủy ban nhân dân phường Mới", ("H41.09",), "H41")
    known = replace(KNOWN, agencies=(*KNOWN.agencies, commune, merged, ward))
    for written in ("H41.07", "H41.08"):
        (found,) = check_authority(replace(GOOD, addressees=(Organ(written),)), SENDER, known, NOW)
        assert found.detail("vi") == (
            f"Cơ quan «{written}» không hoạt động tại thời điểm gửi; "
            "cơ quan kế thừa: H41.09 (Ủy ban nhân dân phường Mới)."
        )
    circle = replace(KNOWN, agencies=(*KNOWN.agencies, commune, replace(merged, successor="H41.07")))
    (found,) = check_authority(replace(GOOD, addressees=(Organ("H41.07"),)), SENDER, circle, NOW)
    assert "kế thừa: H41.08." in found.detail("vi")
