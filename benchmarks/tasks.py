"""What rows are measured on: labelled articles in folds, and more articles to learn from."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer
from tqdm import tqdm

from benchmarks.rows import TaskName
from rasid.artifact import hash_file
from rasid.errors import SettingError
from rasid.normalization import normalize_tokenizer
from rasid.taxonomy import read_taxonomy
from training.archive import ArchiveArticle, find_shards, read_archive
from training.articles import DataError, LabelledArticle, read_labelled
from training.encoders import COMPACT, find_encoder
from training.join import read_labels
from training.unlabelled import KnownArticles

SECTIONS_SOURCE = "sanad_alkhaleej"
_ARTICLES_A_SECTION = 600


@dataclass(frozen=True)
class Task:
    """Articles in folds, and the labels that a row gives them.

    `files` are what `read` reads; where there are none, kept results can be shown and nothing
    can be fitted.
    """

    name: TaskName
    taxonomy: Path
    files: tuple[Path, ...]
    read: Callable[[Sequence[str]], list[LabelledArticle]]

    @property
    def single(self) -> bool:
        """Whether an article has exactly one label."""
        return self.name == "sections"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of scores."""
        return read_taxonomy(self.taxonomy).labels

    @cached_property
    def articles(self) -> list[LabelledArticle]:
        """All articles; raises `DataError` as reading them does."""
        return self.read(self.labels)

    @cached_property
    def hashes(self) -> list[str]:
        """sha256 of each file; raises `SettingError` where none is given."""
        if not self.files:
            raise SettingError(f"the articles of the task {self.name!r} are not given")
        return [hash_file(file) for file in self.files]


def topics(data: Path | None, taxonomy: Path) -> Task:
    """Security topics, any number for an article, in the folds that `data` gives."""
    files = (data,) if data else ()
    return Task("topics", taxonomy, files, lambda labels: read_labelled(files, labels))


def sections(archive: Path | None, others: Task, press_labels: Path, taxonomy: Path) -> Task:
    """Sections of a newspaper, one for an article: fold 0 is measured on, fold 1 trained on.

    Articles of the task `others`, and those that `press_labels` has labels for, are left out:
    an encoder may have learned from them on its way here.
    """
    shards = find_shards([archive]) if archive else []

    def read(labels: Sequence[str]) -> list[LabelledArticle]:
        known = {article.id for article in others.articles} | set(read_labels(press_labels))
        return read_sections(shards, labels, known)

    files = (*shards, *others.files, press_labels) if shards and others.files else ()
    return Task("sections", taxonomy, files, read)


def read_sections(
    shards: Sequence[Path],
    labels: Sequence[str],
    known: set[str],
    *,
    count: int = _ARTICLES_A_SECTION,
) -> list[LabelledArticle]:
    """By a hash of the id, of every section up to `count` to measure on and as many to train on.

    A text that is there twice is taken once, and nothing is trained on that is nearly an article
    to be measured on. Raises `DataError` where a section has fewer than two articles.
    """
    found: dict[str, list[ArchiveArticle]] = {label: [] for label in labels}
    texts: set[str] = set()
    archive = read_archive(shards, bad_input="skip", report=note)
    for article in tqdm(archive, desc="sections", unit=" articles", disable=None):
        section, text = (article.category or "").lower(), article.article.text
        if article.source != SECTIONS_SOURCE or section not in found or article.id in known:
            continue
        if text not in texts:
            texts.add(text)
            found[section].append(article)
    few = [label for label, articles in found.items() if len(articles) < 2]
    if few:
        raise DataError([f"{', '.join(map(str, shards))}: too few articles in {', '.join(few)}"])
    tested: list[LabelledArticle] = []
    left: dict[str, list[ArchiveArticle]] = {}
    for label, articles in found.items():
        articles.sort(key=lambda article: hashlib.sha256(article.id.encode()).hexdigest())
        place = min(count, len(articles) // 2)
        tested += [_labelled(article, label, fold=0) for article in articles[:place]]
        left[label] = articles[place:]
    tests, trained = KnownArticles(tested, normaliser()), []
    for label, articles in left.items():
        fresh = (article for article in articles if article not in tests)
        trained += [_labelled(article, label, fold=1) for article in islice(fresh, count)]
    return tested + trained


def more_articles(files: Sequence[Path], task: Task) -> list[LabelledArticle]:
    """Labelled articles of `files` to learn from beside those of `task`, in no fold.

    Those with the id of an article of the task are left out.
    """
    own = {article.id for article in task.articles}
    found = read_labelled(files, task.labels)
    fresh = [replace(each, fold=None) for each in found if each.id not in own]
    note(f"{len(fresh)} more articles; {len(found) - len(fresh)} left out, known by their id")
    return fresh


def normaliser() -> Tokenizer:
    """What linear models and the search for near-duplicates normalise texts with."""
    return Tokenizer.from_str(normalize_tokenizer(find_encoder(COMPACT).tokenizer_json, "light"))


def note(message: str) -> None:
    """Say something beside the tables, which go to standard output alone."""
    tqdm.write(message, file=sys.stderr)


def _labelled(article: ArchiveArticle, label: str, *, fold: int) -> LabelledArticle:
    named = replace(article.article, id=article.id)
    return LabelledArticle(named, frozenset({label}), fold=fold)
