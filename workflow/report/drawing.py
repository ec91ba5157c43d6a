"""Draws charts as SVG that takes its colours from the page: matplotlib draws, CSS variables colour.

Figures are as wide as a phone, so that their text stays readable there; a wider page sets them side by side.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base import locations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS_PER_INCH = 72
_WIDTH = 350.0
_TEXT = 11.0

# Stand-ins for CSS variables: colours that nothing else uses, replaced in the finished SVG.
_COLOURS = {
    "#c00a01": "var(--c1)",
    "#c00a02": "var(--c2)",
    "#c00a03": "var(--c3)",
    "#c00a04": "var(--c4)",
    "#c00a05": "var(--c5)",
    "#c00b01": "var(--ink)",
    "#c00b02": "var(--soft)",
    "#c00b03": "var(--line)",
    "#c00b04": "var(--card)",
}
SERIES = tuple(colour for colour in _COLOURS if colour.startswith("#c00a"))
_INK, _SOFT, _LINE, _CARD = (colour for colour in _COLOURS if colour.startswith("#c00b"))
_LONGEST = 36
_NEAR_X, _NEAR_Y = 0.05, 3.0
_MARKERS = ("o", "s", "D", "^", "v")


@dataclass(frozen=True)
class Canvas:
    """One chart to draw: its height in points, what it shows in words, and how to draw it."""

    name: str
    title: str
    height: float
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class Dots:
    """Rows of values on one logarithmic axis: ``series`` maps a name to one value per row, None where there is none."""

    rows: Sequence[str]
    series: Mapping[str, Sequence[float | None]]
    label: Callable[[float], str]


@dataclass(frozen=True)
class Spot:
    """A named point of a scatter chart."""

    name: str
    x: float
    y: float
    series: int


@dataclass(frozen=True)
class Strip:
    """One row of bars: counts by decade, from ``first`` (exponent of ten) upwards, and a count before them all."""

    name: str
    zero: int
    first: int
    counts: Sequence[int]


def svg(canvas: Canvas) -> str:
    """Draw a chart and return it as an SVG element that can stand in an HTML page."""
    os.environ.setdefault("MPLCONFIGDIR", str(locations.cache() / "matplotlib"))
    from matplotlib import rc_context  # noqa: PLC0415  half a second, for reports alone
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415  as above
    from matplotlib.figure import Figure  # noqa: PLC0415  as above

    settings: Any = {
        "svg.fonttype": "none",
        "text.parse_math": False,  # a name with dollars in it is a name
        "svg.hashsalt": canvas.name,
        "font.size": _TEXT,
        "font.family": "DejaVu Sans",
    }
    with rc_context(settings), warnings.catch_warnings():
        # the texts stay texts, and the page has fonts for the letters that matplotlib has none for
        warnings.filterwarnings("ignore", category=UserWarning, module="matplotlib|workflow")
        size = (_WIDTH / _POINTS_PER_INCH, canvas.height / _POINTS_PER_INCH)
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _calm(axes)
        canvas.draw(axes)
        return _page_ready(_rendered(figure), canvas)


def draw_dots(axes: Axes, dots: Dots) -> None:
    """Draw one line per row with a mark for each series; marks that lie on each other say "no difference"."""
    positions = range(len(dots.rows))
    for number, (name, values) in enumerate(dots.series.items()):
        found = [(value, row) for row, value in zip(positions, values, strict=True) if value]
        axes.plot(
            [value for value, _ in found],
            [row for _, row in found],
            linestyle="none",
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=7,
            color=SERIES[number % len(SERIES)],
            markeredgecolor=_CARD,
            markeredgewidth=0.8,
            alpha=0.9,
            label=_label(name),
        )
    axes.set_yticks(list(positions), [_label(row) for row in dots.rows], color=_INK)
    axes.set_ylim(len(dots.rows) - 0.5, -0.5)
    axes.grid(axis="y", color=_LINE, linewidth=0.8)
    _logarithmic(axes, [value for values in dots.series.values() for value in values if value], dots.label)
    _legend(axes, len(dots.series))


def draw_spots(axes: Axes, spots: Sequence[Spot], *, labels: tuple[Callable[[float], str], str, str]) -> None:
    """Draw named points: size to the right, error upwards; an error of nothing lies on the lowest line."""
    write_x, x_title, y_title = labels
    positive = [spot.y for spot in spots if spot.y > 0]
    floor = 10.0 ** (_exponent(min(positive, default=1e-7)) - 1)
    points = [(spot.x, spot.y or floor) for spot in spots]
    for spot, (x, y) in zip(spots, points, strict=True):
        colour = SERIES[spot.series % len(SERIES)]
        axes.plot(x, y, "o", markersize=8, color=colour, markeredgecolor=_CARD, markeredgewidth=0.8, alpha=0.9)
    axes.set_yscale("log")
    top = 10.0 ** (_exponent(max(positive, default=1e-6)) + 1)
    axes.set_ylim(floor / 3, top * 3)
    exponents = range(_exponent(floor), _exponent(top) + 1)
    exponents = exponents[:: max(1, len(exponents) // 6)]
    axes.set_yticks(
        [10.0**each for each in exponents], ["0" if each == exponents[0] else f"1e{each}" for each in exponents]
    )
    axes.minorticks_off()
    right = max((spot.x for spot in spots), default=1.0) * 1.12
    axes.set_xlim(0, right)
    axes.xaxis.set_major_formatter(lambda value, _: write_x(value))
    axes.locator_params(axis="x", nbins=4)
    axes.grid(color=_LINE, linewidth=0.8)
    axes.set_xlabel(x_title, color=_SOFT)
    axes.set_ylabel(y_title, color=_SOFT)
    _name_spots(axes, spots, points)


def draw_strips(axes: Axes, strips: Sequence[Strip], *, x_title: str) -> None:
    """Draw one row of bars per strip, the longest bar of each as high as the row; the left one counts exact zeros."""
    first = min((strip.first for strip in strips if strip.counts), default=-7)
    last = max((strip.first + len(strip.counts) for strip in strips if strip.counts), default=-6)
    last = max(last, first + 1)
    for row, strip in enumerate(strips):
        most = max(strip.zero, *strip.counts, 1)
        places = [first - 1.6, *(strip.first + number for number in range(len(strip.counts)))]
        heights = [0.8 * count / most for count in (strip.zero, *strip.counts)]
        axes.bar(
            places, [-height for height in heights], bottom=row, width=0.92, align="edge", color=SERIES[0], alpha=0.9
        )
        axes.axhline(row, color=_LINE, linewidth=0.8, zorder=0)
    axes.set_yticks([row - 0.25 for row in range(len(strips))], [_label(strip.name) for strip in strips], color=_INK)
    axes.set_ylim(len(strips) - 0.9, -0.85)
    step = -(-(last - first) // 5)
    ticks = list(range(last, first - 1, -step))
    axes.set_xticks([first - 1.14, *ticks], ["0", *(f"1e{tick}" for tick in ticks)])
    axes.set_xlim(first - 1.8, last + 0.1)
    axes.set_xlabel(x_title, color=_SOFT)


def _calm(axes: Axes) -> None:
    axes.set_facecolor("none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelcolor=_SOFT, pad=5)
    axes.set_axisbelow(True)


def _logarithmic(axes: Axes, values: Sequence[float], label: Callable[[float], str]) -> None:
    from matplotlib.ticker import NullFormatter, NullLocator  # noqa: PLC0415  as above

    low, high = min(values, default=1.0), max(values, default=10.0)
    ticks = [
        digit * 10.0**exponent for exponent in range(_exponent(low) - 1, _exponent(high) + 2) for digit in (1, 2, 5)
    ]
    inside = [tick for tick in ticks if low / 1.8 <= tick <= high * 1.8]
    while len(inside) > 6:  # noqa: PLR2004  more do not fit beside each other on a phone
        inside = inside[::2]
    axes.set_xscale("log")
    axes.set_xlim(low / 1.6, high * 1.6)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(inside, [label(tick) for tick in inside])


def _legend(axes: Axes, count: int) -> None:
    figure = axes.figure
    figure.legend(
        loc="outside upper left",
        ncols=min(count, 5),
        frameon=False,
        labelcolor=_INK,
        handletextpad=0.1,
        columnspacing=1.1,
        borderaxespad=0.0,
    )


def _name_spots(axes: Axes, spots: Sequence[Spot], points: Sequence[tuple[float, float]]) -> None:
    """Write the names beside the points; points that lie on each other share one text."""
    groups: list[tuple[tuple[float, float], list[str]]] = []
    left, right = axes.get_xlim()
    for spot, (x, y) in zip(spots, points, strict=True):
        near = (
            at for at in groups if abs(at[0][0] - x) < _NEAR_X * (right - left) and 1 / _NEAR_Y < at[0][1] / y < _NEAR_Y
        )
        group = next(near, None)
        if group is None:
            groups.append(((x, y), [spot.name]))
        else:
            group[1].append(spot.name)
    for (x, y), names in groups:
        beyond = x > 0.55 * right
        axes.annotate(
            _label(", ".join(map(_label, names)), longest=2 * _LONGEST),
            (x, y),
            xytext=(-9 if beyond else 9, 0),
            textcoords="offset points",
            ha="right" if beyond else "left",
            va="center",
            color=_INK,
        )


def _label(text: str, *, longest: int = _LONGEST) -> str:
    """Return a name as there is room for it beside a chart; the tables have it whole."""
    return "\n".join(line if len(line) <= longest else f"{line[:longest]}…" for line in text.split("\n"))


def _exponent(value: float) -> int:
    import math  # noqa: PLC0415  beside its only use

    return math.floor(math.log10(value) + 1e-9)


def _rendered(figure: Figure) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return target.getvalue()


def _page_ready(text: str, canvas: Canvas) -> str:
    """Keep the SVG element alone, without what would leak into the page: style rules, ids, fixed size, metadata."""
    text = text[text.index("<svg") :]
    for pattern in (r"<metadata>.*?</metadata>", r"<style type=\"text/css\">.*?</style>", r'(?<=<g) id="[^"]*"'):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    head, _, rest = text.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    label = canvas.title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box[0] if box else ""} role="img" aria-label="{label}">'
    text = head + rest
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    return re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
