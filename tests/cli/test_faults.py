"""What a task group hands on is one fault where its tasks met the same."""

from __future__ import annotations

from gateway.cli.faults import alone
from gateway.store import StoreNotice


def notice(index: str) -> StoreNotice:
    return StoreNotice("ledger.entry_damaged", index=index)


def test_a_fault_that_several_tasks_met_is_one() -> None:
    met = [notice("7"), notice("7")]
    assert alone(ExceptionGroup("", [ExceptionGroup("tasks", met)])) is met[0]


def test_different_faults_stay_together() -> None:
    group = ExceptionGroup("tasks", [notice("7"), notice("8")])
    assert alone(group) is group
    assert alone(ExceptionGroup("", [group])) is group
