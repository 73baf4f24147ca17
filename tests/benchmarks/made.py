"""A comparison at tiny size: rows, articles, an archive with sections; and the command."""

import contextlib
import io
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import encoder as benchmark
from benchmarks.cells import Cell
from tests.tiny import FILLER, VOCABULARY

ABOVE = "points above the SVM"
SECTIONS = ("Culture", "Finance", "Medical", "Politics", "Religion", "Sports", "Tech")
SHORT = '["--epochs", "1", "--window", "64", "--overlap", "8"]'
ROWS = f"""
[[rows]]
name = "SVM"
kind = "tfidf-svm"
curve = [0.5]

[[rows]]
name = "frozen"
kind = "frozen"
encoder = "ENCODER"
folds = [0]

[[rows]]
name = "random"
kind = "random"
encoder = "ENCODER"
options = {SHORT}

[[rows]]
name = "swift"
kind = "fine-tuned"
encoder = "swift"

[[rows]]
name = "SVM, more"
kind = "tfidf-svm"
extra = ["more"]

[[rows]]
name = "fine-tuned, more"
kind = "fine-tuned"
encoder = "ENCODER"
options = {SHORT}
extra = ["more"]

[[rows]]
name = "SVM"
kind = "tfidf-svm"
task = "sections"
folds = [0]

[[rows]]
name = "fine-tuned"
kind = "fine-tuned"
task = "sections"
encoder = "ENCODER"
options = {SHORT}
folds = [0]
"""
_WORDS = [*VOCABULARY.values(), "قصيدة رواية", "سهم بورصة", "طبيب علاج", "وزير برلمان"]


@dataclass(frozen=True)
class Answer:
    """What the command printed, and the code or message that it ended with."""

    out: str
    err: str
    ended: str | int | None

    def cells(self, table: str, row: str) -> dict[str, str]:
        """A row of a table by the names of the columns; tables go by that of the first one."""
        tables = [part.splitlines() for part in self.out.split("\n\n") if part.startswith("|")]
        (lines,) = [lines for lines in tables if _cells(lines[0])[0] == table]
        (found,) = [_cells(line) for line in lines[2:] if _cells(line)[0] == row]
        return dict(zip(_cells(lines[0])[1:], found[1:], strict=True))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def run(*told: object) -> Answer:
    """`python -m benchmarks.encoder` in this process."""
    out, err, ended = io.StringIO(), io.StringIO(), None
    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patched.setattr(sys, "argv", ["encoder", *map(str, told)])
        try:
            benchmark.main()
        except SystemExit as end:
            ended = end.code
    return Answer(out.getvalue(), err.getvalue(), ended)


def write_sections(file: Path, *, count: int) -> Path:
    """`count` generated articles of each section, told apart by two words, and other sources'."""
    chance = random.Random(1)
    rows = []
    for number in range(count):
        for section, words in zip(SECTIONS, _WORDS, strict=True):
            sentence = chance.choices([*FILLER, *words.split() * 4], k=40)
            row = {"id": f"{section}-{number}", "source": "sanad_alkhaleej", "category": section}
            rows.append({**row, "text": " ".join(sentence)})
    other = {"id": "other", "source": "elsewhere", "category": "Sports", "text": rows[0]["text"]}
    nameless = {"id": "nameless", "source": "sanad_alkhaleej", "text": rows[0]["text"]}
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in [*rows, other, nameless]]
    file.write_text("".join(lines), "utf-8")
    return file


def inputs(folder: Path) -> list[object]:
    """Arguments of the command for what the fixture `place` has in `folder`."""
    told = ["--described", folder / "rows.toml", "--results", folder / "results"]
    told += ["--sections", folder / "sections.jsonl", "--extra", f"more={folder / 'more.jsonl'}"]
    return [*told, "--work", folder / "work"]


def cells_in(place: Path) -> list[Cell]:
    """All cells of the rows in `place`."""
    options = benchmark._parser().parse_args(
        [str(place / "articles.jsonl"), *map(str, inputs(place))]
    )
    rows = benchmark.read_rows(options.described)
    return benchmark.cells_of(rows, benchmark._tasks(options), dict(options.extra))
