"""Join labels that are kept apart from the articles with the archive that has the texts.

python training/join.py LABELS.jsonl --archive ARCHIVE… --out LABELLED.jsonl

Labels can be shared where texts cannot: a line of LABELS has an `id`, `labels`, and optionally
`unsure`, `unknown` and `fold`. The result is what `train.py` reads.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tqdm import tqdm

from rasid.errors import RasidError, SettingError
from training.archive import ArchiveArticle, find_shards, read_archive
from training.articles import DataError
from training.options import ENVIRONMENT_NOTE, parse_with_environment

_FIELDS = ("labels", "unsure", "unknown", "fold")


@dataclass(frozen=True)
class JoinOptions:
    """Everything `join.py` is told."""

    labels: Path
    archive: tuple[Path, ...]
    out: Path


def main(options: JoinOptions) -> Path:
    """Run every step in order and return the file of labelled articles."""
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    wanted = read_labels(options.labels)
    shards = find_shards(options.archive)
    # Texts that are missed because a line cannot be read are named at the end.
    articles = read_archive(shards, bad_input="skip", report=lambda problem: None)
    found = {
        article.id: article
        for article in tqdm(articles, desc="looking for the texts", unit=" articles")
        if article.id in wanted
    }
    missing = [f"{options.labels}: no text for id {name!r}" for name in wanted if name not in found]
    if missing:
        raise DataError(missing)
    write(options.out, wanted, found)
    print(f"wrote {options.out}: {len(wanted)} labelled articles")
    return options.out


def read_labels(file: Path) -> dict[str, dict[str, Any]]:
    """Lines by id; raises `DataError` with every line that is none, has no id, or one twice."""
    rows: dict[str, dict[str, Any]] = {}
    problems = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            problems.append(f"{file}:{number}: is not JSON in UTF-8: {error}")
            continue
        name = row.get("id") if isinstance(row, dict) else None
        if not isinstance(name, str) or not isinstance(row.get("labels"), list):
            problems.append(f"{file}:{number}: has no id or no list of labels")
        elif name in rows:
            problems.append(f"{file}:{number}: id {name!r} a second time")
        else:
            rows[name] = row
    if problems:
        raise DataError(problems)
    return rows


def write(file: Path, wanted: dict[str, dict[str, Any]], found: dict[str, ArchiveArticle]) -> None:
    """Write the articles in the order of their labels, beside `file` first, then in its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}.{os.getpid()}")
    with staging.open("w", encoding="utf-8") as target:
        for name, row in wanted.items():
            article = found[name].article
            joined = {"id": name, "source": found[name].source, "title": article.title}
            joined |= {"text": article.text} | {key: row[key] for key in _FIELDS if key in row}
            target.write(json.dumps(joined, ensure_ascii=False) + "\n")
    staging.replace(file)


def parse_options(arguments: Sequence[str] | None = None) -> JoinOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="join.py",
        description="Join labels with the texts of the archive they belong to.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("labels", type=Path, help="JSON lines with id and labels")
    add("--archive", nargs="+", type=Path, required=True, help="JSONL files, or folders of them")
    add("--out", type=Path, required=True, help="file to write, .jsonl")
    given = vars(parse_with_environment(parser, arguments))
    return JoinOptions(**given | {"archive": tuple(given["archive"])})


if __name__ == "__main__":
    try:
        main(parse_options())
    except (RasidError, OSError) as error:
        sys.exit(f"{error}")
