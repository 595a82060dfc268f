"""Form rules on claims: each rule refuses what it names, at the place it names, and leaves the good packet alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.model.packet import (
    Attachment,
    Business,
    BusinessType,
    Claim,
    Document,
    Organ,
    Reference,
    ResponseFor,
    Status,
)
from gateway.model.reasons import Reason
from gateway.rules.form import check_form, real_date

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)  # already the 24th in Ha Noi
SCAN = Attachment("209", "application/pdf", "Công văn 12.pdf", None, "0" * 64, 3)
GOOD = Document(
    Organ("G22"),
    (Organ("H41"), Organ("000.00.00.H41")),
    "G22,2026/11/24,12/VP",
    promulgated_on="2026/11/24",
    due_on="2026/11/30",
    manifest=(Reference("209", "application/pdf", "Công văn 12.pdf"),),
)
STATUS = Status(Organ("H41"), ResponseFor("G22", "12/VP"), "03")


def reasons(content: Document | Status, *attachments: Attachment, addressees_max: int = 10) -> list[Reason]:
    return [one.reason for one in check_form(Claim(content, attachments, "d"), addressees_max, NOW)]


def faults(content: Document | Status, *attachments: Attachment) -> list[str | None]:
    return [dict(one.values).get("fault") for one in check_form(Claim(content, attachments, "d"), 10, NOW)]


def test_a_good_document_has_no_fault_and_a_good_status_neither() -> None:
    assert reasons(GOOD, SCAN) == []
    assert reasons(STATUS) == []


def test_the_manifest_and_the_attachments_name_the_same_things() -> None:
    assert faults(GOOD) == ["not_enclosed"]
    assert faults(replace(GOOD, manifest=()), SCAN) == ["not_announced"]
    assert faults(GOOD, replace(SCAN, name="khác.pdf")) == ["other_name"]
    assert faults(GOOD, replace(SCAN, content_type="application/zip")) == ["other_type"]
    assert faults(GOOD, replace(SCAN, content_type=None, name=None)) == []


def test_one_content_id_names_one_attachment() -> None:
    twice = replace(GOOD, manifest=GOOD.manifest * 2)
    assert reasons(twice, SCAN) == [Reason.FORM_DUPLICATE_CONTENT_ID]
    assert reasons(GOOD, SCAN, SCAN) == [Reason.FORM_DUPLICATE_CONTENT_ID]


@pytest.mark.parametrize(
    "name",
    ["../x.pdf", "C:\\x.pdf", "a/b", "x\x00.pdf", "CON", "nul.txt", "tên. ", ".ẩn", "x.pdf.", "a" * 501, "", "x\n.pdf"],
)
def test_a_file_name_never_leaves_its_folder(name: str) -> None:
    named = replace(GOOD, manifest=(Reference("209", "application/pdf", name),))
    assert reasons(named, replace(SCAN, name=name)) == [Reason.FORM_FILE_NAME]


@pytest.mark.parametrize("name", ["Công văn số 12.pdf", "1896_QD-TTg_m_294779.doc", "a" * 500, "CONG VAN.PDF"])
def test_an_ordinary_file_name_passes(name: str) -> None:
    named = replace(GOOD, manifest=(Reference("209", "application/pdf", name),))
    assert reasons(named, replace(SCAN, name=name)) == []


def test_an_identifier_is_addressed_once_but_two_identifiers_of_one_agency_are_no_fault() -> None:
    assert reasons(replace(GOOD, addressees=(Organ("H41"), Organ("H41"))), SCAN) == [Reason.FORM_DUPLICATE_ADDRESSEE]
    many = tuple(Organ(f"H{number:02}") for number in range(11))
    assert reasons(replace(GOOD, addressees=many), SCAN) == [Reason.FORM_TOO_MANY_ADDRESSEES]


def test_dates_exist_and_today_is_viet_nams_today() -> None:
    assert faults(replace(GOOD, promulgated_on="2026/02/30"), SCAN) == ["no_such_day"]
    assert faults(replace(GOOD, due_on="30/11/2026"), SCAN) == ["no_such_day"]
    assert faults(replace(GOOD, promulgated_on="2026/11/25"), SCAN) == ["in_the_future"]
    early = check_form(Claim(GOOD, (SCAN,), "d"), 10, NOW - timedelta(hours=4))
    assert [one.reason for one in early] == [Reason.FORM_DATE], "at 16:00 UTC it is still the 23rd in Ha Noi"


def test_a_change_says_of_which_document() -> None:
    lost = replace(GOOD, document_id=None, business=Business(BusinessType.RECALL))
    assert reasons(lost, SCAN) == [Reason.FORM_CHANGE_TARGET]
    assert reasons(replace(lost, response_for=(ResponseFor(document_id="x"),)), SCAN) == []


def test_a_status_names_a_known_code_and_whom_it_is_for_and_carries_nothing() -> None:
    assert reasons(replace(STATUS, status_code="14")) == [Reason.FORM_STATUS_CODE]
    assert reasons(replace(STATUS, response_for=ResponseFor())) == [Reason.FORM_CHANGE_TARGET]
    assert reasons(STATUS, SCAN) == [Reason.FORM_MANIFEST_MISMATCH]


@pytest.mark.parametrize(
    ("written", "exists"),
    [
        ("2024/02/29", True),
        ("2026/02/29", False),
        ("0000/01/01", False),
        ("2026/1/1", False),
        ("２０２６/01/01", False),
    ],
)
def test_a_date_is_a_day_that_exists(written: str, exists: bool) -> None:
    assert (real_date(written) is not None) is exists
