"""Thresholds in the place of the model's own: a deployment's, or those of one request."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rasid.errors import ThresholdError
from rasid.manifest import Manifest

_FILE = "@"


def parse_thresholds(value: str) -> dict[str, float]:
    """Thresholds by label from `label=0.4,other=0.6`, or from the TOML file in `@file`.

    Raises `ValueError` naming the label whose value is not between 0 and 1, and the part or
    file that cannot be read. Whether the labels are any of the model's is not known here.
    """
    found: dict[str, object] = {}
    if value.startswith(_FILE):
        found = _read(Path(value.removeprefix(_FILE)))
    else:
        for part in filter(None, map(str.strip, value.split(","))):
            label, equals, number = map(str.strip, part.partition("="))
            if not equals or not label:
                raise ValueError(f"{part!r} is not like label=0.4")
            if label in found:
                raise ValueError(f"{label}: is given twice")
            found[label] = number
    return {label: _threshold(label, number) for label, number in found.items()}


def override(manifest: Manifest, thresholds: Mapping[str, float]) -> Manifest:
    """The manifest with these thresholds; what is in review never lies above them.

    Raises `ThresholdError` naming a label that the model does not have.
    """
    scoring = dict(manifest.scoring)
    for label, threshold in thresholds.items():
        if label not in scoring:
            raise ThresholdError(label, "is no label of the model")
        own = scoring[label]
        changes = {"threshold": threshold, "review": min(own.review, threshold)}
        scoring[label] = own.model_copy(update=changes)
    return manifest.model_copy(update={"scoring": scoring})


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file}: {error}") from None


def _threshold(label: str, number: object) -> float:
    try:
        threshold = float(number) if isinstance(number, str | int | float) else math.nan
    except (ValueError, OverflowError):
        threshold = math.nan
    if isinstance(number, bool) or not 0 <= threshold <= 1:
        raise ValueError(f"{label}: {number} is not between 0 and 1")
    return threshold
