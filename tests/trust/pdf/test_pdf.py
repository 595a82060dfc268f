"""Signatures in PDFs: what is right is found right, and every way to be wrong is found for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.fields import MDPPerm

from gateway.model.pdf import (
    ByteFault,
    LaterChange,
    PathFault,
    PdfFault,
    PdfReport,
    PdfRole,
    Revocation,
    SignatureFault,
    TimeSource,
    Validity,
)
from gateway.model.reasons import Reason
from gateway.model.refusal import Severity
from gateway.trust.chains import Chains
from gateway.trust.pdf import PdfKnown, verify_pdf
from gateway.trust.pdf_findings import STRICT, TRANSITION, findings_of
from gateway.trust.revocation import RevocationSnapshot
from tests.pki import DAY, NOW
from tests.trust.pdf import papers
from tests.trust.pdf.papers import EXPECTED, HOUR, SIGNER_NAME, YEAR, World, key, known, paper, sign, stamp, world


@pytest.fixture(scope="module")
def the() -> World:
    return world()


@pytest.fixture(scope="module")
def signed(the: World) -> bytes:
    """Person, then agency: as it should be."""
    return sign(sign(paper(), the.person), the.agency, NOW - DAY + HOUR)


def reasons(report: PdfReport, facts: PdfKnown) -> list[str]:
    """The codes found, with the fault where a reason has several."""
    findings = findings_of(report, facts.expected, name="a.pdf", severities=STRICT)
    for finding in findings:  # every sentence can be said, in both languages
        assert finding.detail("vi")
        assert finding.detail("en")
    return [":".join([one.reason, *filter(None, [dict(one.values).get("fault")])]) for one in findings]


def verified(data: bytes, facts: PdfKnown) -> tuple[PdfReport, list[str]]:
    report = verify_pdf(data, facts)
    return report, reasons(report, facts)


def test_a_person_then_an_agency_is_as_it_should_be(the: World, signed: bytes) -> None:
    report, found = verified(signed, known(the))
    assert found == []
    person, agency = report.signatures
    assert (person.role, person.signer, person.matches) == (PdfRole.PERSON, SIGNER_NAME, True)
    assert (agency.role, agency.matches) == (PdfRole.AGENCY, True)
    for one in report.signatures:
        assert one.intact
        assert one.valid
        assert one.trusted_by == "government"
        assert one.revocation is Revocation.GOOD
        assert one.time_source is TimeSource.SIGNING_TIME
    assert person.signed_at == NOW - DAY
    assert (person.later_change, agency.later_change) == (LaterChange.SIGNATURES, LaterChange.NONE)
    assert agency.covers_whole_file
    assert not person.covers_whole_file


def test_a_file_on_disk_is_verified_like_its_bytes(the: World, signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(signed)
    facts = known(the)
    assert verify_pdf(path, facts) == verify_pdf(signed, facts)
    small = replace(facts, limits=replace(facts.limits, bytes_max=1000))
    assert verify_pdf(path, small).fault is PdfFault.BYTES
    assert verify_pdf(signed, small).fault is PdfFault.BYTES


def test_a_company_under_the_national_root_is_trusted_by_it(the: World) -> None:
    report, found = verified(sign(paper(), the.company), known(the))
    assert report.signatures[0].trusted_by == "national"
    assert report.signatures[0].role is PdfRole.AGENCY
    assert found == ["pdf.agency_mismatch", "pdf.signature_missing:person"]


def test_the_directorys_own_certificate_is_the_agencys_whatever_its_name(the: World) -> None:
    holder = the.government.issue("Con dấu số 7", 5)
    agency = replace(papers.SENDER, certificates=(holder.der,))
    expected = replace(EXPECTED, agencies=(agency,))
    report, found = verified(sign(sign(paper(), the.person), holder), known(the, expected=expected))
    assert found == []
    assert report.signatures[1].matches is True


@pytest.mark.parametrize("field", [NameOID.SERIAL_NUMBER, NameOID.USER_ID])
def test_an_identifier_in_the_subject_names_the_agency(the: World, field: object) -> None:
    written = "MNS:000.00.00.H29" if field == NameOID.USER_ID else "H29.1"
    holder = the.government.issue({NameOID.COMMON_NAME: "Con dấu", field: written}, 5)
    report, _ = verified(sign(paper(), holder), known(the))
    if field == NameOID.SERIAL_NUMBER:
        assert report.signatures[0].matches is True
    else:
        assert report.signatures[0].role is PdfRole.AGENCY


def test_a_page_added_after_signing_is_a_change(the: World, signed: bytes) -> None:
    report, found = verified(papers.append_page(signed), known(the))
    assert {one.later_change for one in report.signatures} == {LaterChange.OTHER}
    assert found == ["pdf.changed_after_signing:appended"] * 2


def test_bytes_after_the_end_of_the_file_are_a_change(the: World, signed: bytes) -> None:
    report, found = verified(signed + b"PK\x03\x04 a file of another program", known(the))
    assert report.signatures[1].intact
    assert found == ["pdf.changed_after_signing:appended"] * 2


def test_a_byte_changed_inside_is_found_in_every_signature_over_it(the: World, signed: bytes) -> None:
    report, found = verified(signed.replace(b"Quyet dinh", b"Quyet dinH"), known(the))
    assert {one.byte_fault for one in report.signatures} == {ByteFault.DIGEST}
    assert all(one.valid for one in report.signatures)
    assert found == ["pdf.changed_after_signing:digest"] * 2


def test_a_byte_range_that_leaves_out_more_than_the_signature_is_refused(the: World) -> None:
    one = sign(paper(), the.person)
    start = one.index(b"/ByteRange [") + len(b"/ByteRange [")
    end = one.index(b"]", start)
    length, resume, rest = (int(number) for number in one[start:end].split()[1:])
    for numbers in ((0, length - 9, resume, rest), (9, length - 9, resume, rest), (0, length, resume + 9, rest - 9)):
        changed = " ".join(map(str, numbers)).ljust(end - start).encode()
        report, found = verified(one[:start] + changed[: end - start] + one[end:], known(the))
        assert report.signatures[0].byte_fault is ByteFault.RANGE
        assert "pdf.changed_after_signing:range" in found


def test_a_right_digest_under_a_wrong_value_is_invalid_and_alone_so(the: World, signed: bytes) -> None:
    report, found = verified(papers.break_value(signed, 0), known(the))
    first, second = report.signatures
    assert (first.intact, first.signature_fault) == (True, SignatureFault.VALUE)
    assert (second.byte_fault, second.valid) == (ByteFault.DIGEST, True)
    assert found == ["pdf.signature_invalid:value", "pdf.changed_after_signing:digest"]


def test_one_bad_signature_of_three_is_the_one_that_is_told(the: World) -> None:
    """The field's own packet: the first has the right digest and a value its key did not make, the others hold."""
    first = papers.break_value(sign(paper(), the.person), 0)
    third = sign(sign(first, the.person, NOW - HOUR), the.agency, NOW - HOUR)
    report, found = verified(third, known(the))
    assert [one.valid for one in report.signatures] == [False, True, True]
    assert [one.intact for one in report.signatures] == [True, True, True]
    assert found == ["pdf.signature_invalid:value"]


def test_only_one_of_the_two_is_told_for_the_document_and_not_for_an_annex(the: World) -> None:
    annex = known(the, expected=replace(EXPECTED, is_main=False))
    for holder, fault in ((the.agency, "person"), (the.person, "agency")):
        data = sign(paper(), holder)
        assert verified(data, known(the))[1] == [f"pdf.signature_missing:{fault}"]
        assert verified(data, annex)[1] == []


def test_expired_now_valid_then_counts_with_a_time_stamp_and_warns_without(the: World) -> None:
    ended = the.government.issue({NameOID.COMMON_NAME: SIGNER_NAME, NameOID.TITLE: "Chủ tịch"}, ends_at=NOW - 30 * DAY)
    then = NOW - 60 * DAY
    facts = known(the, snapshot=the.snapshot(NOW - 31 * DAY, days=40))
    report, found = verified(sign(paper(), ended, then, stamped=the.stamping), facts)
    assert report.signatures[0].time_source is TimeSource.TIME_STAMP
    assert report.signatures[0].signed_at == then
    assert report.signatures[0].validity is Validity.VALID
    assert report.signatures[0].revocation is Revocation.GOOD
    assert "pdf.expired_since" not in found
    report, found = verified(sign(paper(), ended, then), facts)
    assert report.signatures[0].validity is Validity.EXPIRED_SINCE
    assert found[0] == "pdf.expired_since"
    assert STRICT[Reason.PDF_EXPIRED_SINCE] is Severity.WARN


def test_a_list_made_after_a_certificate_expired_says_nothing_of_it(the: World) -> None:
    """Authorities drop expired certificates from their lists: not being on one is no proof then."""
    ended = the.government.issue(SIGNER_NAME, ends_at=NOW - 30 * DAY)
    report, found = verified(sign(paper(), ended, NOW - 60 * DAY, stamped=the.stamping), known(the))
    assert report.signatures[0].revocation is Revocation.UNKNOWN
    assert "pdf.revocation_unknown" in found


@pytest.mark.parametrize("at", [NOW - 2 * YEAR, NOW - 10 * DAY])
def test_a_certificate_not_valid_when_it_signed_is_refused(the: World, at: object) -> None:
    holder = the.government.issue(SIGNER_NAME, starts_at=NOW - YEAR, ends_at=NOW - 30 * DAY)
    report, found = verified(sign(paper(), holder, at), known(the))
    assert report.signatures[0].validity is Validity.NOT_THEN
    assert "pdf.certificate_validity" in found


def test_a_time_stamp_over_the_document_proves_what_is_under_it() -> None:
    the = world()
    ended = the.government.issue(SIGNER_NAME, ends_at=NOW - 30 * DAY)
    data = stamp(sign(paper(), ended, NOW - 60 * DAY), the.stamping, NOW - 59 * DAY)
    report, _ = verified(data, known(the))
    assert len(report.signatures) == 1
    assert report.signatures[0].time_source is TimeSource.TIME_STAMP
    assert report.signatures[0].signed_at == NOW - 59 * DAY
    assert report.signatures[0].later_change is LaterChange.SIGNATURES


def test_without_any_time_the_arrival_counts(the: World) -> None:
    data = sign(paper(), the.person, pades=True)
    nameless = data.replace(b"/M (D", b"/N (D")  # breaks the digest, but not what is asked here
    report, _ = verified(nameless, known(the))
    assert report.signatures[0].time_source is TimeSource.ARRIVAL
    assert report.signatures[0].signed_at == NOW


def test_a_signing_time_in_the_future_is_told(the: World) -> None:
    _, found = verified(sign(paper(), the.person, NOW + HOUR), known(the))
    assert "pdf.signing_time:future" in found


def test_a_time_stamp_by_a_stranger_proves_nothing_and_is_told(the: World) -> None:
    stranger = the.unknown_root.issue("TSA", 6, extended=[ExtendedKeyUsageOID.TIME_STAMPING])
    not_for_it = the.government.issue("TSA", 6)
    for holder in (stranger, not_for_it):
        report, found = verified(sign(paper(), the.person, stamped=holder), known(the))
        assert report.signatures[0].stamp_refused
        assert report.signatures[0].time_source is TimeSource.SIGNING_TIME
        assert "pdf.signing_time:stamp" in found


def test_a_time_stamp_of_another_signature_proves_nothing(the: World) -> None:
    """The unsigned attribute is not under the signature: a stamp can be carried over from elsewhere."""
    data = sign(paper(), the.person, stamped=the.stamping)
    begin, end = papers.signature_values(data)[0]
    from asn1crypto import cms, core

    content = cms.ContentInfo.load(bytes.fromhex(data[begin:end].decode()))
    info = content["content"]["signer_infos"][0]
    stamped = info["unsigned_attrs"][0]["values"][0]["content"]["encap_content_info"]
    facts = stamped["content"].parsed.copy()
    facts["message_imprint"]["hashed_message"] = bytes(32)
    stamped["content"] = core.ParsableOctetString(facts.dump())
    changed = content.dump(force=True).hex().encode().ljust(end - begin, b"0")
    report, found = verified(data[:begin] + changed + data[end:], known(the))
    assert report.signatures[0].valid
    assert report.signatures[0].stamp_refused
    assert "pdf.signing_time:stamp" in found


def test_a_revoked_certificate_is_refused_unless_a_time_stamp_proves_it_signed_before() -> None:
    the = world()
    the.government.revoke(the.person, NOW - 2 * DAY)
    facts = known(the)
    before = NOW - 3 * DAY
    report, found = verified(sign(sign(paper(), the.person, NOW - DAY), the.agency), facts)
    assert report.signatures[0].revocation is Revocation.REVOKED
    assert report.signatures[0].revoked_at == NOW - 2 * DAY
    assert report.signatures[1].revocation is Revocation.GOOD
    assert found == ["pdf.revoked"]
    assert "pdf.revoked" in verified(sign(paper(), the.person, before), facts)[1]  # a claim is no proof
    assert "pdf.revoked" not in verified(sign(paper(), the.person, before, stamped=the.stamping), facts)[1]


def test_a_revoked_authority_takes_its_certificates_with_it() -> None:
    the = world()
    the.government_root.revoke(the.government, NOW - 2 * DAY)
    report, _ = verified(sign(paper(), the.person), known(the))
    assert report.signatures[0].revocation is Revocation.REVOKED


def test_a_leaf_known_to_be_revoked_is_told_although_its_authority_is_unknown() -> None:
    the = world()
    the.government.revoke(the.person, NOW - 2 * DAY)
    facts = known(the, snapshot=papers.snapshot_of(NOW, the.government.crl()))
    assert verify_pdf(sign(paper(), the.person), facts).signatures[0].revocation is Revocation.REVOKED


def test_an_answer_of_the_responder_counts_as_a_list_does() -> None:
    the = world()
    lists = (the.government_root.crl(),)
    holder = the.government.issue(SIGNER_NAME, crl_url=None, ocsp_url=papers.OCSP_URL)
    for revoked_at, expected in ((None, Revocation.GOOD), (NOW - DAY, Revocation.REVOKED)):
        if revoked_at:
            the.government.revoke(holder, revoked_at)
        snapshot = papers.snapshot_of(NOW, *lists, ocsps=[the.government.ocsp(holder)])
        report = verify_pdf(sign(paper(), holder), known(the, snapshot=snapshot))
        assert report.signatures[0].revocation is expected


@pytest.mark.parametrize("case", ["nothing", "stale", "not yet", "of another", "garbage", "only the leaf's"])
def test_unknown_revocation_is_unknown_and_never_good(the: World, signed: bytes, case: str) -> None:
    root, issuer = the.government_root, the.government
    stranger = papers.Authority(the.unknown_root.certificate, the.unknown_root.key)
    forged = papers.Authority(issuer.certificate, stranger.key)
    snapshot = {
        "nothing": RevocationSnapshot(),
        "stale": the.snapshot(NOW - 30 * DAY),
        "not yet": the.snapshot(NOW + 30 * DAY),
        "of another": papers.snapshot_of(NOW, root.crl(), forged.crl(), stranger.crl()),
        "garbage": papers.snapshot_of(NOW, b"0\x82garbage", ocsps=[b"garbage"]),
        "only the leaf's": papers.snapshot_of(NOW, issuer.crl()),
    }[case]
    facts = known(the, snapshot=snapshot)
    report, found = verified(signed, facts)
    assert {one.revocation for one in report.signatures} == {Revocation.UNKNOWN}
    assert found == ["pdf.revocation_unknown"] * 2
    assert all(one.severity is Severity.WARN for one in findings_of(report, EXPECTED, severities=STRICT))


def test_an_unknown_root_is_not_trusted(the: World) -> None:
    holder = the.unknown_root.issue(SIGNER_NAME)
    report, found = verified(sign(paper(), holder), known(the))
    assert report.signatures[0].path_fault is PathFault.UNKNOWN_ROOT
    assert not report.signatures[0].trusted
    assert "pdf.signature_untrusted:unknown_root" in found
    assert "pdf.revocation_unknown" not in found  # of a stranger there is nothing more to say


def test_an_authority_that_is_configured_need_not_be_embedded_and_one_embedded_need_not_be_configured(
    the: World,
) -> None:
    bare = sign(paper(), papers.Holder(the.person.certificate, the.person.key))
    assert verify_pdf(bare, known(the)).signatures[0].trusted
    roots = [replace(store, intermediates=()) for store in the.stores]
    assert not verify_pdf(bare, known(the, chains=Chains(roots))).signatures[0].trusted
    assert verify_pdf(sign(paper(), the.person), known(the, chains=Chains(roots))).signatures[0].trusted


BAD_CERTIFICATES: dict[str, tuple[Callable[[World], papers.Holder], str]] = {
    "wrong usage": (lambda the: the.government.issue(SIGNER_NAME, signs=False), "pdf.signature_untrusted:usage"),
    "for servers": (
        lambda the: the.government.issue(
            SIGNER_NAME, signs=False, extended=[ExtendedKeyUsageOID.SERVER_AUTH]
        ), "pdf.signature_untrusted:usage",
    ),
    "weak key": (lambda the: the.government.issue(SIGNER_NAME, -1), "pdf.signature_invalid:algorithm"),
    "self-signed": (
        lambda the: papers.Holder(papers.certificate(SIGNER_NAME, key(1), None), key(1)),
        "pdf.signature_untrusted:unknown_root",
    ),
    "forged": (
        lambda the: papers.Holder(
            papers.certificate(SIGNER_NAME, key(1), the.government, issuer_key=key(4)), key(1), the.government
        ), "pdf.signature_untrusted:broken",
    ),
    "issued by a person": (
        lambda the: papers.Authority(the.person.certificate, the.person.key, the.government).issue(SIGNER_NAME, 7),
        "pdf.signature_untrusted:unknown_root",
    ),
    "below an authority that may have none below": (
        lambda the: the.government.authority("Cấp 2", 7, path_length=0).authority("Cấp 3", 8).issue(SIGNER_NAME),
        "pdf.signature_untrusted",
    ),
    "signed with SHA-1": (
        lambda the: papers.sha1_signed(the.government.issue(SIGNER_NAME)), "pdf.signature_untrusted:weak",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CERTIFICATES)
def test_a_certificate_that_is_not_in_order_is_refused(the: World, name: str) -> None:
    make, reason = BAD_CERTIFICATES[name]
    holder = make(the)
    embed = [holder.issuer.issuer] if holder.issuer and holder.issuer.issuer else []
    _, found = verified(sign(paper(), holder, embed=embed), known(the))
    assert any(one.startswith(reason) for one in found), found
    assert STRICT[Reason(reason.split(":")[0])] is Severity.REFUSE


def test_a_long_chain_and_a_looping_one_end(the: World) -> None:
    authority = the.government
    between = []
    for number in range(12):
        authority = authority.authority(f"Cấp {number}")
        between.append(authority)
    report = verify_pdf(sign(paper(), authority.issue(SIGNER_NAME), embed=between), known(the))
    assert report.signatures[0].trusted
    a = papers.Authority(papers.certificate("A", key(2), None, authority=True), key(2))
    loop = [a]
    for number in range(8):
        for issuer in list(loop)[-3:]:
            loop.append(issuer.authority("A" if number % 2 else "B"))
    report = verify_pdf(sign(paper(), loop[-1].issue(SIGNER_NAME), embed=loop), known(the))
    assert report.signatures[0].path_fault is PathFault.UNKNOWN_ROOT


def test_a_certified_document_that_allows_no_change_is_changed_by_a_signature(the: World) -> None:
    closed = sign(sign(paper(), the.person, certify=MDPPerm.NO_CHANGES), the.agency)
    assert verified(closed, known(the))[1] == ["pdf.changed_after_signing:appended"]
    open_ = sign(sign(paper(), the.person, certify=MDPPerm.FILL_FORMS), the.agency)
    assert verified(open_, known(the))[1] == []


def test_a_visible_signature_is_a_signature(the: World) -> None:
    data = sign(sign(paper(), the.person, box=(10, 10, 90, 60)), the.agency, box=(50, 10, 130, 90))
    assert verified(data, known(the))[1] == []


def test_a_broken_signature_among_good_ones_breaks_only_itself(the: World, signed: bytes) -> None:
    begin, end = papers.signature_values(signed)[1]
    report, found = verified(signed[:begin] + b"00" * ((end - begin) // 2) + signed[end:], known(the))
    assert [one.signature_fault for one in report.signatures] == [None, SignatureFault.STRUCTURE]
    assert "pdf.signature_invalid:structure" in found


def test_a_kind_of_signature_nobody_should_use_is_broken(the: World) -> None:
    data = sign(paper(), the.person).replace(b"/adbe.pkcs7.detached", b"/adbe.x509.rsa_sha1_")
    report = verify_pdf(data, known(the))
    assert report.signatures[0].signature_fault is SignatureFault.STRUCTURE


def test_transition_warns_of_everything_and_strict_refuses_what_is_broken(the: World, signed: bytes) -> None:
    assert set(STRICT) == set(TRANSITION) == {reason for reason in Reason if reason.startswith("pdf.")}
    assert set(TRANSITION.values()) == {Severity.WARN}
    report = verify_pdf(signed.replace(b"Quyet dinh", b"Quyet dinH"), known(the))
    assert {one.severity for one in findings_of(report, EXPECTED)} == {Severity.WARN}
    assert {one.severity for one in findings_of(report, EXPECTED, severities=STRICT)} == {Severity.REFUSE}
