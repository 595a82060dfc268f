"""The rules of the house, executed: who may import whom, how large a thing may grow, what it may be called."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from itertools import chain

import pytest

from tests.house.source import PACKAGE, ROOMS, TOP, Module, modules

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_P90_MAX = 40

EMPTY_NAMES = {"util", "helper", "manager", "common", "base", "core", "service", "handler", "processor"}

KEPT_TO = {
    "lxml": {"edxml", "trust", "rules"},
    "xmlschema": {"edxml"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "aiohttp": {"exchange", "http", "client", "app", "demo", "conformance", "cli"},
    "multipart": {"http"},
    "prometheus_client": {"http", "app"},
    "click": {"cli"},
    "rich": {"cli", "demo"},
}
"""Third parties and the rooms that may know them."""

STILL_ROOMS = {"model", "edxml", "trust", "rules", "ledger"}
"""Rooms where nothing waits: they run in a REPL, without a clock, a loop or a network."""


def _names(rows: list[str]) -> str:
    return "\n  " + "\n  ".join(rows)


def test_every_file_lies_in_a_room() -> None:
    strangers = [module.where for module in modules() if module.room not in {"", "__main__", *ROOMS}]
    assert not strangers, f"not in a room of the house:{_names(strangers)}"


def test_a_room_imports_only_rooms_above_it() -> None:
    faults = []
    for module in modules():
        if module.room in {"", "__main__"}:
            continue
        allowed = set(ROOMS[: ROOMS.index(module.room) + 1])
        if module.room == "client":
            allowed = {"model", "edxml", "client"}  # an agency's system installs the client without the gateway's rooms
        for line, name in module.imports():
            room = name.split(".")[1] if name.startswith("gateway.") else None
            if room is not None and room not in allowed:
                faults.append(f"{module.where}:{line} imports {name}")
    assert not faults, f"imports against the order {' > '.join(ROOMS)}:{_names(faults)}"


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    known = {module.name for module in modules()}
    graph = {
        module.name: {name for _, name in module.imports() if name in known and name != module.name}
        for module in modules()
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(f"import circle: {' > '.join(circle.args[1])}")


def test_our_own_package_is_imported_at_the_top_of_a_file() -> None:
    faults = []
    for module in modules():
        for function in module.functions():
            for node in ast.walk(function):
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or "gateway"]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                faults += [f"{module.where}:{node.lineno}" for name in names if name.split(".")[0] == "gateway"]
    assert not faults, f"imports of our own package inside a function:{_names(faults)}"


def test_nothing_is_imported_for_the_type_checker_alone() -> None:
    faults = [module.where for module in modules() if "TYPE_CHECKING" in module.text]
    assert not faults, f"a TYPE_CHECKING import hides a circle:{_names(faults)}"


@pytest.mark.parametrize("third_party", sorted(KEPT_TO))
def test_a_third_party_is_known_only_to_its_rooms(third_party: str) -> None:
    faults = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        for line, name in module.imports()
        if name.split(".")[0] == third_party and module.room not in KEPT_TO[third_party]
    ]
    assert not faults, f"{third_party} belongs to {sorted(KEPT_TO[third_party])}:{_names(faults)}"


def test_the_model_knows_no_third_party_but_the_reader_of_the_catalogues() -> None:
    faults = [
        f"{module.where}:{line} imports {name}"
        for module in modules()
        for line, name in module.imports()
        if module.room == "model" and name.split(".")[0] not in {*sys.stdlib_module_names, "gateway"}
        if (module.name, name) != ("gateway.model.words", "babel.messages.pofile")
    ]
    assert not faults, _names(faults)


def test_nothing_waits_in_the_still_rooms() -> None:
    faults = [
        f"{module.where}:{function.lineno} async def {function.name}"
        for module in modules()
        if module.room in STILL_ROOMS
        for function in module.functions()
        if isinstance(function, ast.AsyncFunctionDef)
    ]
    assert not faults, _names(faults)


def test_names_say_what_a_thing_holds() -> None:
    faults = [module.where for module in modules() if set(_words(module.name.split(".")[-1])) & EMPTY_NAMES]
    assert not faults, f"name a module by the noun it holds, none of {sorted(EMPTY_NAMES)}:{_names(faults)}"


def _words(name: str) -> list[str]:
    return [word.removesuffix("s") for word in name.lower().split("_")]


def test_a_module_fits_in_the_head() -> None:
    faults = [
        f"{module.where} has {lines} lines"
        for module in modules()
        if (lines := len(module.text.splitlines())) > MODULE_LINES_MAX
    ]
    assert not faults, f"more than {MODULE_LINES_MAX} lines:{_names(faults)}"


def test_a_function_fits_on_the_screen() -> None:
    faults = [
        f"{module.where}:{function.lineno} {function.name} has {lines} lines"
        for module in modules()
        for function in module.functions()
        if (lines := _length(function)) > FUNCTION_LINES_MAX
    ]
    assert not faults, f"more than {FUNCTION_LINES_MAX} lines:{_names(faults)}"


def test_most_functions_fit_on_half_a_screen() -> None:
    lengths = sorted(_length(function) for function in chain.from_iterable(module.functions() for module in modules()))
    p90 = lengths[int(len(lengths) * 0.9)]
    assert p90 <= FUNCTION_LINES_P90_MAX, f"nine of ten functions have up to {p90} lines"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def test_everything_is_annotated() -> None:
    faults = []
    for module in modules():
        for function in module.functions():
            arguments = function.args
            bare = [
                one.arg
                for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                if one.annotation is None and one.arg not in {"self", "cls"}
            ]
            if bare or function.returns is None:
                faults.append(f"{module.where}:{function.lineno} {function.name} {bare or 'its result'}")
    assert not faults, _names(faults)


def test_every_module_and_every_public_thing_says_what_it_is() -> None:
    faults = [fault for module in modules() for fault in _undocumented(module)]
    assert not faults, f"without a docstring:{_names(faults)}"


def _undocumented(module: Module) -> list[str]:
    """Everything but one-line functions whose name and types say it all."""
    faults = [] if ast.get_docstring(module.tree) or not module.text.strip() else [f"{module.where}: the module"]
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            said = node.name.startswith("_") or ast.get_docstring(node) or _length(node) <= 4
            faults += [] if said else [f"{module.where}:{node.lineno} {node.name}"]
    return faults


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3, "Not" + "Implemented")
    faults = [
        f"{path.relative_to(TOP)}:{number} {mark}"
        for path in [*PACKAGE.rglob("*.py"), *(TOP / "tests").rglob("*.py")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for mark in marks
        if mark in line
    ]
    assert not faults, _names(faults)


def test_the_locks_name_no_registry() -> None:
    locks = sorted((TOP / "requirements").glob("*.txt"))
    assert [lock.name for lock in locks] == ["checkout.txt", "dev.txt", "peer.txt", "run.txt"]
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "://" not in text
        rows = [row for row in text.splitlines() if "==" in row and not row.lstrip().startswith("#")]
        assert text.count("--hash=sha256:") >= len(rows) > 10
