"""Which labelled articles an encoder has learned from, carried from folder to folder.

What is made of a network has seen what that has seen: measured on such articles it would only
show what it remembers. Every folder of an encoder therefore names them, by hashes of their ids.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rasid.errors import SettingError
from training.articles import LabelledArticle

_FILE = "seen.json"
_DIGITS = 16


@dataclass(frozen=True)
class Seen:
    """Labelled articles learned from, as hashes of their ids, and the folds left out of them."""

    articles: frozenset[str] = frozenset()
    test_folds: frozenset[int] = frozenset()

    def __or__(self, other: "Seen") -> "Seen":
        return Seen(self.articles | other.articles, self.test_folds | other.test_folds)


NOTHING_SEEN = Seen()


def seen_by(articles: Iterable[LabelledArticle], test_fold: int | None) -> Seen:
    """The record of learning from `articles` with the fold `test_fold` left out."""
    folds = frozenset() if test_fold is None else frozenset({test_fold})
    return Seen(frozenset(_hash(article) for article in articles), folds)


def read_seen(folder: Path) -> Seen:
    """What the encoder in `folder` has seen; nothing where the folder has no record."""
    file = folder / _FILE
    if not file.is_file():
        return NOTHING_SEEN
    record = json.loads(file.read_text("utf-8"))
    return Seen(frozenset(record["articles"]), frozenset(record["test_folds"]))


def write_seen(seen: Seen, folder: Path) -> None:
    """Write the record into `folder`."""
    record = {"test_folds": sorted(seen.test_folds), "articles": sorted(seen.articles)}
    (folder / _FILE).write_text(json.dumps(record), "utf-8")


def refuse_seen(option: str, folders: Sequence[Path], test: Sequence[LabelledArticle]) -> None:
    """Raise `SettingError` where an encoder in `folders` has learned from an article of `test`."""
    for folder in folders:
        seen = read_seen(folder)
        known = sum(_hash(article) in seen.articles for article in test)
        if known:
            folds = ", ".join(map(str, sorted(seen.test_folds))) or "none"
            raise SettingError(
                f"{option}: {folder} has learned from {known} of the {len(test)} articles to be "
                f"measured on; folds left out when it was trained: {folds}"
            )


def _hash(article: LabelledArticle) -> str:
    return hashlib.sha256(article.id.encode()).hexdigest()[:_DIGITS]
