"""What is proven of one database is proven of the other: tests of the store, of what happens in it and of what survives
a kill run on both engines, by the same names. Which do not is said here, and why."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.house.source import TOP

ROOMS = ("tests/store", "tests/exchange", "tests/month", "tests/crash")
"""The ledger's own tests ask no database."""

FILE, SERVER = "of the embedded file", "of the server"
SAME = "the same on both, its matter is elsewhere: "
ONE_ENGINE = {
    "store/test_moving.py": "from the one to the other",
    "crash/test_moved.py": "from the one to the other",
    "store/test_transacting.py": f"{SERVER}: commits taken back or not answered",
    "store/test_witness_book.py": f"{FILE}: a witness keeps its book in SQLite, wherever it runs",
    "exchange/test_relay.py": f"{SERVER}: processes on SQLite poll",
    "store/test_desk.py": f"{FILE}: plans of queries, which PostgreSQL makes by what is in the tables",
    "store/test_faults.py": f"each fault {FILE} or {SERVER}, as it comes there",
    "store/test_schema.py": f"each setting {FILE} or {SERVER}",
    "store/test_writer.py": f"{FILE}: its write-ahead log",
    "exchange/test_inventory.py": f"{SAME}an object store that is killed",
    "crash/test_audit.py": f"{SAME}the auditor's plain SQL; the damage is done past SQLite's triggers",
    "crash/test_history.py": f"{SAME}what notices lies beside the key or outside; yesterday is a copied file",
    "crash/test_disk_full.py": f"{FILE}, on a small disk; what a server says of its own is in store/test_faults.py",
    "crash/test_kill_loop.py": f"a start by the command itself, once, and what is {SERVER}: that it dies",
    "crash/test_fleet.py": "workers of one machine on SQLite, nodes on PostgreSQL",
}
"""By file, below tests/."""

PLUGIN = """
import inspect, re, pytest
FIXTURES = {"sqlite_url", "sqlite_template", "postgres", "spawner", "serving", "installation", "template", "register"}
OPENS = re.compile(r"sqlite|Store[.]|open_line|Serving|month_in|on_a_small_disk|found[(]")

def engines(item):
    names = getattr(getattr(item, "callspec", None), "params", {}).values()
    return {one for one in names if isinstance(one, str)} & {"sqlite", "postgresql"}

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    for item in items:
        asks = FIXTURES & set(item.fixturenames) or OPENS.search(inspect.getsource(inspect.unwrap(item.function)))
        if asks and not engines(item):
            print("ONE", item.nodeid.partition("[")[0].removeprefix("tests/"))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Tests that ask a database, and one engine of it."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "which_engine.py").write_text(PLUGIN, encoding="utf-8")
    said = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "which_engine",
            "-p",
            "no:cacheprovider",
            *ROOMS,
        ],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return frozenset(line[4:] for line in said.stdout.splitlines() if line.startswith("ONE "))


def test_a_test_on_one_engine_says_why(alone: frozenset[str]) -> None:
    assert sorted(one for one in alone if one.partition("::")[0] not in ONE_ENGINE) == []


def test_every_reason_is_needed(alone: frozenset[str]) -> None:
    assert sorted(ONE_ENGINE.keys() - {one.partition("::")[0] for one in alone}) == []
