"""Validation: lxml decides, the explanation says where, what and what instead; both libraries agree on our schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
import xmlschema
from hypothesis import given
from lxml import etree

from gateway import edxml
from gateway.edxml import Limits, NewAttachment, Profile, schema_path, validate, write
from gateway.model.packet import Content
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused
from tests.edxml.strategies import contents
from tests.vectors import form
from tests.vectors.packets import ANNEX, BORDER, DOCUMENT, LETTER, RECALL, STATUS, after, bare, status, swapped

MESSAGE = "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader"


def _findings(packet: bytes, profile: Profile = Profile.READ) -> tuple[Finding, ...]:
    return validate(edxml.parse(packet, Limits()), profile)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    "packet", [write(DOCUMENT, (LETTER, ANNEX)), write(DOCUMENT), write(STATUS)], ids=["document", "bare", "status"]
)
def test_what_we_write_fits_both_profiles(packet: bytes, profile: Profile) -> None:
    assert _findings(packet, profile) == ()


@pytest.mark.parametrize(
    ("make", "path", "at", "found", "expected"),
    [
        (
            after("<edXML:MessageHeader>", "<edXML:Signatory/>"),
            f"{MESSAGE}/Signatory",
            "<edXML:Signatory",
            "«Signatory» không được đứng ở đây",
            "From, To, Code",
        ),
        (
            lambda: bare().replace(b"<edXML:OrganId>H14</edXML:OrganId>\n", b""),
            f"{MESSAGE}/To[2]",
            f"<edXML:To>\n<edXML:OrganName>{BORDER.name}",
            "Thiếu phần tử «OrganId»",
            "",
        ),
        (
            swapped("OrganId>H14<", "OrganId><", bare),
            f"{MESSAGE}/To[2]/OrganId",
            "<edXML:OrganId><",
            "không được để trống",
            "",
        ),
        (
            swapped("OrganId>H14<", f"OrganId>{'H' * 40}<", bare),
            f"{MESSAGE}/To[2]/OrganId",
            "H" * 40,
            "dài 40 ký tự",
            "dài nhất là 35",
        ),
        (
            swapped("StatusCode>03<", "StatusCode>x3<", status),
            f"{MESSAGE}/StatusCode",
            "<edXML:StatusCode>",
            "«x3»",
            "[0-9]{2}",
        ),
        (
            swapped("BussinessDocType>0<", "BussinessDocType>9<", bare),
            "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness/BussinessDocType",
            "<edXML:BussinessDocType>",
            "«9»",
            "0, 1, 2, 3",
        ),
        (
            after("<edXML:From>", "<edXML:OrganId>G2</edXML:OrganId>"),
            f"{MESSAGE}/From/OrganId[2]",
            "<edXML:OrganId>G22",
            "chỉ được có một lần",
            "",
        ),
        (after("<edXML:Subject>", "<edXML:b/>"), f"{MESSAGE}/Subject", "<edXML:Subject>", "chỉ được chứa chữ", ""),
        (after("<edXML:MessageHeader>", "G99"), MESSAGE, "<edXML:MessageHeader>", "có chữ thừa", ""),
        (
            swapped("<edXML:Subject>", '<edXML:Subject lang="vi">', bare),
            f"{MESSAGE}/Subject",
            "<edXML:Subject",
            "«lang»",
            "",
        ),
    ],
)
def test_an_explanation_says_where_what_was_met_and_what_was_expected(
    make: Callable[[], bytes], path: str, at: str, found: str, expected: str
) -> None:
    findings = _findings(make())
    assert [one.reason for one in findings] == [Reason.FORM_SCHEMA]
    finding = findings[0]
    assert finding.place.path == path
    packet = make()
    assert finding.place.line == packet[: packet.index(at.encode())].count(b"\n") + 1
    assert found in finding.detail("vi")
    assert expected in finding.detail("vi")
    assert not re.search("[ạảấầẩẫậắằẳẵặẹẻẽếềểễệịọỏốồổỗộớờởỡợụủứừửữự]", finding.detail("en"))


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (
            swapped("2026/11/20</edXML:PromulgationDate>", "20/11/2026</edXML:PromulgationDate>", bare),
            "PromulgationDate",
        ),
        (swapped("StatusCode>03<", "StatusCode>07<", status), "StatusCode"),
        (swapped(' Id="envelope"', "", bare), "edXMLEnvelope"),
        (swapped(' Id="envelope"', ' Id="other"', bare), "edXMLEnvelope"),
        (lambda: write(RECALL), "Subject"),
        (lambda: write(DOCUMENT, [NewAttachment("a b", "text/plain", "a.txt")]), "ContentId"),
    ],
)
def test_the_strict_profile_holds_what_the_read_profile_lets_pass(make: Callable[[], bytes], path: str) -> None:
    assert _findings(make()) == ()
    findings = _findings(make(), Profile.STRICT)
    assert findings
    assert findings[0].place.path.endswith(path)


def test_at_most_twenty_faults_are_told() -> None:
    packet = bare().replace(b"<edXML:Subject>", b"<edXML:Odd/>" * 50 + b"<edXML:Subject>")
    assert 1 <= len(_findings(packet)) <= 20
    hidden = bare().replace(b"<edXML:ToPlaces>", b"<edXML:ToPlaces>" + b"<edXML:Place>\xe2\x80\x8b</edXML:Place>" * 50)
    assert len(_findings(hidden)) == 20


def test_a_very_large_packet_is_refused_with_its_line_and_not_explained_at_length() -> None:
    places = b"<edXML:Place>x</edXML:Place>" * 5_000 + b"<edXML:Odd/>"
    findings = _findings(bare().replace(b"<edXML:ToPlaces>", b"<edXML:ToPlaces>\n" + places))
    assert [one.reason for one in findings] == [Reason.FORM_SCHEMA]
    assert findings[0].place.line


def test_a_schema_fault_and_a_character_fault_are_both_told() -> None:
    packet = after("<edXML:MessageHeader>", "<edXML:Odd/>", after("<edXML:Subject>", "\u200b"))()
    assert {one.reason for one in _findings(packet)} == {Reason.FORM_SCHEMA, Reason.FORM_CHARACTERS}


def test_a_character_fault_is_told_with_the_character_and_its_element() -> None:
    (finding,) = _findings(after("<edXML:Subject>", "x\u202ey")())
    assert finding.place.path == f"{MESSAGE}/Subject"
    assert "U+202E" in finding.detail("vi")
    assert "\u202e" not in finding.detail("vi")


COMPILED = {
    profile: (etree.XMLSchema(file=str(path)), xmlschema.XMLSchema10(path))
    for profile in Profile
    for path in [schema_path(f"edxml-{profile}.xsd")]
}


@pytest.mark.parametrize("profile", Profile)
def test_two_libraries_agree_on_every_vector(profile: Profile) -> None:
    lxml_schema, other_schema = COMPILED[profile]
    tried = 0
    for vector in form.VECTORS:
        with suppress(Refused):
            root = edxml.parse(vector.make(), Limits()).root
            assert lxml_schema.validate(root) == other_schema.is_valid(root), vector
            tried += 1
    assert tried > 100


@pytest.mark.parametrize("profile", Profile)
@given(content=contents)
def test_two_libraries_agree_on_what_we_write(profile: Profile, content: Content) -> None:
    lxml_schema, other_schema = COMPILED[profile]
    root = edxml.parse(write(content), Limits()).root
    assert lxml_schema.validate(root) == other_schema.is_valid(root)


def test_the_schemas_use_nothing_that_validators_differ_on() -> None:
    for profile in Profile:
        text = schema_path(f"edxml-{profile}.xsd").read_text(encoding="utf-8")
        rules = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
        assert not re.search(r"\\[pPiIcCdDwWsS]|<xs:(key|keyref|unique|import|include|redefine|assert)\b", rules)
