"""Packets, refusals and identifiers as values."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.dispatch import new_id
from gateway.model.packet import Business, BusinessType, Document, Organ, Replacement, ResponseFor, packet_digest
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Refused, Severity, Unavailable, found

FROM = Organ("G22")


def test_the_packet_digest_can_be_rebuilt_with_sha256sum(tmp_path: Path) -> None:
    skeleton, part = b"<edXML/>", hashlib.sha256(b"scan").hexdigest()
    (tmp_path / "skeleton").write_bytes(skeleton)
    script = (
        'printf "truc-packet-v1\\nenvelope %s\\nattachment %s %d\\n" '
        f'"$(sha256sum < skeleton | cut -c1-64)" {part} 4 | sha256sum'
    )
    said = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert packet_digest(skeleton, [(part, 4)]) == said.split()[0]


@given(st.binary(max_size=40), st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 9)), max_size=3))
def test_packets_that_differ_anywhere_differ_in_digest(skeleton: bytes, parts: list[tuple[bytes, int]]) -> None:
    named = [(hashlib.sha256(one).hexdigest(), size) for one, size in parts]
    digest = packet_digest(skeleton, named)
    assert digest != packet_digest(skeleton + b" ", named)
    assert digest != packet_digest(skeleton, [*named, ("0" * 64, 0)])
    if len(named) > 1 and named != named[::-1]:
        assert digest != packet_digest(skeleton, named[::-1])


@pytest.mark.parametrize(
    ("business", "target"),
    [
        (None, None),
        (Business(BusinessType.NEW, document_id="x"), None),
        (Business(BusinessType.UPDATE, document_id="in the block"), "in the block"),
        (Business(BusinessType.REPLACE, replacements=(Replacement("the old one"),)), "the old one"),
        (Business(BusinessType.RECALL), "answered"),
    ],
)
def test_the_target_of_a_change_is_found_where_the_field_puts_it(business: Business | None, target: str | None) -> None:
    answered = (ResponseFor(), ResponseFor(document_id="answered"))
    assert Document(FROM, (), "own", response_for=answered, business=business).change_target == target


def test_a_change_that_names_nothing_else_is_about_its_own_id() -> None:
    assert Document(FROM, (), "own", business=Business(BusinessType.UPDATE)).change_target == "own"


@given(st.lists(st.sampled_from(Reason), min_size=1))
def test_of_several_faults_the_one_declared_first_names_the_refusal(reasons: list[Reason]) -> None:
    refused = Refused(*(Finding(reason, values=(("detail_en", "x"),)) for reason in reasons))
    assert refused.reason is min(reasons, key=list(Reason).index)
    assert len(refused.findings) == len(reasons)


def test_reasons_are_declared_step_by_step() -> None:
    steps = [reason.step for reason in Reason]
    assert steps == sorted(steps)


def test_only_a_transient_reason_can_be_unavailable() -> None:
    assert Unavailable(Reason.DISK_FULL).reason.transient
    with pytest.raises(AssertionError):
        Unavailable(Reason.FORM_SCHEMA)


def test_a_finding_explains_itself_in_both_languages() -> None:
    one = found(Reason.FORM_DATE, "/x", 3, written="2014/02/30", fault="no_such_day")
    assert one.severity is Severity.REFUSE
    assert "2014/02/30" in one.detail("vi") and "2014/02/30" in one.detail("en")
    assert one.detail("vi") != one.detail("en")


@given(st.integers(0, 2**47), st.integers(0, 2**47), st.binary(min_size=10, max_size=10))
def test_identifiers_sort_by_time(first: int, second: int, chance: bytes) -> None:
    one, other = new_id(first, chance), new_id(second, chance)
    assert len(one) == 26
    assert (one < other) is (first < second)


def test_two_identifiers_of_one_instant_differ() -> None:
    assert new_id(1) != new_id(1)
