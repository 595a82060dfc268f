"""One enum of refusals drives everything, so it has rules of its own."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from http import HTTPStatus

import pytest

from gateway.model.reasons import Reason
from tests import vectors
from tests.house.source import TOP


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
    ours = reason.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    assert reason is Reason.UPLOAD_CHECKSUM or HTTPStatus(reason.status), "a status of HTTP, or the one of tus"
    assert ours == (reason.split(".")[0] in {"unavailable", "internal"})
    assert reason.transient or not ours


OF_THE_REQUEST = {Reason.CONTENT_TYPE, Reason.CONTENT_ENCODING, Reason.BODY_TOO_SLOW}
"""How a packet is sent, not what it is: no bytes of a packet can show these, real requests do (tests/http)."""


@pytest.mark.parametrize("reason", [one for one in Reason if 1 <= one.step <= 5 and one not in OF_THE_REQUEST])
def test_every_refusal_of_a_packet_has_a_vector(reason: Reason) -> None:
    assert reason in _vectored(), f"no vector in tests/vectors ends in {reason}"


@cache
def _vectored() -> frozenset[Reason | None]:
    """Reasons of the vectors in every module of tests/vectors: its `VECTORS`, or what its `vectors()` builds."""
    found: set[Reason | None] = set()
    for page in pkgutil.iter_modules(vectors.__path__):
        module = importlib.import_module(f"tests.vectors.{page.name}")
        rows = module.vectors() if hasattr(module, "vectors") else getattr(module, "VECTORS", ())
        found |= {one.reason for one in rows}
    return frozenset(found)


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_is_expected_by_some_test(reason: Reason) -> None:
    """By its name in the enum, outside this folder."""
    assert reason.name in _named(), f"no test expects {reason.name}"


@cache
def _named() -> frozenset[str]:
    files = [file for file in (TOP / "tests").rglob("*.py") if file.parent.name != "house"]
    return frozenset(re.findall(r"\bReason\.([A-Z_0-9]+)", "\n".join(one.read_text(encoding="utf-8") for one in files)))
