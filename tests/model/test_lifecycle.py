"""What is shown of a document's life, from what was told: pure functions, whatever order it came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.lifecycle import (
    CLOCK_SLACK,
    Answer,
    Change,
    ChangeKind,
    ChangeOutcome,
    Reported,
    leads_back,
    processing,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTES = st.integers(-90, 90).map(lambda minutes: NOW + timedelta(minutes=minutes))
REPORTS = st.lists(
    st.builds(Reported, st.sampled_from(["01", "02", "03", "04", "05", "06", "13", "15", "16"]), MINUTES, MINUTES),
    max_size=8,
)
CHANGES = st.builds(
    Change,
    st.just("01"),
    st.sampled_from(ChangeKind),
    st.just(NOW),
    deadline_at=st.none() | MINUTES,
    finished=st.booleans(),
    answer=st.none() | st.sampled_from(Answer),
)


@given(REPORTS)
def test_what_is_shown_is_a_processing_status_no_other_is_later_than(reports: list[Reported]) -> None:
    shown = processing(reports, NOW)
    candidates = [one for one in reports if one.code in {"01", "02", "03", "04", "05", "06"}]
    assert (shown is None) == (not candidates)
    if shown is not None:
        assert all(one.at(NOW) <= shown.at(NOW) for one in candidates)
        last = max(place for place, one in enumerate(candidates) if one.at(NOW) == shown.at(NOW))
        assert candidates[last] is shown, "of one time, the one that came last"


@given(st.builds(Reported, st.just("03"), MINUTES, st.none() | st.datetimes(timezones=st.just(UTC))))
def test_a_status_never_holds_from_before_the_document_nor_from_after_it_was_told(report: Reported) -> None:
    at = report.at(NOW)
    assert at == report.recorded_at or NOW - CLOCK_SLACK <= at <= report.recorded_at + CLOCK_SLACK


def test_statuses_told_in_any_order_show_the_same() -> None:
    told = [Reported(code, NOW + timedelta(hours=1), NOW + timedelta(minutes=place))
            for place, code in enumerate(("01", "03", "05", "06"))]  # fmt: skip
    assert {processing(order, NOW) for order in permutations(told)} == {told[-1]}


@given(CHANGES, MINUTES)
def test_what_was_withdrawn_or_agreed_to_stays_so_and_the_rest_never_looks_done(change: Change, now: datetime) -> None:
    outcome = change.outcome(now)
    if change.answer in {Answer.WITHDRAWN, Answer.DONE}:
        assert outcome.value == change.answer.value
    else:
        assert outcome not in {ChangeOutcome.WITHDRAWN, ChangeOutcome.DONE}
    if outcome is ChangeOutcome.NO_ANSWER:
        assert change.answer is None and change.deadline_at is not None and change.deadline_at <= now
    if outcome is ChangeOutcome.TOO_LATE:
        assert change.finished and change.kind is ChangeKind.RECALL


def test_only_sending_again_under_one_id_is_no_circle() -> None:
    assert not leads_back("b", named=False, versions=["a"])
    assert not leads_back("a", named=False, versions=["a", "a"])
    assert not leads_back(None, named=True, versions=["a", None])
    assert leads_back("a", named=True, versions=["a"])
    assert leads_back("a", named=False, versions=["b", "a"])
    assert leads_back("a", named=False, versions=["a", "b", "a"])
