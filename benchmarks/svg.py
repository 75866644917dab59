"""Small charts as SVG text: points with whiskers, joined by lines or not."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 400, 56, 300, 40, 52
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288", "#882255", "#117733")


class Point(NamedTuple):
    """A value, and the least and the greatest of those that it is the mean of."""

    x: float
    y: float
    low: float
    high: float


def chart(title: str, x_label: str, y_label: str, series: dict[str, list[Point]], ticks: Sequence[str] = ()) -> str:
    """Draw a chart.

    Args:
        title: Its heading.
        x_label: What x is.
        y_label: What y is.
        series: The points of each name in the legend.
        ticks: Names of x = 0, 1, 2, ...; then points are not joined.
    """
    points = [point for some in series.values() for point in some]
    x_ticks = list(range(len(ticks))) if ticks else _nice([point.x for point in points])
    y_ticks = _nice([value for point in points for value in (point.low, point.high)])
    room = 0.5 if ticks else 0.0
    x_at = _scale((x_ticks[0] - room, x_ticks[-1] + room), (LEFT, WIDTH - RIGHT))
    y_at = _scale((y_ticks[0], y_ticks[-1]), (HEIGHT - BOTTOM, TOP))
    parts = [_text(LEFT, 20, title, "start", size=15), _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label)]
    parts.append(
        f'<g transform="translate(14 {(TOP + HEIGHT - BOTTOM) / 2:.1f}) rotate(-90)">{_text(0, 0, y_label)}</g>'
    )
    for y in y_ticks:
        parts.append(_line(LEFT, y_at(y), WIDTH - RIGHT, y_at(y), "#ddd"))
        parts.append(_text(LEFT - 6, y_at(y) + 4, f"{y:g}", "end"))
    for number, x in enumerate(x_ticks):
        # Names would run into each other on one line.
        below = 16 + 13 * (number % 2) if ticks else 18
        parts.append(_text(x_at(x), HEIGHT - BOTTOM + below, ticks[number] if ticks else f"{x:g}"))
    for number, (name, some) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        shift = (number - (len(series) - 1) / 2) * 9 if ticks else 0
        at = [(x_at(p.x) + shift, y_at(p.y), y_at(p.low), y_at(p.high)) for p in sorted(some)]
        if not ticks:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in at)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [_line(x, low, x, high, colour) for x, _, low, high in at]
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y, *_ in at]
        legend = TOP + 10 + 19 * number
        parts.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{legend}" r="5" fill="{colour}"/>')
        parts.append(_text(WIDTH - RIGHT + 32, legend + 4, name, "start"))
    style = 'font-family="sans-serif" role="img"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" {style}>'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", background, *parts, "</svg>"]) + "\n"


def _scale(values: tuple[float, float], pixels: tuple[float, float]) -> Callable[[float], float]:
    share = (pixels[1] - pixels[0]) / (values[1] - values[0])
    return lambda value: pixels[0] + (value - values[0]) * share


def _nice(values: Sequence[float]) -> list[float]:
    """Return four to nine round numbers that embrace the values."""
    least, most = min(values), max(values)
    span = max(most - least, 1e-6 + 0.01 * abs(most))
    step = 10 ** math.floor(math.log10(span / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 6)
    first, last = math.floor(least / step), math.ceil(most / step)
    return [round(step * number, 10) for number in range(first, max(last, first + 1) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", size: int = 12) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222"'
    return f"<text {place}>{escape(text)}</text>"
