"""The report as one page that needs nothing else: no network, no colour, no second file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATE = "report.html.jinja"
_SIDE = 100.0


def render_page(report: dict[str, Any]) -> str:
    """The page of a report (`training.report`), in Arabic and English."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": _figure, "signed": _signed, "line": _line, "at": _at}
    return environment.get_template(_TEMPLATE).render(report=report)


def _figure(value: float | None, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{digits}f}"


def _signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def _at(point: Sequence[float]) -> dict[str, float]:
    """Where a point with coordinates from 0 to 1 lies in a plot."""
    return {"x": round(point[0] * _SIDE, 1), "y": round((1 - point[1]) * _SIDE, 1)}


def _line(points: Sequence[Sequence[float]]) -> str:
    """The points of an SVG polyline."""
    places = [_at(point) for point in points]
    return " ".join(f"{place['x']},{place['y']}" for place in places)
