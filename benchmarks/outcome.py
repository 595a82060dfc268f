"""What a scenario brings home: tables, goals beside their reference, curves over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | float | None
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures under one sentence that says what was done."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside what it should be."""

    what: str
    figure: float
    bound: float
    unit: str = ""
    at_least: bool = True
    """False: at most."""
    reference: str = ""
    """What it is measured against, as seen in the same run."""

    @property
    def reached(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot: (seconds, value) in order."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over the same seconds."""

    name: str
    """Of the file, without its ending."""
    title: str
    unit: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything one scenario found."""

    tables: tuple[Table, ...] = ()
    goals: tuple[Goal, ...] = ()
    plots: tuple[Plot, ...] = ()
    passed_over: str = ""
    """Why nothing was measured: a program that is not installed here."""


def written(value: Cell) -> str:
    """A figure as a reader wants it: three digits that count, thousands set apart."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def table_lines(table: Table) -> list[str]:
    """A table as Markdown: the first column to the left, figures to the right."""
    aligned = ["---", *("--:" for _ in table.columns[1:])]
    lines = [f"{table.caption}", "", _row(table.columns), f"|{'|'.join(aligned)}|"]
    return [*lines, *(_row([written(cell) for cell in row]) for row in table.rows)]


def goal_lines(goals: Sequence[Goal]) -> list[str]:
    """Goals as Markdown."""
    lines = ["| goal | is | | beside |", "|---|--:|---|---|"]
    for one in goals:
        bound = f"{'≥' if one.at_least else '≤'} {written(one.bound)} {one.unit}".rstrip()
        figure = f"{written(one.figure)} {one.unit}".rstrip()
        said = "reached" if one.reached else "**missed**"
        lines.append(_row([f"{one.what}: {bound}", figure, said, one.reference]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
