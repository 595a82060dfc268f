"""Asking for a place in the directory: within one's own branch alone, and nothing is changed by asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.exchange.registration import check_deletion, check_registration
from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from tests.pki import NOW

HUB = Peer("tinh", "Trục của tỉnh", (Grant("H29", subtree=True),))
OTHER = Peer("bo", "Hệ thống của Bộ", (Grant("G22", subtree=True), Grant("H29")))
GONE = Agency("H29.88", "Sở đã giải thể", ("H29.88",), parent="H29", period=Period(None, NOW - timedelta(days=1)))
TOWN = Directory(
    1,
    (
        Agency("H29", "Tỉnh Mẫu", ("H29", "000.00.00.H29")),
        Agency("H29.17", "Sở Mẫu", ("H29.17", "000.00.17.H29"), parent="H29"),
        Agency("G22", "Bộ Mẫu", ("G22", "000.00.00.G22")),
        Agency("0101234567", "Công ty Mẫu", ("0101234567",), parent="H29"),
        GONE,
    ),
    (HUB, OTHER),
)


def refused(code: str, name: str = "Đơn vị mới", superior: str = "H29", peer: Peer = HUB) -> str:
    """Which way the wish was refused."""
    with pytest.raises(Refused) as no:
        check_registration(TOWN, peer, code, name, superior, NOW)
    assert no.value.reason is Reason.AXIS_REGISTRATION
    return dict(no.value.finding.values)["fault"]


@pytest.mark.parametrize(
    ("code", "superior"),
    [("H29.17", "H29"), ("000.00.17.H29", "H29"), ("H29.17", "000.00.00.H29"), ("000.00.17.H29", "000.00.00.H29")],
)
def test_what_the_directory_says_already_is_success(code: str, superior: str) -> None:
    assert check_registration(TOWN, HUB, code, "Sở Mẫu", superior, NOW).key == "H29.17"


@pytest.mark.parametrize("code", ["H29.18", "H29.17.05.02", "000.00.18.H29", "001.02.17.H29"])
def test_a_new_one_below_ones_own_waits_for_the_operator(code: str) -> None:
    assert refused(code, superior="H29.17" if code.count(".") > 1 and "17" in code else "H29") == "by_operator"


@pytest.mark.parametrize(
    "code",
    [
        *("G22", "G22.01", "G22.H29.01", "H2", "H29", "H290", "H290.01", "h29.18", "H29.", "H29.18/../G22", ""),
        *("000.00.00.H29", "000.00.00.G22", "000.00.18.G22", "H29.18 ", "000.00.00.H290", "0101234567", "vxp.saas.03"),
        *("01.29.W00", "H29.Đ1", "H29.18\n", "А29.18", f"H29.{'1' * 40}"),
    ],
)
def test_an_identifier_that_is_not_below_the_superiors_is_not_given(code: str) -> None:
    assert refused(code) == "code"


def test_an_identifier_of_somebody_else_is_not_taken_by_another_name() -> None:
    assert refused("H29.17", name="Sở khác") == "taken"
    assert refused("H29.88", name=GONE.name) == "taken", "nor that of one that is no more"


@pytest.mark.parametrize("superior", ["G22", "000.00.00.G22", "H99", "", "0101234567 "])
def test_a_superior_outside_ones_branch_is_as_good_as_unknown(superior: str) -> None:
    assert refused("H29.18", superior=superior) == "not_below"


def test_a_grant_without_the_branch_or_at_another_time_is_not_enough() -> None:
    assert refused("H29.18", peer=OTHER) == "not_below"
    later = replace(HUB, grants=(replace(HUB.grants[0], period=Period(NOW + timedelta(days=1), None)),))
    assert refused("H29.18", peer=later) == "not_below"


@pytest.mark.parametrize(
    ("code", "fault"),
    [("H29.17", "by_operator"), ("000.00.17.H29", "by_operator"), ("G22", "not_yours"), ("H29", "not_yours")],
)
def test_nothing_leaves_the_directory_by_asking(code: str, fault: str) -> None:
    with pytest.raises(Refused) as no:
        check_deletion(TOWN, HUB, code, NOW)
    assert no.value.reason is Reason.AXIS_REGISTRATION
    assert dict(no.value.finding.values)["fault"] == fault


@pytest.mark.parametrize("code", ["H29.88", "H29.99"])
def test_what_is_gone_is_gone(code: str) -> None:
    check_deletion(TOWN, HUB, code, NOW)
