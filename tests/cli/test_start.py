"""What every start pays for: libraries only some need are loaded by whoever needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = {
    "alembic": "a schema is made or moved on",
    "obstore": "an object store is configured",
    "psycopg": "the database is a server",
    "xmlschema": "a refusal is explained",
}
"""10, 4, 9 and 11 MB, and when they are due."""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that the command has loaded before it knows which verb is asked for."""
    code = "import sys, gateway.cli; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(said.stdout.split())


@pytest.mark.parametrize("library", LATE)
def test_a_library_few_need_is_not_loaded_before(library: str, loaded: set[str]) -> None:
    assert "gateway.app" in loaded
    assert library not in loaded, f"to be loaded when {LATE[library]}"
