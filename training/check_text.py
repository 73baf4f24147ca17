"""The report on labelled data for people: a few lines, or all of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.checks import DataReport, Findings

_LISTED = 10


def summary(report: DataReport) -> str:
    """The report in a few lines."""
    found = report.duplicates
    lines = [
        f"{report.articles} articles, {report.without_label} of them without a label; "
        f"{report.words['median']} words in the middle, {report.words['longest']} at most",
        f"{found.pairs} pairs of near-duplicates, {found.same_words} of them with all words the "
        f"same; {report.languages['hardly Arabic']} articles hardly Arabic",
        *report.left_out,
        *(
            f"{kind}: {len(lines)}, the first: {lines[0]}"
            for findings in (report.problems, report.warnings)
            for kind, lines in findings.items()
            if lines
        ),
    ]
    return "\n".join(lines)


def full_text(report: DataReport) -> str:
    """The whole report; of long lists the beginning, all of which is in the JSON."""
    found = report.duplicates
    parts = [
        f"{report.articles} articles of {', '.join(report.files)}",
        *report.left_out,
        *_findings("problems", report.problems),
        *_findings("warnings", report.warnings),
        *_section("articles by label", _label_table(report)),
        *_section("articles by pair of labels", _pair_lines(report)),
        *_section("words that are read of an article", _values(report.words)),
        *_section("languages", _values(report.languages)),
        *_section("site furniture", _values(report.furniture)),
        *_section("dates", _values(report.dates)),
        *_section("folds", _values(report.folds)),
        *_section(
            f"near-duplicates: {found.pairs} pairs, {found.same_words} with all words the same, "
            f"{found.articles} articles",
            _some([" = ".join(group) for group in found.groups]),
        ),
    ]
    return "\n".join(parts) + "\n"


def save_report(report: DataReport, stem: Path) -> tuple[Path, Path]:
    """Write `stem`.json and `stem`.txt, each beside its place first; returns both."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    as_json = json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n"
    files = stem.with_name(f"{stem.name}.json"), stem.with_name(f"{stem.name}.txt")
    for file, text in zip(files, (as_json, full_text(report)), strict=True):
        staging = file.with_name(f".{file.name}.staging")
        staging.write_text(text, "utf-8")
        staging.replace(file)
    return files


def _findings(severity: str, findings: Findings) -> Iterator[str]:
    for kind, lines in findings.items():
        yield from _section(f"{severity}, {kind}: {len(lines)}", _some(lines))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield f"\n{title}"
        yield from (f"  {line}" for line in listed)


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_LISTED]
    if len(lines) > _LISTED:
        yield f"and {len(lines) - _LISTED} more"


def _label_table(report: DataReport) -> Iterator[str]:
    yield f"{'':24}{'articles':>9}{'unsure':>9}{'unknown':>9}"
    for label, count in report.labels.items():
        yield f"{label:24}{count.positives:>9}{count.unsure:>9}{count.unknown:>9}"
    yield f"{'none':24}{report.without_label:>9}"


def _pair_lines(report: DataReport) -> Iterator[str]:
    yield from _some([f"{' + '.join(p):50}{count:>7}" for p, count in report.pairs.items()])


def _values(values: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield f"{name}: " + ", ".join(f"{key} {count}" for key, count in value.items())
        else:
            yield f"{name}: {'-' if value is None else value}"
