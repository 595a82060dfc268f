"""What a run found: as Markdown for people, as JSON for programs, and into the generated blocks of a page."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import Machine, sentence
from benchmarks.outcome import Outcome, goal_lines, table_lines
from benchmarks.plot import svg

BLOCK = re.compile(r"<!-- bench: (?P<name>[a-z]+) -->\n(?P<body>.*?)<!-- end -->\n", re.DOTALL)
"""A part of a page that a run writes."""
BUSY_ABOVE = 1.5
GOALS = "goals"
RESULTS = "results"
"""Beside the page: plots, and what each scenario found, so that a block can be written from several runs."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A scenario that ran."""

    name: str
    measures: str
    command: str
    at: str
    load_before: float
    seconds: float
    machine: Machine
    outcome: Outcome


def is_busy(load_before: float, cores: int) -> bool:
    """Was others' work on the machine? The scenario before it leaves a load of about the cores behind."""
    return load_before > cores + BUSY_ABOVE


def section(ran: Ran) -> str:
    """One scenario as Markdown, without a heading."""
    return "\n".join([_when(ran), "", *_found(ran.outcome)]) + "\n"


def _when(ran: Ran) -> str:
    load = f"load average before it {ran.load_before:.1f}"
    if is_busy(ran.load_before, ran.machine.cores):
        load += ": **a busy machine**, whose times by the clock say little of the gateway"
    return f"`{ran.command}`, {ran.at}, {ran.seconds:.0f} s; {load}."


def _found(outcome: Outcome) -> list[str]:
    lines = [f"Not measured: {outcome.passed_over}.", ""] if outcome.passed_over else []
    for table in outcome.tables:
        lines += [*table_lines(table), ""]
    if outcome.goals:
        lines += [*goal_lines(outcome.goals), ""]
    return lines[:-1]


def as_json(runs: Sequence[Ran]) -> str:
    """Everything, for programs."""
    scenarios = []
    for one in runs:
        found = dataclasses.asdict(one)
        del found["machine"]
        del found["outcome"]["plots"]  # drawn beside the page
        for goal, plain in zip(one.outcome.goals, found["outcome"]["goals"], strict=True):
            plain["reached"] = goal.reached
        scenarios.append(found)
    machine = dataclasses.asdict(runs[0].machine) if runs else None
    return json.dumps({"machine": machine, "scenarios": scenarios}, indent=2, ensure_ascii=False) + "\n"


def write_page(page: Path, runs: Sequence[Ran]) -> None:
    """Write what ran into the blocks of a page, and its plots beside it. KeyError where a scenario has no block.

    The block of goals is made from every scenario's last run, this one's or an earlier one's.
    """
    results = page.parent / RESULTS
    results.mkdir(exist_ok=True)
    for one in runs:
        (results / f"{one.name}.json").write_text(as_json([one]), "utf-8")
        for plot in one.outcome.plots:
            (results / f"{plot.name}.svg").write_text(svg(plot), "utf-8")
    blocks = {one.name: f"{section(one)}{_plots(one.outcome)}" for one in runs}
    text = page.read_text(encoding="utf-8")
    blocks[GOALS] = _all_goals(results, [match["name"] for match in BLOCK.finditer(text)])
    page.write_text(fill(text, blocks), encoding="utf-8")


def fill(text: str, blocks: Mapping[str, str]) -> str:
    """A page with these blocks written anew. KeyError where it has no such block."""
    missing = blocks.keys() - {match["name"] for match in BLOCK.finditer(text)}
    if missing:
        raise KeyError(f"the page has no block for {sorted(missing)}")

    def written(match: re.Match[str]) -> str:
        body = blocks.get(match["name"], match["body"])
        return f"<!-- bench: {match['name']} -->\n{body}<!-- end -->\n"

    return BLOCK.sub(written, text)


def _plots(outcome: Outcome) -> str:
    return "".join(f"\n![{plot.title}]({RESULTS}/{plot.name}.svg)\n" for plot in outcome.plots)


def _all_goals(results: Path, names: Sequence[str]) -> str:
    """The machines, and every goal there is a figure for."""
    lines = ["| goal | is | | beside | scenario, load before |", "|---|--:|---|---|---|"]
    machines: dict[str, list[str]] = {}
    for name in names:
        file = results / f"{name}.json"
        if not file.exists():
            continue
        said = json.loads(file.read_text(encoding="utf-8"))
        machines.setdefault(sentence(Machine(**said["machine"])), []).append(name)
        (kept,) = said["scenarios"]
        for one in kept["outcome"]["goals"]:
            bound = f"{'≥' if one['at_least'] else '≤'} {_plain(one['bound'])} {one['unit']}".rstrip()
            reached = "reached" if one["reached"] else "**missed**"
            reached += ", busy machine" if is_busy(kept["load_before"], said["machine"]["cores"]) else ""
            figure, where = _plain(one["figure"]), f"[{name}](#{name}), {kept['load_before']:.1f}"
            lines.append(f"| {one['what']}: {bound} | {figure} | {reached} | {one['reference']} | {where} |")
    taken = [
        f"{one}." if len(machines) == 1 else f"{', '.join(scenarios)}: {one}." for one, scenarios in machines.items()
    ]
    return "\n".join(["`make bench`; each line from the last run of its scenario.", *taken, "", *lines]) + "\n"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
