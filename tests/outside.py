"""Programs nobody here wrote, which some tests ask for a second opinion."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def require(program: str) -> Path:
    """Where the program is; skips the test, saying why, on a machine without it."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed on this machine")
    return Path(found)
