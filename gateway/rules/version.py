"""Which rules these are: a digest over everything an examination is made of."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from gateway.edxml import schema_path

ROOMS = ("model", "edxml", "trust", "rules")
"""What `examine` rests on, its texts included."""
SCHEMAS = ("edxml-read.xsd", "form.sch")


@cache
def rule_set() -> str:
    """SHA-256, lower-case hex, over name and content of every file of these rooms and of the schemas they use.

    Two gateways with the same rule set examine alike and say it in the same words.
    """
    files = rule_files()
    rows = (f"{hashlib.sha256(files[name].read_bytes()).hexdigest()} {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def rule_files() -> dict[str, Path]:
    """What the digest is over, by name: modules, catalogues, schemas; nothing that Python writes beside them."""
    package = Path(__file__).resolve().parents[1]
    files = {
        path.relative_to(package).as_posix(): path
        for room in ROOMS
        for path in (package / room).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    return files | {name: schema_path(name) for name in SCHEMAS}
