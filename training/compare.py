"""Measure a version on labelled articles, or two versions against each other.

python training/compare.py A [B] [--articles FILE…] [--flips FILE]

A is the newer one of the two. Whether they were trained on the articles is for the caller to know.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rasid.classifier import Classifier
from rasid.errors import RasidError
from rasid.runtime import cpu_quota
from training.comparison import Answers, Change, Comparison, HeldOut, compare, renamed
from training.flips import Flip, count_flips, describe_flip, find_flips, with_evidence
from training.held_out import read_held_out
from training.metrics import measure, table
from training.options import DATA_HELP, ENVIRONMENT_NOTE, ROOT, parse_with_environment
from training.report import articles_by_set
from training.trial import Remembering, answers_of, match_labels

_LISTED = 20


@dataclass(frozen=True)
class CompareOptions:
    """Everything `compare.py` is told."""

    version: Path
    other: Path | None
    articles: tuple[Path, ...]
    flips: Path | None


def main(options: CompareOptions) -> Comparison | None:
    """Print what was measured; returns the comparison where there are two versions."""
    folders = [options.version, *([options.other] if options.other else [])]
    new, *others = (Remembering.load(folder, threads=cpu_quota()) for folder in folders)
    taxonomy = new.manifest.taxonomy
    part = read_held_out(options.articles, taxonomy, *(o.manifest.taxonomy for o in others))
    answers = answers_of(new, new.manifest.scoring, part)
    print(_measured(new, part, answers), end="\n\n")
    if not others:
        return None
    (old,) = others
    same, apart = match_labels(taxonomy, old.manifest.taxonomy)
    its = answers_of(old, old.manifest.scoring, part)
    print(_measured(old, part, renamed(its, same)), end="\n\n")
    (comparison,) = compare([part], [answers], [its], same)
    print("\n".join(_lines(comparison, apart)))
    flips = find_flips(part, its, answers, (old.manifest.scoring, new.manifest.scoring), same)
    _report_flips(flips, part, (old, new), same, options.flips)
    return comparison


def parse_options(arguments: Sequence[str] | None = None) -> CompareOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="compare.py",
        description="Measure a version on labelled articles, or two against each other.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("version", type=Path, help="folder of the version")
    add("other", type=Path, nargs="?", help="folder of the version to compare it with")
    gate = ROOT / "data" / "gate.jsonl"
    add("--articles", nargs="+", type=Path, default=[gate], help=DATA_HELP)
    add("--flips", type=Path, help="file for all changed decisions, with evidence, as JSONL")
    given = parse_with_environment(parser, arguments)
    return CompareOptions(given.version, given.other, tuple(given.articles), given.flips)


def _measured(model: Classifier, part: HeldOut, answers: Answers) -> str:
    return table(
        measure(
            answers.scores,
            part.gold(answers.labels),
            answers.thresholds,
            answers.labels,
            data=part.name,
            model=f"{model.manifest.name} {model.manifest.version}",
        )
    )


def _lines(comparison: Comparison, apart: dict[str, str]) -> list[str]:
    head = f"{'':24}{'n':>6}{'before':>8}{'now':>8}{'difference':>26}{'p':>8}"
    rows = {"micro-F1": comparison.micro, "macro-F1": comparison.macro} | comparison.labels
    changes = [f"{name:24}{_change(change)}" for name, change in rows.items()]
    return [head, *changes, *(f"{label}: {why}" for label, why in apart.items())]


def _change(change: Change) -> str:
    def figure(value: float | None) -> str:
        return "-" if value is None else format(value, ".3f")

    inside = change.interval
    difference = "-" if change.difference is None else format(change.difference, "+.3f")
    spread = f"{difference} [{inside.low:+.3f}, {inside.high:+.3f}]" if inside else difference
    return (
        f"{change.positives:>6}{figure(change.served):>8}{figure(change.candidate):>8}"
        f"{spread:>26}{figure(change.p):>8}  {change.outcome}"
    )


def _report_flips(
    flips: Sequence[Flip],
    part: HeldOut,
    models: tuple[Classifier, Classifier],
    labels: dict[str, str],
    file: Path | None,
) -> None:
    counts = ", ".join(f"{number} {effect}" for effect, number in count_flips(flips).items())
    print(f"\n{len(flips)} decisions changed: {counts}")
    print("\n".join(map(describe_flip, flips[:_LISTED])))
    if file:
        whole = with_evidence(flips, articles_by_set([part]), models, labels)
        with file.open("w", encoding="utf-8") as target:
            for flip in whole:
                target.write(json.dumps(asdict(flip), ensure_ascii=False) + "\n")
        print(f"all of them, with evidence: {file}")


if __name__ == "__main__":
    try:
        main(parse_options())
    except (RasidError, OSError) as error:
        sys.exit(f"{error}")
