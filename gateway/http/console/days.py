"""Days as officials write them, in forms: a browser's own field goes by its language, and takes 3/4 for March."""

from __future__ import annotations

import re

_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", re.ASCII)


def iso(written: str) -> str:
    """`23/11/2026` year first; anything else, a day that is none too, as it stands."""
    found = _DAY_FIRST.fullmatch(written)
    return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}" if found else written
