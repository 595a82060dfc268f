"""Every fault of evidence has its sentence, and is met in a test by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ledger.fault import Fault
from gateway.model.words import LANGUAGES, keys


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_said_in_every_language_and_met_in_a_test(fault: Fault) -> None:
    for lang in LANGUAGES:
        assert f"check.fault.{fault}" in keys(lang)
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert f"Fault.{fault.name}" in tests


def test_no_sentence_speaks_of_a_fault_that_is_none() -> None:
    for lang in LANGUAGES:
        said = {key.removeprefix("check.fault.") for key in keys(lang) if key.startswith("check.fault.")}
        assert said == set(Fault)
