"""The rows of a comparison: what is fitted, and how."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["tfidf-svm", "tfidf-lr", "frozen", "random", "fine-tuned"]


class Row(BaseModel):
    """One row: `encoder` as for train.py, `options` for it, `share` of the training part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    encoder: str = "compact"
    options: tuple[str, ...] = ()
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    @property
    def slug(self) -> str:
        """The name as a part of file names."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower()).strip("-")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rows: list[Row]


def read_rows(file: Path) -> list[Row]:
    """The rows that `file` (TOML) describes; raises ValueError for what is wrong with it."""
    rows = _File.model_validate(tomllib.loads(file.read_text("utf-8"))).rows
    if len({row.slug for row in rows}) < len(rows):
        raise ValueError(f"{file}: two rows have the same name")
    return rows
