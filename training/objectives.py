"""What the threshold of a label is set for: the best F1, or a least recall or precision."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rasid.errors import SettingError

_BOUND = re.compile(r"(recall|precision)\s*>=\s*(0?\.\d+)")
_DEFAULT = "default"
_FORMS = "f1, recall>=0.95 or precision>=0.9, with a share between 0 and 1"


@dataclass(frozen=True, slots=True)
class Objective:
    """The figure a threshold is set for; `least` is what recall or precision has to be."""

    figure: Literal["f1", "recall", "precision"] = "f1"
    least: float = 0.0

    def __str__(self) -> str:
        """As it is written in options and files."""
        return self.figure if self.figure == "f1" else f"{self.figure}>={self.least:g}"


def read_objectives(given: str | None, labels: Sequence[str]) -> dict[str, Objective]:
    """The objective of every label, F1 where `given` does not say otherwise.

    `given` has parts with commas between them, `label:objective` or an objective for all other
    labels; or it is a TOML file with `label = "objective"` and `default = "objective"`. Raises
    `SettingError` naming the part that cannot be used, or the label that is none.
    """
    parts = _file(Path(given)) if given and given.endswith(".toml") else _parts(given or "")
    if unknown := sorted(parts.keys() - {_DEFAULT, *labels}):
        raise SettingError(f"--objectives: no topic is called {', '.join(unknown)}")
    parsed = {name: _parse(name, text) for name, text in parts.items()}
    default = parsed.get(_DEFAULT, Objective())
    return {label: parsed.get(label, default) for label in labels}


def _parts(given: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, map(str.strip, given.split(","))):
        label, colon, objective = part.rpartition(":")
        name = label.strip() if colon else _DEFAULT
        if name in parts:
            raise SettingError(f"--objectives: {name} is given twice")
        parts[name] = objective.strip()
    return parts


def _file(file: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"--objectives: {file}: {error}") from None
    return {name: value if isinstance(value, str) else repr(value) for name, value in found.items()}


def _parse(name: str, text: str) -> Objective:
    if text == "f1":
        return Objective()
    found = _BOUND.fullmatch(text)
    if not found or not 0 < float(found[2]) < 1:
        raise SettingError(f"--objectives: {name}: {text!r} is none of {_FORMS}")
    return Objective("recall" if found[1] == "recall" else "precision", float(found[2]))
