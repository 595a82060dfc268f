"""The source of the package, read once: every module with its syntax tree, its room and what it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "gateway"

ROOMS = (
    "model",
    "edxml",
    "trust",
    "rules",
    "ledger",
    "store",
    "exchange",
    "http",
    "client",
    "config",
    "app",
    "demo",
    "conformance",
    "cli",
)
"""The house, in reading order: a room may import the rooms before it, never one after it."""


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    """Dotted: `gateway.edxml.parse`; a room's `__init__` is `gateway.edxml`."""
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first name below `gateway`; empty for `gateway/__init__.py`, the porch."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def where(self) -> str:
        return str(self.path.relative_to(TOP))

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of everything imported, wherever in the file; relative imports made absolute."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield from ((node.lineno, _longest(base, alias.name)) for alias in node.names)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        kept = package[: len(package) - node.level + 1]
        return ".".join([*kept, *(node.module or "").split(".")]).rstrip(".")


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, sorted by name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(TOP).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, path, text, ast.parse(text)))
    assert found, "the package is not where this test looks for it"
    return tuple(found)


def _longest(base: str, name: str) -> str:
    """`from gateway.edxml import parse` names a module where there is one, else the package's own attribute."""
    below = TOP.joinpath(*base.split("."), name)
    return f"{base}.{name}" if below.with_suffix(".py").exists() or (below / "__init__.py").exists() else base
