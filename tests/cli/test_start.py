"""What every start pays for: what only some need is loaded by whoever needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = {
    "alembic": "a schema is made or moved on",
    "gateway.demo": "the demo is asked for",
    "obstore": "an object store is configured",
    "psycopg": "the database is a server",
    "xmlschema": "a refusal is explained",
}
"""When they are due; the libraries take 10, 4, 9 and 11 MB."""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that are loaded when the doors are about to open."""
    code = "import sys, gateway.cli.running; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(said.stdout.split())


@pytest.mark.parametrize("library", LATE)
def test_what_few_need_is_not_loaded_before(library: str, loaded: set[str]) -> None:
    assert "gateway.app" in loaded
    assert library not in loaded, f"to be loaded when {LATE[library]}"
