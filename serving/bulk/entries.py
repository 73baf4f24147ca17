"""Entries: what the output says of one article, as a line of JSON and as a row of a table."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict

from rasid.answer import Answer
from serving.bulk.reading import Submitted

SEPARATOR = "|"
_COLUMNS = ("source", "line", "id", "labels", "review", "warnings", "problem")


class Entry(BaseModel):
    """The outcome for what stood in `line` of `source`: either a result or a problem."""

    model_config = ConfigDict(frozen=True)

    source: str
    line: int
    result: Answer | None = None
    problem: str | None = None

    @classmethod
    def of(cls, submitted: Submitted, outcome: Answer | str) -> "Entry":
        """The entry for `submitted`; an `outcome` that is a string is a problem."""
        if isinstance(outcome, str):
            return cls(source=submitted.source, line=submitted.line, problem=outcome)
        return cls(source=submitted.source, line=submitted.line, result=outcome)

    def to_json(self) -> bytes:
        """One line, with `result` or `problem` and not both."""
        absent = {"problem"} if self.problem is None else {"result"}
        return self.model_dump_json(exclude=absent).encode() + b"\n"

    def to_row(self, labels: Sequence[str]) -> dict[str, Any]:
        """A row: the columns of `write_csv`, lists still as lists."""
        row: dict[str, Any] = dict.fromkeys((*_COLUMNS, *labels))
        row |= {"source": self.source, "line": self.line, "problem": self.problem}
        if self.result is not None:
            topics = self.result.topics
            row |= {topic.label: topic.score for topic in topics}
            row |= {
                "id": self.result.id,
                "labels": self.result.labels,
                "review": [topic.label for topic in topics if topic.decision == "review"],
                "warnings": self.result.warnings,
            }
        return row


class CsvTable:
    """Entries as CSV: a column of scores for each of `labels`, and lists with `|` between."""

    def __init__(self, file: TextIO, labels: Sequence[str]) -> None:
        self._labels = labels
        self._writer = csv.DictWriter(file, (*_COLUMNS, *labels), lineterminator="\n")
        self._writer.writeheader()

    def write(self, entry: Entry) -> None:
        """Add the row of `entry`."""
        row = entry.to_row(self._labels)
        lists = {key: SEPARATOR.join(cell) for key, cell in row.items() if isinstance(cell, list)}
        self._writer.writerow(row | lists)


def read_entries(lines: Iterator[bytes]) -> Iterator[Entry]:
    """The entries that `to_json` wrote."""
    return (Entry.model_validate_json(line) for line in lines)
