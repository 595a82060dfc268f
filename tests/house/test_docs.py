"""The pages keep step with the code: what exists is documented, what is documented exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import click
import pytest

from gateway import config
from gateway.cli.command import root
from gateway.cli.reference import command_page, configuration_page, reasons_page
from gateway.cli.session import Session
from gateway.client import GatewayClient
from gateway.http.table import ENDPOINTS
from gateway.ledger import ENTRY_FIELDS
from gateway.model.reasons import Reason
from tests.house.source import PACKAGE, TOP

PAGES = sorted(
    [TOP / "README.md", TOP / "CHANGELOG.md", *(TOP / "docs").rglob("*.md"), *(TOP / "schemas").rglob("*.md")]
)
REFERENCE = TOP / "docs" / "reference"

POINTER = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)*\.py)(?::([A-Za-z_][A-Za-z_0-9.]*))?`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def _page_id(page: Path) -> str:
    return str(page.relative_to(TOP))


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_a_page_has_one_title_and_its_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = FENCE.sub("", text)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1
    for target in LINK.findall(prose):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            led_to = page.parent / path if path else page
            assert led_to.exists(), f"{target} leads nowhere"
            assert not anchor or anchor in _anchors(led_to), f"{target} names no heading"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_a_pointer_into_the_code_points_at_something(page: Path) -> None:
    for path, name in POINTER.findall(page.read_text(encoding="utf-8")):
        file = TOP / path if path.startswith(("tests/", "benchmarks/", "gateway/")) else PACKAGE / path
        assert file.is_file(), f"no file {path}"
        assert not name or name in _names_in(file), f"no {name} in {path}"


@cache
def _names_in(file: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return frozenset(names)


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_a_command_in_a_page_is_one_we_have(page: Path) -> None:
    """Every `gateway …` line of a shell block parses: the verb exists, and so does each of its options."""
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "sh":
            continue
        for line in block.replace("\\\n", " ").splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["gateway"]:
                _parses(words[1:], line)
            elif words[:1] == ["make"]:
                assert re.search(rf"^{words[1]}:", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), line


def _parses(words: list[str], line: str) -> None:
    command: click.Command = root
    while isinstance(command, click.Group):
        words = _behind_options(command, words, line)
        if not words:
            return
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no verb {words[0]}: {line}"
        command, words = found, words[1:]
    known = {spelling for param in command.params for spelling in param.opts} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"no option {word}: {line}"


def _behind_options(group: click.Group, words: list[str], line: str) -> list[str]:
    """What follows the options of a group itself, each of them one it has."""
    options = {spelling: param for param in group.params for spelling in param.opts}
    while words and words[0].startswith("--"):
        name, _, value = words[0].partition("=")
        assert name in options, f"no option {name}: {line}"
        takes_next = not value and not getattr(options[name], "is_flag", False)
        words = words[2 if takes_next else 1 :]
    return words


def test_the_client_in_the_pages_is_the_client_we_have() -> None:
    """Every method a Python block calls on `gateway` exists."""
    for page in PAGES:
        for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
            if language == "python":
                for method in re.findall(r"\bgateway\.(\w+)\(", block):
                    assert hasattr(GatewayClient, method), f"{page.name}: {method}"


def test_the_page_of_reasons_is_what_the_command_writes() -> None:
    written = (REFERENCE / "reasons.md").read_text(encoding="utf-8")
    assert written == reasons_page(), "run: make docs"
    assert all(f"## {reason}\n" in written for reason in Reason)


def test_the_page_of_the_configuration_is_what_the_command_writes() -> None:
    written = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    assert written == configuration_page("en"), "run: make docs"
    assert all(f"| `{key.name.rpartition('.')[2]}` |" in written for key in config.all_keys())


def test_the_page_of_the_command_is_what_the_command_writes() -> None:
    session = Session("en", {})
    with click.Context(root, info_name="gateway", obj=session) as ctx:
        assert (REFERENCE / "cli.md").read_text(encoding="utf-8") == command_page(ctx), "run: make docs"


def test_the_example_configuration_is_what_the_command_writes() -> None:
    written = (TOP / "config" / "gateway.example.toml").read_text(encoding="utf-8")
    assert written == config.describe("vi"), "run: make docs"


def test_every_endpoint_is_in_the_integrators_table() -> None:
    page = (TOP / "docs" / "integrator.md").read_text(encoding="utf-8")
    table = page.partition("<!-- endpoints:")[2].partition("## ")[0]
    documented = set(re.findall(r"^\| `([A-Z]+ [^`]+)` \|", table, re.MULTILINE))
    assert documented == {f"{one.method} {_plain_path(one.path)}" for one in ENDPOINTS}


def _plain_path(path: str) -> str:
    """A route without the patterns of its variable parts: `{id:[0-9]{1,4}}` is `{id}`."""
    return re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", path)


def test_every_kind_of_entry_is_in_the_auditors_table() -> None:
    page = (TOP / "docs" / "auditor.md").read_text(encoding="utf-8")
    table = page.partition("<!-- entries:")[2]
    documented = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", table, re.MULTILINE))
    assert documented == {str(kind): ", ".join(fields) for kind, fields in ENTRY_FIELDS.items()}


def test_a_table_of_measurements_stands_beside_its_command() -> None:
    """A row that says how fast or how large names nothing by itself: its section holds the command that measured it."""
    for page in PAGES:
        for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            if re.search(r"^\|.*\d[\d.,]* ?(?:ms|µs|/s|MB|GB)\b", section, re.MULTILINE):
                assert re.search(r"`(?:make|python|\.venv)[^`]*`|```sh", section), f"{page.name}: {section[:60]!r}"
