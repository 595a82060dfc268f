"""An examination report is its own canonical form, read back as written, and follows its published schema."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.ledger.examination import (
    REPORT_BYTES_MAX,
    REPORT_ID,
    PdfBasis,
    ReportedFinding,
    ReportedPdf,
    ReportFacts,
    Versions,
    read_report,
    write_report,
)
from gateway.ledger.fault import Fault, ProofError
from gateway.trust import countersign, countersign_canonical, verify_countersigned
from tests.outside import require
from tests.pki import NOW, pki

SCHEMA = Path(__file__).parents[2] / "schemas" / "examination.xsd"
SIGNATURE = {
    "position": "1", "signer": "Nguyễn Thị Ánh", "subject": "CN=Nguyễn Thị Ánh", "role": "person",
    "certificate": "0d" * 32, "bytes": "intact", "value": "valid", "trustedBy": "government", "validity": "valid",
    "revocation": "unknown", "signedAt": "2026-11-22T08:00:00.000000Z", "timeFrom": "signing_time",
    "laterChange": "signatures", "matches": "true",
}  # fmt: skip
FACTS = ReportFacts(
    packet_digest="01" * 32,
    peer="truc-bo-noi-vu",
    verdict="admitted",
    examined_at=NOW,
    policy="strict",
    versions=Versions("02" * 32, 17, "03" * 32, (("authority", "3", "04" * 32),)),
    findings=(
        ReportedFinding(
            "form.rule", "warn", {"vi": "Số «7816» thiếu & sai", "en": "<number>"}, {"vi": "Sửa.", "en": "Mend."},
            "TT-101", "/edXML/edXMLEnvelope", 12,
        ),
        ReportedFinding("pdf.unsigned", "warn", {"vi": "a", "en": "b"}, {"vi": "c", "en": "d"}),
    ),
    pdf=PdfBasis("05" * 32, "06" * 32, NOW, (ReportedPdf("tep-1", "07" * 32, None, (SIGNATURE,)),)),
)  # fmt: skip
BARE = replace(FACTS, policy=None, findings=(), pdf=None, verdict="refused", versions=Versions("02" * 32, 0, "03" * 32))

xml_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], min_codepoint=0x20)).map(
    lambda text: text.replace("\ufffe", "").replace("\uffff", "")
) | st.sampled_from(["", "\t", "\n", "\r", "\r\n", "&", "<", ">", '"', "&amp;", "&#xD;", "]]>", "<!--", "Ngô Văn Đ"])
said = st.fixed_dictionaries({"vi": xml_text, "en": xml_text})
findings = st.builds(
    ReportedFinding, xml_text, st.sampled_from(["warn", "refuse"]), said, said,
    st.none() | xml_text, st.none() | xml_text, st.none() | st.integers(1, 10**6),
)  # fmt: skip
instants = st.datetimes(timezones=st.just(UTC))
files = st.builds(ReportedPdf, xml_text, xml_text, st.none() | xml_text, st.just((SIGNATURE,)))
reports = st.builds(
    ReportFacts,
    packet_digest=xml_text, peer=xml_text, verdict=st.sampled_from(["admitted", "refused"]), examined_at=instants,
    policy=st.none() | xml_text,
    versions=st.builds(
        Versions, xml_text, st.integers(0, 10**9), xml_text,
        st.lists(st.tuples(xml_text, xml_text, xml_text), max_size=2).map(tuple),
    ),
    findings=st.lists(findings, max_size=3).map(tuple),
    pdf=st.none() | st.builds(
        PdfBasis, xml_text, xml_text, st.none() | instants, st.lists(files, max_size=2).map(tuple)
    ),
)  # fmt: skip


@given(reports)
def test_a_report_is_sealed_without_being_parsed_as_it_is_when_parsed(facts: ReportFacts) -> None:
    report, signer = write_report(facts), pki().gateway.signer
    assert countersign_canonical(report, REPORT_ID, signer, NOW) == countersign(report, signer, NOW)


@given(reports)
def test_a_report_equals_its_exclusive_canonical_form(facts: ReportFacts) -> None:
    written = write_report(facts)
    assert etree.tostring(etree.fromstring(written), method="c14n", exclusive=True) == written


@given(reports)
def test_a_report_is_read_as_written(facts: ReportFacts) -> None:
    assert read_report(write_report(facts)) == facts


@pytest.mark.parametrize("facts", [FACTS, BARE])
def test_a_report_follows_its_schema_sealed_or_not(facts: ReportFacts) -> None:
    schema = etree.XMLSchema(file=SCHEMA)
    schema.assertValid(etree.fromstring(write_report(facts)))
    sealed = countersign(write_report(facts), pki().gateway.signer, NOW)
    schema.assertValid(etree.fromstring(sealed))
    assert read_report(verify_countersigned(sealed, pki().gateway.der)) == facts


@pytest.mark.oracle
def test_xmlsec1_verifies_the_seal_of_a_report_and_no_changed_one(tmp_path: Path) -> None:
    sealed = countersign(write_report(FACTS), pki().gateway.signer, NOW)
    certificate = tmp_path / "gateway.pem"
    certificate.write_bytes(pki().gateway.pem)
    command = [str(require("xmlsec1")), "--verify", "--enabled-key-data", "key-name", "--pubkey-cert-pem"]
    command += [str(certificate), "--id-attr:Id", "urn:vn:truc:examination:1:ExaminationReport"]
    command += ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", str(tmp_path / "report.xml")]
    for document, holds in ((sealed, True), (sealed.replace(b"admitted", b"refused"), False)):
        (tmp_path / "report.xml").write_bytes(document)
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (answer.returncode == 0) is holds, answer.stderr


@pytest.mark.parametrize("facts", [FACTS, BARE])
def test_a_changed_byte_is_another_report_or_none(facts: ReportFacts) -> None:
    written = write_report(facts)
    for place in range(len(written)):
        for byte in {written[place] ^ 1, 0x3C, 0x26, 0xFF} - {written[place]}:
            changed = written[:place] + bytes([byte]) + written[place + 1 :]
            try:
                read = read_report(changed)
            except ProofError as refusal:
                assert refusal.fault is Fault.REPORT_FORM
            else:
                assert write_report(read) == changed and read != facts


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_a_report(data: bytes) -> None:
    for document in (data, write_report(FACTS) + data, data + write_report(FACTS)):
        if document != write_report(FACTS):
            with pytest.raises(ProofError) as refusal:
                read_report(document)
            assert refusal.value.fault is Fault.REPORT_FORM


def test_a_report_nobody_would_write_is_refused() -> None:
    deep = b'<ExaminationReport xmlns="urn:vn:truc:examination:1" Id="examination">' + b"<a>" * 99_999
    for document in (deep, bytes(REPORT_BYTES_MAX + 1), write_report(FACTS).replace(b"<Peer>", b"<Peer><!--x-->")):
        with pytest.raises(ProofError) as refusal:
            read_report(document)
        assert refusal.value.fault is Fault.REPORT_FORM


def test_text_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(ProofError) as refusal:
        write_report(replace(FACTS, peer="\x00"))
    assert refusal.value.fault is Fault.REPORT_FORM
