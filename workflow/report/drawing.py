"""Draws charts as SVG that takes its colours from the page: the variables of its style are the only colours there.

Charts are as wide as a phone, so that their text stays readable there; a wider page sets them side by side. Every
mark and every name that was shortened says the whole of it to a pointer that rests on it.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Write = Callable[[float], str]
    """Writes a number of an axis."""

_WIDTH = 350.0
_TEXT = 11.0
_LINE = 13.5
_GAP = 8.0
_RIGHT = _WIDTH - 14.0
_ROW = 27.0
_STRIP = 34.0
_AXIS = 22.0
_TITLE = 16.0
_SPOTS = 190.0
_INK, _SOFT, _RULE = "var(--ink)", "var(--soft)", "var(--line)"
SERIES = tuple(f"var(--c{number})" for number in range(1, 6))
_LONGEST = 28
_MARGIN = 1.8
_MOST_TICKS = 6
_NEAR = 0.05
_NARROW, _BROAD = frozenset("iljtfrI.,:;|'!()[]/ -"), frozenset("mwMW@%")
_SHAPES = (
    '<circle cx="{x}" cy="{y}" r="4"',
    '<path d="M{x} {y}m-3.6 -3.6h7.2v7.2h-7.2z"',
    '<path d="M{x} {y}m0 -4.9l4.9 4.9l-4.9 4.9l-4.9 -4.9z"',
    '<path d="M{x} {y}m0 -4.6l4.6 8.4h-9.2z"',
    '<path d="M{x} {y}m0 4.6l4.6 -8.4h-9.2z"',
)


class Dots(Record):
    """Rows of values on one logarithmic axis: ``series`` maps a name to one value per row, None where there is none."""

    rows: Sequence[str]
    series: Mapping[str, Sequence[float | None]]
    label: Write


class NamedPoint(Record):
    """A named point of a scatter chart."""

    name: str
    x: float
    y: float
    series: int


class Strip(Record):
    """One row of bars: counts by decade, from ``first`` (exponent of ten) upwards, and a count before them all."""

    name: str
    zero: int
    first: int
    counts: Sequence[int]


class _Scale(Record):
    """Where numbers lie on an axis: ``low`` at the pixel ``start``, ``high`` at ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / ((self.high - self.low) or 1.0) * (self.end - self.start)


class _Sheet:
    """Collects what is drawn, from the back to the front."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def text(self, at: tuple[float, float], words: str, **how: str) -> None:
        """Write lines around a height; ``how`` may have an ``anchor``, a ``fill`` and a ``transform``."""
        anchor, fill = how.pop("anchor", "start"), how.pop("fill", _SOFT)
        turned = f' transform="{how.pop("transform")}"' if how else ""
        lines = words.split("\n")
        shown = [_short(line) for line in lines]
        whole = f"<title>{escape(words)}</title>" if shown != lines else ""
        for number, line in enumerate(shown):
            height = at[1] + _TEXT * 0.36 + (number - (len(lines) - 1) / 2) * _LINE
            place = (
                f'x="{at[0]:.1f}" y="{height:.1f}" text-anchor="{anchor}" font-size="{_TEXT:g}" fill="{fill}"{turned}'
            )
            self._drawn.append(f"<text {place}>{escape(line)}{whole}</text>")

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a line of the grid."""
        (left, top), (right, bottom) = start, end
        place = f'x1="{left:.1f}" y1="{top:.1f}" x2="{right:.1f}" y2="{bottom:.1f}"'
        self._drawn.append(f'<line {place} stroke="{_RULE}" stroke-width="0.8"/>')

    def bar(self, start: tuple[float, float], end: tuple[float, float], *, said: str) -> None:
        """Draw a bar between two corners."""
        (left, top), (right, bottom) = start, end
        place = f'x="{left:.2f}" y="{top:.2f}" width="{right - left:.2f}" height="{bottom - top:.2f}"'
        self._drawn.append(f'<rect {place} fill="{SERIES[0]}" fill-opacity="0.9"><title>{escape(said)}</title></rect>')

    def mark(self, at: tuple[float, float], said: str, *, series: int) -> None:
        """Draw a mark whose colour and shape tell its series."""
        shape = _SHAPES[series % len(_SHAPES)].format(x=f"{at[0]:.1f}", y=f"{at[1]:.1f}")
        how = f'fill="{SERIES[series % len(SERIES)]}" fill-opacity="0.9" stroke="var(--card)" stroke-width="0.8"'
        end = "circle" if shape.startswith("<circle") else "path"
        self._drawn.append(f"{shape} {how}><title>{escape(said)}</title></{end}>")

    def svg(self, title: str, height: float) -> str:
        """Return the chart, called ``title``, as an element that can stand in an HTML page."""
        box = f'viewBox="0 0 {_WIDTH:g} {height:.1f}" role="img" aria-label="{escape(title)}"'
        return f"<svg {box}>{''.join(self._drawn)}</svg>"


def draw_dots(title: str, dots: Dots) -> str:
    """Draw one line per row with a mark for each series; marks that lie on each other say "no difference"."""
    sheet = _Sheet()
    top = _legend(sheet, list(dots.series))
    most_lines = max([1, *(row.count("\n") + 1 for row in dots.rows)])
    step = _ROW + (most_lines - 1) * _LINE
    bottom = top + step * len(dots.rows)
    left = max((_width_of(row) for row in dots.rows), default=0.0) + 2 * _GAP
    values = [value for row in dots.series.values() for value in row if value]
    low, high = min(values, default=1.0), max(values, default=10.0)
    scale = _Scale(math.log10(low / _MARGIN), math.log10(high * _MARGIN), left, _RIGHT)
    for tick in _ticks(low, high):
        x = scale.at(math.log10(tick))
        sheet.line((x, top), (x, bottom))
        sheet.text((x, bottom + _AXIS / 2), dots.label(tick), anchor="middle")
    heights = [top + step * (number + 0.5) for number in range(len(dots.rows))]
    for row, y in zip(dots.rows, heights, strict=True):
        sheet.line((left, y), (_RIGHT, y))
        sheet.text((left - _GAP, y), row, anchor="end", fill=_INK)
    for number, (name, found) in enumerate(dots.series.items()):
        for value, row, y in zip(found, dots.rows, heights, strict=True):
            if value:
                place = row.replace("\n", " ")
                said = f"{name}, {place}: {dots.label(value)}"
                sheet.mark((scale.at(math.log10(value)), y), said, series=number)
    return sheet.svg(title, bottom + _AXIS)


def draw_spots(title: str, spots: Sequence[NamedPoint], *, labels: tuple[Write, str, str]) -> str:
    """Draw named points: size to the right, error upwards; an error of nothing lies on the lowest line."""
    write_x, x_title, y_title = labels
    sheet = _Sheet()
    positive = [spot.y for spot in spots if spot.y > 0]
    lowest, highest = _exponent(min(positive, default=1e-7)) - 1, _exponent(max(positive, default=1e-6)) + 1
    left, bottom = 56.0, _SPOTS + _GAP
    up = _Scale(lowest - 0.5, highest + 0.5, bottom, _GAP)
    steps = _steps(max((spot.x for spot in spots), default=1.0) * 1.12)
    right = _Scale(0.0, max((spot.x for spot in spots), default=1.0) * 1.12 or 1.0, left, _RIGHT)
    exponents = range(lowest, highest + 1)
    for each in exponents[:: max(1, len(exponents) // _MOST_TICKS)]:
        sheet.line((left, up.at(each)), (_RIGHT, up.at(each)))
        sheet.text((left - _GAP, up.at(each)), "0" if each == lowest else f"1e{each}", anchor="end")
    for size in steps:
        sheet.line((right.at(size), _GAP), (right.at(size), bottom))
        sheet.text((right.at(size), bottom + _AXIS / 2), write_x(size), anchor="middle")
    sheet.text(((left + _RIGHT) / 2, bottom + _AXIS + _TITLE / 2), x_title, anchor="middle")
    sheet.text((0, 0), y_title, anchor="middle", transform=f"translate(10 {(_GAP + bottom) / 2:.1f}) rotate(-90)")
    points = [(right.at(spot.x), up.at(math.log10(spot.y) if spot.y > 0 else lowest)) for spot in spots]
    for spot, at in zip(spots, points, strict=True):
        sheet.mark(at, f"{spot.name}: {write_x(spot.x)}, {spot.y:.1e}", series=spot.series)
    _name_spots(sheet, spots, points, left=left)
    return sheet.svg(title, bottom + _AXIS + _TITLE)


def draw_strips(title: str, strips: Sequence[Strip], *, x_title: str) -> str:
    """Draw one row of bars per strip, the longest bar of each as high as the row; the left one counts exact zeros."""
    sheet = _Sheet()
    first = min((strip.first for strip in strips if strip.counts), default=-7)
    last = max(max((strip.first + len(strip.counts) for strip in strips if strip.counts), default=-6), first + 1)
    left = max((_width_of(strip.name) for strip in strips), default=0.0) + 2 * _GAP
    scale = _Scale(first - 1.8, last + 0.1, left, _RIGHT)
    for number, strip in enumerate(strips):
        base = _STRIP * (number + 1)
        most = max(strip.zero, *strip.counts, 1)
        places = [first - 1.6, *(strip.first + count for count in range(len(strip.counts)))]
        names = ["no difference", *(f"1e{place} to 1e{place + 1}" for place in places[1:])]
        sheet.line((left, base), (_RIGHT, base))
        for place, name, count in zip(places, names, (strip.zero, *strip.counts), strict=True):
            if count:
                top = base - 0.8 * _STRIP * count / most
                said = f"{strip.name}, {name}: {count:,} elements"
                sheet.bar((scale.at(place), top), (scale.at(place + 0.92), base), said=said)
        sheet.text((left - _GAP, base - 0.25 * _STRIP), strip.name, anchor="end", fill=_INK)
    bottom = _STRIP * len(strips)
    sheet.text((scale.at(first - 1.14), bottom + _AXIS / 2), "0", anchor="middle")
    for tick in range(last, first - 1, (first - last) // 5):
        sheet.text((scale.at(tick), bottom + _AXIS / 2), f"1e{tick}", anchor="middle")
    sheet.text(((left + _RIGHT) / 2, bottom + _AXIS + _TITLE / 2), x_title, anchor="middle")
    return sheet.svg(title, bottom + _AXIS + _TITLE)


def _legend(sheet: _Sheet, names: Sequence[str]) -> float:
    """Write the name of each series beside its mark, in as many lines as it takes; return where they end."""
    x, y = 6.0, _LINE / 2
    for number, name in enumerate(names):
        width = 10.0 + _width_of(name)
        if number and x + width > _WIDTH:
            x, y = 6.0, y + 1.3 * _LINE
        sheet.mark((x, y), name, series=number)
        sheet.text((x + 9.0, y), name, fill=_INK)
        x += width + 1.5 * _GAP
    return y + _LINE if names else 0.0


def _name_spots(
    sheet: _Sheet, spots: Sequence[NamedPoint], points: Sequence[tuple[float, float]], *, left: float
) -> None:
    """Write the names beside the points; points that lie on each other share one text."""
    near = _NEAR * (_RIGHT - left)
    groups: list[tuple[tuple[float, float], list[str]]] = []
    for spot, (x, y) in zip(spots, points, strict=True):
        beside = (at for at in groups if abs(at[0][0] - x) < near and abs(at[0][1] - y) < _LINE)
        group = next(beside, None)
        if group is None:
            groups.append(((x, y), [spot.name]))
        else:
            group[1].append(spot.name)
    for (x, y), names in groups:
        beyond = x > left + 0.55 * (_RIGHT - left)
        text = _wrapped(names, (x - left if beyond else _RIGHT - x) - 2 * _GAP)
        sheet.text((x - 9.0 if beyond else x + 9.0, y), text, anchor="end" if beyond else "start", fill=_INK)


def _wrapped(names: Sequence[str], width: float) -> str:
    """Return names in a row, in lines of a width where they are shorter than it themselves."""
    lines = [""]
    for name in names:
        longer = f"{lines[-1]}, {name}" if lines[-1] else name
        if lines[-1] and (_width_of(longer) > width or len(longer) > _LONGEST):
            lines[-1] += ","
            longer = name
            lines.append("")
        lines[-1] = longer
    return "\n".join(lines)


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers for a logarithmic axis, no more than fit beside each other on a phone."""
    exponents = range(_exponent(low) - 1, _exponent(high) + 2)
    every = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    inside = [tick for tick in every if low / _MARGIN <= tick <= high * _MARGIN]
    while len(inside) > _MOST_TICKS:
        inside = inside[::2]
    return inside


def _steps(high: float) -> list[float]:
    """Return round numbers from nothing upwards, four or so."""
    rough = max(high, 1e-9) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * digit for digit in (1, 2, 2.5, 5, 10) if unit * digit >= rough)
    return [step * number for number in range(int(high / step) + 1)]


def _short(line: str) -> str:
    """Return a name as there is room for it beside a chart; the tables have it whole."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _width_of(text: str) -> float:
    """Return about how wide the widest line of a text is, in a broad typeface."""
    return max(sum(_width(letter) for letter in _short(line)) for line in text.split("\n")) * _TEXT


def _width(letter: str) -> float:
    return 0.38 if letter in _NARROW else 0.95 if letter in _BROAD or ord(letter) > 0x2E7F else 0.6  # noqa: PLR2004  han


def _exponent(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)
