"""Charts drawn at the server: numbers become places in a picture; colours and letters stay with the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (4, 8, 20)
"""What a chart may reach up to, with zeros behind it: a quarter of each is a whole number."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; lengths in units of the picture."""

    series: int
    place: int
    """Which value of its series."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side above one line, and the lines to read them by."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    """How far down, and the value there."""
    middles: tuple[float, ...]
    """Where the name of each place goes."""


def bars(values: Sequence[Sequence[int]], width: int = 960, height: int = 220) -> Chart:
    """A chart of values: for each place one of each series. The highest line is a round number."""
    top = ceiling(max((one for place in values for one in place), default=0))
    step = width / max(len(values), 1)
    gap, drawn = step * 0.2, []
    for place, each in enumerate(values):
        thick = (step - gap) / max(len(each), 1)
        for series, value in enumerate(each):
            tall = height * value / top
            x = place * step + gap / 2 + series * thick
            drawn.append(Bar(series, place, round(x, 1), round(height - tall, 1), round(thick, 1), round(tall, 1)))
    lines = tuple((height * (4 - part) / 4, top * part // 4) for part in range(5))
    return Chart(
        width, height, tuple(drawn), lines, tuple(round((place + 0.5) * step, 1) for place in range(len(values)))
    )


def ceiling(most: int) -> int:
    """The next number a chart may reach up to."""
    size = 1
    while True:
        for step in STEPS:
            if step * size >= most:
                return step * size
        size *= 10
