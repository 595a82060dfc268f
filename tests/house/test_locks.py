"""The locks and pyproject.toml say the same: a lock older than a dependency installs a command that cannot start."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.source import TOP

LOCKS = {"run": (), "checkout": ("checkout",), "dev": ("checkout", "dev")}
"""Each lock and the groups of pyproject.toml it takes in beside the run-time dependencies."""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(lock: str) -> dict[str, str]:
    text = (TOP / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return {
        _plain(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    }


def _wanted(groups: tuple[str, ...]) -> set[str]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for group in groups for line in optional[group])]
    return {_plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in lines}


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_pins_every_dependency_it_is_for(lock: str) -> None:
    missing = _wanted(LOCKS[lock]) - _pins(lock).keys()
    assert not missing, f"requirements/{lock}.txt lacks {sorted(missing)}; run: make lock"


@pytest.mark.parametrize(("smaller", "larger"), [("run", "checkout"), ("checkout", "dev")])
def test_what_a_smaller_lock_pins_the_larger_pins_alike(smaller: str, larger: str) -> None:
    pinned = _pins(larger)
    apart = {name for name, version in _pins(smaller).items() if pinned.get(name) != version}
    assert not apart, f"requirements/{smaller}.txt and {larger}.txt differ in {sorted(apart)}; run: make lock"
