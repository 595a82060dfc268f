"""What every test may use. Properties run derandomised where the suite decides, so a red run can be repeated."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ("tests.postgres", "tests.stores", "tests.seaweed")

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


WHOLE_FOLDERS = ("tests/browser/", "tests/demo/")
"""Their fixtures serve the folder."""


class _Together(LoadFileScheduling):
    """What runs on one core together (`make test` uses them all): a file, or a folder with fixtures of its own."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in WHOLE_FOLDERS if nodeid.startswith(folder)), super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return _Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_a_skip(report)
    return report


def _fail_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where the suite decides a change (GATEWAY_TEST_NO_SKIP), a test passed over is a test that failed."""
    if report.outcome == "skipped" and not hasattr(report, "wasxfail") and os.environ.get("GATEWAY_TEST_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped although every test must run: {report.longrepr}"
