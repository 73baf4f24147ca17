"""Check labelled articles, and say what a model of them would suffer from.

python training/check.py DATA… [--held-out FILE…] [--out data-check]
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rasid.errors import RasidError
from rasid.taxonomy import read_taxonomy
from training.annotations import DATA_FORMATS, DataFormat
from training.articles import Collected, articles_of, collect_labelled
from training.check_text import full_text, save_report
from training.checks import DataReport, check_data
from training.duplicates import find_duplicates
from training.leaks import describe_leaks, find_leaks
from training.options import (
    DATA_HELP,
    ENVIRONMENT_NOTE,
    FORMAT_HELP,
    ROOT,
    parse_with_environment,
)

_HELD_OUT = "articles that must not be trained on: near-duplicates of them are problems"


@dataclass(frozen=True)
class CheckOptions:
    """Everything `check.py` is told."""

    data: tuple[Path, ...]
    held_out: tuple[Path, ...]
    format: DataFormat
    taxonomy: Path
    out: Path


def main(options: CheckOptions) -> DataReport:
    """Print the report and save it as JSON and text; returns it."""
    taxonomy = read_taxonomy(options.taxonomy)
    labels, earlier = taxonomy.labels, taxonomy.earlier
    found = collect_labelled(options.data, labels, options.format, earlier=earlier)
    report = check_data(
        [path.name for path in options.data],
        found,
        labels,
        find_duplicates(articles_of(found.articles)),
    )
    if options.held_out:
        held_out = collect_labelled(options.held_out, labels, options.format, earlier=earlier)
        problems = {
            "records held out": tuple(held_out.problems),
            "near-duplicates of held-out articles": tuple(leaked(found, held_out)),
        }
        report = replace(report, problems=report.problems | problems)
    print(full_text(report), end="")
    files = save_report(report, options.out)
    print(f"\nsaved {' and '.join(map(str, files))}")
    return report


def leaked(found: Collected, held_out: Collected) -> list[str]:
    """A line for every article that is nearly the same as one that is held out."""
    articles = [*found.articles, *held_out.articles]
    parts = ["data"] * len(found.articles) + ["held out"] * len(held_out.articles)
    duplicates = find_duplicates(articles_of(articles))
    return describe_leaks(articles, parts, find_leaks(parts, duplicates))


def parse_options(arguments: Sequence[str] | None = None) -> CheckOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="check.py",
        description="Check labelled articles; the code is 1 where there are problems.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("data", nargs="+", type=Path, help=DATA_HELP)
    add("--held-out", nargs="+", type=Path, default=[], help=_HELD_OUT)
    add("--format", choices=DATA_FORMATS, default="detect", help=FORMAT_HELP)
    add("--taxonomy", type=Path, default=ROOT / "data" / "taxonomy.toml", help="topics (TOML)")
    add("--out", type=Path, default=Path("data-check"), help="where to save it; .json and .txt")
    given = vars(parse_with_environment(parser, arguments))
    several = {name: tuple(given[name]) for name in ("data", "held_out")}
    return CheckOptions(**given | several)


if __name__ == "__main__":
    try:
        sys.exit(1 if any(main(parse_options()).problems.values()) else 0)
    except (RasidError, OSError) as error:
        sys.exit(f"{error}")
