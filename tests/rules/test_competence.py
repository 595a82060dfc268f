"""Competence: each type and each capacity, lawful and not; what policies make of it; and what never happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.agency import Agency, AgencyKind, PolicyName, Regime
from gateway.model.packet import BusinessType, Document, DocumentType, Signer, Status
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Severity
from gateway.model.signers import Capacity, Delegation, Rank
from gateway.model.signers import Signer as Enrolled
from gateway.rules import examine
from gateway.rules.authority_table import Group, chain_of, fold, shipped_table
from gateway.rules.competence import check_competence
from gateway.rules.policy import OBSERVE, STRICT, TRANSITION, Policy, policy_of
from tests.vectors.authority import Vector
from tests.vectors.competence import COMMITTEE, DEPARTMENT, MINISTRY, PEER, VECTORS, day, document, known
from tests.vectors.packets import RECALL, STATUS

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TABLE = shipped_table()


def check(content: Document | Status, agency: Agency | None = MINISTRY, policy: Policy = STRICT) -> list[Finding]:
    return list(check_competence(content, agency, TABLE, policy, NOW))


def said(content: Document | Status, agency: Agency | None = MINISTRY) -> list[tuple[Reason, str, Severity]]:
    return [(one.reason, dict(one.values)["fault"], one.severity) for one in check(content, agency)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one.reason or 'admitted'}: {one.name}")
def test_a_sealed_packet_is_refused_for_who_issued_or_signed_it_and_nothing_else(vector: Vector) -> None:
    """Some capacities break a rule of form too: it sees the words of the packet, not who stands behind them."""
    report = examine(vector.received(), PEER, known())
    refused = {one.reason for one in report.findings if one.severity is Severity.REFUSE}
    assert refused - {Reason.FORM_RULE} == ({vector.reason} if vector.reason else set())
    assert report.admitted is (vector.reason is None)


@pytest.mark.parametrize("vector", [one for one in VECTORS if one.reason], ids=lambda one: one.name)
def test_a_finding_says_in_both_languages_what_is_wrong_and_by_which_law(vector: Vector) -> None:
    agency = known().directory.agency(vector.content.sender.id)
    for finding in check(vector.content, agency):
        assert finding.place.path.startswith("/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/")
        for lang in ("vi", "en"):
            assert finding.detail(lang).endswith(").") and "{" not in finding.detail(lang)
            assert finding.hint(lang)
        assert any(law in finding.detail("vi") for law in ("Nghị định 30/2020/NĐ-CP", "Luật", "Quy định 66"))


@pytest.mark.parametrize("vector", [one for one in VECTORS if one.reason], ids=lambda one: one.name)
def test_transition_and_observe_warn_of_what_strict_refuses(vector: Vector) -> None:
    agency = known().directory.agency(vector.content.sender.id)
    for policy in (TRANSITION, OBSERVE):
        found = check(vector.content, agency, policy)
        assert vector.reason in {one.reason for one in found}
        assert {one.severity for one in found} == {Severity.WARN}


def test_an_agency_that_enrolled_nobody_is_warned_and_a_policy_may_refuse_it() -> None:
    letter = document(DEPARTMENT, "Công văn", None, "Giám đốc", "Lê Văn An")
    unknown = Reason.AUTHORITY_SIGNER_UNKNOWN
    assert said(letter, DEPARTMENT) == [(unknown, "not_enrolled", Severity.WARN)]
    hard = Policy("strict", rules={"authority.signer_unknown.not_enrolled": Severity.REFUSE})
    assert [one.severity for one in check(letter, DEPARTMENT, hard)] == [Severity.REFUSE]


def test_an_agency_of_no_declared_kind_is_warned_only_of_legal_documents() -> None:
    unknown = replace(MINISTRY, kinds=())
    head = (None, "Bộ trưởng", "Phạm Thị Lan")
    assert said(document(unknown, "Công văn", *head), unknown) == []
    assert said(document(unknown, "Nghị định", *head, code="1/2026/NĐ-CP"), unknown) == [
        (Reason.AUTHORITY_NOT_COMPETENT_TYPE, "undeclared", Severity.WARN)
    ]


def test_who_sends_for_several_bodies_may_issue_what_any_of_them_may() -> None:
    office = replace(MINISTRY, kinds=(AgencyKind.MINISTRY, AgencyKind.GOVERNMENT), signers=())
    decree = document(office, "Nghị định", "TM. CHÍNH PHỦ", "Thủ tướng", "Nguyễn Văn A", code="1/2026/NĐ-CP")
    assert {one.severity for one in check(decree, office)} == {Severity.WARN}
    assert Reason.AUTHORITY_CAPACITY not in {one.reason for one in check(decree, office)}


def test_the_declared_regime_counts_over_the_kinds() -> None:
    own = document(COMMITTEE, "Quyết định", None, "Chủ tịch", "Hồ Văn Chủ")
    assert said(own, COMMITTEE) == []
    collective = replace(COMMITTEE, regime=Regime.COLLECTIVE)
    assert said(own, collective) == [(Reason.AUTHORITY_CAPACITY, "one_man", Severity.REFUSE)]


@pytest.mark.parametrize("mark", ["TL. BỘ TRƯỞNG", "TUQ. BỘ TRƯỞNG"])
def test_a_legal_document_signed_by_order_or_mandate_is_told(mark: str) -> None:
    signers = (Enrolled("Lê Thị Hoa", "Chánh Văn phòng", Rank.UNIT_HEAD),)
    leave = tuple(
        Delegation(one, "Lê Thị Hoa", "1/QĐ", ("Thông tư",), Period(None, day("2030-01-01")))
        for one in (Capacity.ORDER, Capacity.MANDATE)
    )
    office = replace(MINISTRY, signers=signers, delegations=leave)
    circular = document(office, "Thông tư", mark, "Chánh Văn phòng", "Lê Thị Hoa", code="1/2026/TT-BMT")
    assert said(circular, office) == [(Reason.AUTHORITY_CAPACITY, "legal", Severity.WARN)]


@pytest.mark.parametrize("lacking", [{"types": ()}, {"period": Period()}])
def test_a_mandate_without_a_limit_is_none(lacking: dict[str, object]) -> None:
    letter = document(MINISTRY, "Công văn", "TUQ. BỘ TRƯỞNG", "Vụ trưởng", "Đỗ Văn Nam")
    leave = tuple(replace(one, **lacking) if one.capacity is Capacity.MANDATE else one for one in MINISTRY.delegations)
    assert Reason.AUTHORITY_DELEGATION not in {one.reason for one in check(letter)}
    assert Reason.AUTHORITY_DELEGATION in {one.reason for one in check(letter, replace(MINISTRY, delegations=leave))}


def test_a_deputy_whose_leave_was_enrolled_keeps_within_it() -> None:
    letter = document(MINISTRY, "Công văn", "KT. BỘ TRƯỞNG", "Thứ trưởng", "Nguyễn Văn Ánh")
    assert said(letter) == []
    limited = replace(MINISTRY, delegations=(Delegation(Capacity.DEPUTY, "Nguyễn Văn Ánh", "9/QĐ", ("Báo cáo",)),))
    assert said(letter, limited) == [(Reason.AUTHORITY_DELEGATION, "none", Severity.REFUSE)]


def test_another_position_than_the_enrolled_one_is_told() -> None:
    letter = document(MINISTRY, "Công văn", "KT. BỘ TRƯỞNG", "Tổng cục trưởng", "Nguyễn Văn Ánh")
    assert said(letter) == [(Reason.AUTHORITY_SIGNER_UNKNOWN, "other_position", Severity.WARN)]


def test_names_are_compared_as_people_read_them() -> None:
    letter = document(MINISTRY, "công  văn", "KT. BỘ TRƯỞNG", "THỨ TRƯỞNG", "NGUYỄN VĂN A\u0301NH")
    assert said(letter) == []


def test_what_bears_no_signer_is_left_to_the_rules_of_form() -> None:
    assert said(STATUS) == [] == said(STATUS, None)
    assert RECALL.business_type is BusinessType.RECALL and said(RECALL) == []
    unsigned = replace(document(MINISTRY, "Công văn", None, "", ""), signer=Signer(), document_type=DocumentType())
    assert said(unsigned) == []


@pytest.mark.parametrize(
    ("written", "chain"),
    [
        ("", "head"),
        ("BỘ TRƯỞNG", "head"),
        ("TM. ỦY BAN NHÂN DÂN", "collective"),
        ("TM.ỦY BAN NHÂN DÂN\nKT.CHỦ TỊCH", "collective deputy"),
        ("KT. CHỦ TỊCH UBND Q.1", "deputy"),
        ("Q. CHỦ TỊCH", "acting"),
        ("T/M BAN THƯỜNG VỤ", "collective"),
        ("T/L CHÁNH VĂN PHÒNG", "order"),
        ("TUQ. CHỦ TỊCH", "mandate"),
        ("tl. bộ trưởng, kt. chánh văn phòng", "order deputy"),
        ("CHỦ TỊCH UBND TP. HỒ CHÍ MINH", "head"),
    ],
)
def test_a_capacity_is_read_as_it_is_written(written: str, chain: str) -> None:
    assert " ".join(chain_of(written)) == chain


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40), st.text(max_size=40), st.text(max_size=12))
def test_any_words_give_findings_and_never_a_fault(
    name: str, competence: str, position: str, full_name: str, on: str
) -> None:
    letter = document(MINISTRY, name, competence, position, full_name, on=on)
    for finding in check(letter):
        assert finding.reason.step == 4 and all(finding.detail(lang).isprintable() for lang in ("vi", "en"))


@given(st.sampled_from(AgencyKind), st.sampled_from(sorted(TABLE.types)), st.dates(datetime(2021, 1, 1).date()))
def test_a_kind_may_issue_exactly_what_its_rows_say(kind: AgencyKind, name: str, on: object) -> None:
    agency = Agency("G01", "Cơ quan", ("G01",), kinds=(kind,))
    row, typed = TABLE.kinds[kind], TABLE.types[name]
    letter = document(agency, typed.name, None, "", "", on=f"{on:%Y/%m/%d}")
    refused = Reason.AUTHORITY_NOT_COMPETENT_TYPE in {one.reason for one in check(letter, agency)}
    groups = typed.groups - {Group.LEGAL} or typed.groups
    issues = [issue for group in groups for issue in row.issues.get((name, group), ())]
    assert refused is not (Group.FREE in groups or any(issue.covers(on) for issue in issues))  # type: ignore[arg-type]


@given(st.sampled_from(PolicyName), st.none() | st.sampled_from(PolicyName))
def test_of_the_peers_and_the_senders_policy_the_stricter_counts(own: PolicyName, senders: PolicyName) -> None:
    from_peer, agency = replace(PEER, policy=own), replace(MINISTRY, policy=senders)
    order = list(PolicyName)
    assert policy_of(from_peer, agency).name == min(filter(None, (own, senders)), key=order.index)


@given(st.text(max_size=40))
def test_folding_is_idempotent(name: str) -> None:
    assert fold(fold(name)) == fold(name)
