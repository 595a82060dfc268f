"""Whom a certificate names: the directory first, then the names in the packet, then an authority's own marks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.pdf import PdfRole
from gateway.trust.subjects import Expected, read_subject, same_person
from tests.trust.pdf.papers import EXPECTED, SENDER, SIGNER_NAME, World, world

CN, OID = NameOID.COMMON_NAME, ObjectIdentifier


@pytest.fixture(scope="module")
def the() -> World:
    return world()


@pytest.mark.parametrize(
    ("subject", "role", "matches"),
    [
        ({CN: SIGNER_NAME}, PdfRole.PERSON, True),
        ({CN: "NGUYEN THI ANH"}, PdfRole.PERSON, True),
        ({CN: "nguyễn  thị ánh"}, PdfRole.PERSON, True),
        ({CN: "Trần Văn Bình", NameOID.USER_ID: "CMND:012345678"}, PdfRole.PERSON, False),
        ({CN: "Trần Văn Bình", NameOID.SURNAME: "Trần"}, PdfRole.PERSON, False),
        ({CN: "Trần Văn Bình"}, PdfRole.UNKNOWN, None),
        ({CN: "ỦY BAN NHÂN DÂN TỈNH KIỂM THỬ"}, PdfRole.AGENCY, True),
        ({CN: "ỦY BAN NHÂN DÂN TỈNH KHÁC"}, PdfRole.AGENCY, False),
        ({CN: "Con dấu", OID("2.5.4.97"): "VATVN-0101243150"}, PdfRole.AGENCY, False),
        ({CN: "Con dấu", NameOID.USER_ID: "MST:0101243150"}, PdfRole.AGENCY, False),
        ({CN: "Con dấu", NameOID.SERIAL_NUMBER: "000.00.00.H29"}, PdfRole.AGENCY, True),
        ({CN: "Ủy"}, PdfRole.UNKNOWN, None),
        ({NameOID.COUNTRY_NAME: "VN"}, PdfRole.UNKNOWN, None),
    ],
)
def test_a_subject_is_read_in_order_of_certainty(
    the: World, subject: dict[ObjectIdentifier, str], role: PdfRole, matches: bool | None
) -> None:
    holder = the.government.issue(subject)
    read = read_subject(holder.certificate, holder.der, EXPECTED)
    assert (read.role, read.matches) == (role, matches)


def test_the_directorys_certificate_outweighs_every_mark(the: World) -> None:
    sender = replace(SENDER, certificates=(the.person.der,))
    read = read_subject(the.person.certificate, the.person.der, replace(EXPECTED, agencies=(sender,)))
    assert (read.role, read.matches) == (PdfRole.AGENCY, True)


def test_without_anybody_expected_nothing_matches_and_nothing_fails_to(the: World) -> None:
    for holder in (the.person, the.agency):
        assert read_subject(holder.certificate, holder.der, Expected()).matches is None
    alone = Expected(sender_name="Ủy ban nhân dân tỉnh Kiểm Thử")  # what a packet says of an agency nobody knows
    assert read_subject(the.agency.certificate, the.agency.der, alone).matches is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("TS. Nguyễn Thị Ánh", "Nguyễn Thị Ánh", True),
        ("PGS.TS. Đỗ Đức Đạt", "DO DUC DAT", True),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Anh", False),
        ("Nguyen Thi Anh", "Nguyen Thi Ánh", True),
        ("Nguyễn Thị Ánh", None, False),
        ("", "", False),
    ],
)
def test_names_are_compared_as_people_write_them(one: str, other: str | None, same: bool) -> None:
    assert same_person(one, other) is same


@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_comparing_names_never_fails_and_has_no_order(one: str, other: str) -> None:
    assert same_person(one, other) is same_person(other, one)
