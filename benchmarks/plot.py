"""Curves as SVG: small, without a library, legible on a light page and on a dark one."""

from __future__ import annotations

from html import escape

from benchmarks.outcome import Curve, Plot, written

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 44
COLOURS = ("#0b6e99", "#b3541e", "#4d7c0f", "#7c3aed")
STEPS = (1, 2, 2.5, 5, 10)
SECONDS_IN = (("h", 3_600.0), ("min", 60.0), ("s", 1.0))


def svg(plot: Plot) -> str:
    """The plot as a file of its own."""
    across = max((curve.points[-1][0] for curve in plot.curves if curve.points), default=1.0) or 1.0
    top = max((value for curve in plot.curves for _, value in curve.points), default=1.0) * 1.1 or 1.0
    unit, seconds = next(((name, size) for name, size in SECONDS_IN if across >= 2 * size), ("s", 1.0))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(plot.title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="600" fill="#1f2933">{escape(plot.title)}</text>',
    ]
    for value in ticks(top):
        y = _y(value, top)
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#d9dee3"/>')
        lines.append(_label(LEFT - 8, y + 4, f"{written(_whole(value))} {plot.unit}", "end"))
    for value in ticks(across / seconds):
        x = _x(value * seconds, across)
        lines.append(f'<path d="M{x:.1f} {HEIGHT - BOTTOM}v5" stroke="#7b8794"/>')
        lines.append(_label(x, HEIGHT - BOTTOM + 20, f"{written(_whole(value))} {unit}", "middle"))
    lines.append(f'<path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke="#7b8794"/>')
    for place, curve in enumerate(plot.curves):
        lines.append(_line(curve, COLOURS[place % len(COLOURS)], across, top))
    if len(plot.curves) > 1:
        for place, curve in enumerate(plot.curves):
            x, colour = LEFT + 150 * place, COLOURS[place % len(COLOURS)]
            lines.append(f'<path d="M{x} {HEIGHT - 8}h18" stroke="{colour}" stroke-width="2"/>')
            lines.append(_label(x + 24, HEIGHT - 4, curve.name, "start"))
    return "\n".join([*lines, "</svg>"]) + "\n"


def ticks(top: float) -> list[float]:
    """Four to eight round values from 0 to `top`."""
    size = 1e-9
    while True:
        for step in STEPS:
            if top / (size * step) <= 7:
                return [size * step * place for place in range(int(top / (size * step)) + 1)]
        size *= 10


def _line(curve: Curve, colour: str, across: float, top: float) -> str:
    path = " ".join(f"{_x(at, across):.1f},{_y(value, top):.1f}" for at, value in curve.points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#52606d">{escape(text)}</text>'


def _x(at: float, across: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / across


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _whole(value: float) -> float:
    return round(value) if abs(value - round(value)) < 1e-6 else value
