"""The rows of a comparison: what is fitted, on what, and how."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Kind = Literal["tfidf-svm", "tfidf-lr", "frozen", "random", "fine-tuned"]
TaskName = Literal["topics", "sections"]
Share = Annotated[float, Field(gt=0, le=1)]

REFERENCE: Kind = "tfidf-svm"
LINEAR: tuple[Kind, ...] = ("tfidf-svm", "tfidf-lr")
TRAINED: tuple[Kind, ...] = ("random", "fine-tuned")

# What the benchmark itself tells train.py.
_TAKEN = ("--format", "--encoder", "--taxonomy", "--out", "--version")
_SPLIT = ("--test-fold", "--no-hold-out", "--split", "--newest", "--leaks")
_WORKING = ("--work", "--resume", "--baseline", "--gate", "--against", "--force", "--no-gate")


class Row(BaseModel):
    """One row of the table; benchmarks/encoder.toml says what its fields mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    kind: Kind
    task: TaskName = "topics"
    encoder: str = "compact"
    options: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    folds: tuple[Annotated[int, Field(ge=0)], ...] = (0, 1, 2, 3, 4)
    share: Share = 1.0
    curve: tuple[Share, ...] = ()

    @field_validator("options")
    @classmethod
    def _are_free(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        own = _TAKEN + _SPLIT + _WORKING
        taken = [name for name in options if name.partition("=")[0] in own]
        if taken:
            raise ValueError(f"{', '.join(taken)}: set by the benchmark itself")
        return options

    @model_validator(mode="after")
    def _has_use_for_options(self) -> "Row":
        if self.options and self.kind not in TRAINED:
            raise ValueError(f"options: a row of the kind {self.kind} has none")
        return self

    @property
    def slug(self) -> str:
        """Task and name as a part of file names."""
        return re.sub(r"[\W_]+", "-", f"{self.task} {self.name}".lower()).strip("-")

    def encoder_on(self, fold: int) -> str:
        """The encoder for measuring on `fold`: what it learned from may depend on that."""
        return self.encoder.replace("{fold}", str(fold))

    def options_on(self, fold: int) -> list[str]:
        """The options for measuring on `fold`."""
        return [option.replace("{fold}", str(fold)) for option in self.options]

    def at(self, share: float) -> "Row":
        """The same row on `share` of the training part, on its first fold alone."""
        name = f"{self.name}, {100 * share:g} %"
        changes = {"name": name, "share": share, "folds": self.folds[:1], "curve": ()}
        return self.model_copy(update=changes)

    def is_beside(self, reference: "Row") -> bool:
        """Whether `reference` is a linear SVM that is fitted on the same articles."""
        same = (self.task, self.extra, self.share)
        return reference.kind == REFERENCE and same == (
            reference.task,
            reference.extra,
            reference.share,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rows: list[Row]


def read_rows(file: Path) -> list[Row]:
    """The rows that `file` (TOML) describes, each followed by those of its learning curve.

    Raises ValueError for what is wrong with it.
    """
    described = _File.model_validate(tomllib.loads(file.read_text("utf-8"))).rows
    rows = list(_with_curves(described))
    if len({row.slug for row in rows}) < len(rows):
        raise ValueError(f"{file}: two rows have the same name")
    return rows


def _with_curves(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from (row.at(share) for share in row.curve)
