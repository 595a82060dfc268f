"""One enum of refusals drives everything, so it has rules of its own."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest

from gateway.model.reasons import Reason


def test_declaration_order_follows_the_steps_of_the_line() -> None:
    steps = [reason.step for reason in Reason]
    assert steps == sorted(steps)
    assert [reason.precedence for reason in Reason] == list(range(len(Reason)))


def test_codes_are_unique_and_their_first_word_names_one_step() -> None:
    codes = [str(reason) for reason in Reason]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", code) for code in codes)
    step_of: dict[str, set[int]] = {}
    for reason in Reason:
        step_of.setdefault(reason.split(".")[0], set()).add(reason.step)
    assert all(len(steps) == 1 for steps in step_of.values()), step_of


@pytest.mark.parametrize("reason", Reason)
def test_the_status_tells_whose_fault_it_is(reason: Reason) -> None:
    ours = HTTPStatus(reason.status) >= HTTPStatus.INTERNAL_SERVER_ERROR
    assert ours == (reason.split(".")[0] in {"unavailable", "internal"})
    assert reason.transient or not ours
