"""Quality beside speed, as a picture that can be read without colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

SUFFIXES = (".svg", ".png")
# Shapes first, then the same shapes filled.
_SHAPES = "os^Dv*Ph<>"


@dataclass(frozen=True)
class Point:
    """A row: seconds an article takes, micro- and macro-F1."""

    name: str
    seconds: float
    micro: float
    macro: float


def draw(points: Sequence[Point], file: Path, *, title: str) -> None:
    """Draw `points` into `file`, of a suffix in `SUFFIXES`; the same points give the same SVG."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True)
    for axis, measure in zip(axes, ("micro", "macro"), strict=True):
        for number, point in enumerate(points):
            shape = _SHAPES[number % len(_SHAPES)]
            filled = number >= len(_SHAPES)
            axis.plot(
                point.seconds,
                getattr(point, measure),
                shape,
                color="black",
                fillstyle="full" if filled else "none",
                label=point.name,
            )
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("seconds an article")
        axis.set_title(f"{measure}-F1", fontsize="medium")
        axis.grid(visible=True, linewidth=0.3)
    figure.suptitle(title, fontsize="medium")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize="small")
    file.parent.mkdir(parents=True, exist_ok=True)
    # Letters as text, so that the file is small; no date and no random ids in it.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rasid"}):
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)
