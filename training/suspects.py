"""Rank the labels that are most likely wrong, for annotators to look at again.

python training/suspects.py DATA… [--scores out-of-fold.jsonl] [--tool label-studio]
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rasid.errors import RasidError, SettingError
from rasid.taxonomy import read_taxonomy
from training.annotations import DATA_FORMATS, DataFormat
from training.articles import articles_of, read_labelled
from training.duplicates import find_duplicates, plain_normaliser
from training.for_annotators import TOOLS, Tool, write_suspects
from training.kept_scores import load_scores
from training.label_noise import Suspect, find_suspects, linear_scores
from training.options import (
    DATA_HELP,
    ENVIRONMENT_NOTE,
    FORMAT_HELP,
    ROOT,
    natural,
    parse_with_environment,
)

_SCORES = "scores out of folds that train.py --folds kept; else those of a linear model"
_ANNOTATOR = "id of an Argilla user, whose responses the labels become"
_OUT = {"label-studio": "suspects.json", "doccano": "suspects.jsonl", "argilla": "suspects.json"}


@dataclass(frozen=True)
class SuspectOptions:
    """Everything `suspects.py` is told."""

    data: tuple[Path, ...]
    format: DataFormat
    taxonomy: Path
    scores: Path | None
    count: int
    tool: Tool
    annotator: str | None
    out: Path | None
    seed: int


def main(options: SuspectOptions) -> list[Suspect]:
    """Write the first suspects for the tool, print what they are; returns them."""
    out = options.out or Path(_OUT[options.tool])
    if out.suffix != Path(_OUT[options.tool]).suffix:
        raise SettingError(f"--out: {out} is not named like what {options.tool} imports")
    taxonomy = read_taxonomy(options.taxonomy)
    labels = taxonomy.labels
    articles = read_labelled(options.data, labels, options.format, earlier=taxonomy.earlier)
    if options.scores:
        articles, scores = load_scores(options.scores, articles, labels)
    else:
        groups = find_duplicates(articles_of(articles)).groups
        scores = linear_scores(articles, labels, groups, plain_normaliser(), seed=options.seed)
    found = find_suspects(articles, scores, labels)
    print(f"{len(found)} of {len(articles)} articles have a label that is likely wrong")
    for label in labels:
        doubts = [doubt for suspect in found for doubt in suspect.doubts if doubt.label == label]
        given = sum(doubt.given for doubt in doubts)
        print(f"  {label}: {given} given wrongly, {len(doubts) - given} missing")
    suspects = found[: options.count]
    write_suspects(suspects, options.tool, out, annotator=options.annotator)
    print(f"wrote the first {len(suspects)} for {options.tool} to {out}")
    return suspects


def parse_options(arguments: Sequence[str] | None = None) -> SuspectOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="suspects.py",
        description="Rank the labels that are most likely wrong.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("data", nargs="+", type=Path, help=DATA_HELP)
    add("--format", choices=DATA_FORMATS, default="detect", help=FORMAT_HELP)
    add("--taxonomy", type=Path, default=ROOT / "data" / "taxonomy.toml", help="topics (TOML)")
    add("--scores", type=Path, help=_SCORES)
    add("--count", type=natural, default=200, help="articles to write")
    add("--tool", choices=TOOLS, default="label-studio", help="what is to import them")
    add("--annotator", help=_ANNOTATOR)
    add("--out", type=Path, help="file to write; by default suspects.json, doccano's .jsonl")
    add("--seed", type=natural, default=17, help="seed of every random choice")
    given = vars(parse_with_environment(parser, arguments))
    return SuspectOptions(**given | {"data": tuple(given["data"])})


if __name__ == "__main__":
    try:
        main(parse_options())
    except (RasidError, OSError) as error:
        sys.exit(f"{error}")
