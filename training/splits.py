"""Which articles are trained on, tuned on and measured on."""

import datetime
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from training.articles import DataError, LabelledArticle
from training.duplicates import Duplicates
from training.leaks import LeakPolicy, describe_leaks, find_leaks
from training.split_record import PARTS, Part, SplitRecord
from training.stratify import TO_PLACE, by_time, stratify

# In the order of `PARTS`: a tenth to measure on, a tenth of the rest to tune on.
_SHARES = (0.1, 0.09, 0.81)
# Where the articles to measure on are given.
_REST_SHARES = (0.0, 0.1, 0.9)
_TRAIN = PARTS.index("train")
_NO_LABEL = ""
_ADVICE = (
    "near-duplicates are in different parts; --leaks leave-out trains without those of the test "
    "part, --leaks allow trains on them all the same"
)


@dataclass(frozen=True, slots=True)
class Split:
    """`train` moves the weights; `dev` stops training and sets calibration and thresholds.

    `test` is only ever measured on, and may be empty. `left_out` are in no part: they are too
    much like articles of another one. `groups` have the same number for ids of articles that
    near-duplicates link.
    """

    train: list[LabelledArticle]
    dev: list[LabelledArticle]
    test: list[LabelledArticle]
    left_out: tuple[LabelledArticle, ...] = ()
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def parts(self) -> dict[Part, list[LabelledArticle]]:
        """The parts by name."""
        return {"test": self.test, "dev": self.dev, "train": self.train}

    def groups_of(self, articles: Sequence[LabelledArticle]) -> NDArray[np.int64]:
        """The group of each article; one of its own where nothing is known of it."""
        last = max(self.groups.values(), default=0)
        own = range(last + 1, last + 1 + len(articles))
        found = [self.groups.get(a.id, n) for a, n in zip(articles, own, strict=True)]
        return np.array(found, np.int64)


def split_articles(
    articles: Sequence[LabelledArticle],
    duplicates: Duplicates,
    *,
    test_fold: int | None,
    hold_out: bool,
    recorded: SplitRecord | None = None,
    newest: bool = False,
    leaks: LeakPolicy = "refuse",
) -> Split:
    """Split so that near-duplicates are in one part and every label is in all of them.

    `duplicates` are of the rows of `articles`. The test part is the fold `test_fold` of the file
    as it is, or with `hold_out` a tenth of the articles, or nothing; `dev` is a tenth of the
    rest. With `newest` the test part has the newest articles, by the first report of what is
    told again in near-duplicates, and `dev` the next newest. Articles in `recorded` stay in
    their parts; with a test fold it is left aside. The same articles are split alike in any
    order.

    Given folds and recorded parts can leave near-duplicates in different parts. With 'refuse'
    that raises `DataError`, which names all of them; with 'leave-out' the one of the two that
    would be trained on, or tuned on, is left out; with 'allow' nothing is. Raises `DataError`
    as well where a part would be empty, and where the newest are asked for and an article has
    no day.
    """
    if test_fold is None:
        known = (recorded or SplitRecord()).parts_of(articles)
        parts = _drawn(articles, duplicates.groups, known, _SHARES, newest=newest)
        if not hold_out:
            parts = ["train" if part == "test" else part for part in parts]
    else:
        parts = _around_fold(articles, duplicates.groups, test_fold, newest=newest)
    found = find_leaks(parts, duplicates)
    if found and leaks == "refuse":
        raise DataError([*describe_leaks(articles, parts, found), _ADVICE])
    # The parts stand in the order in which they are kept whole.
    later = {max(leak, key=lambda row: PARTS.index(parts[row])) for leak in found}
    found_split = _split(articles, parts, later if leaks == "leave-out" else set())
    names = [article.id for article in articles]
    groups = dict(zip(names, duplicates.groups.tolist(), strict=True))
    return replace(found_split, groups=groups)


def cross_splits(split: Split, folds: int) -> list[Split]:
    """`folds` splits of what `split` trains and tunes on; each article is in one test part.

    Folds are drawn like parts: near-duplicates together, and labels evenly. The dev part is a
    tenth of the rest. Raises `DataError` where a part would be empty.
    """
    articles = [*split.train, *split.dev]
    numbers = split.groups_of(articles)
    groups = _groups(articles, numbers)
    sizes = np.array(list(map(len, groups)))
    free = np.full(len(groups), TO_PLACE)
    drawn = stratify(_counts(articles, groups), sizes, free, [1 / folds] * folds)
    fold_of = {row: int(f) for group, f in zip(groups, drawn, strict=True) for row in group}
    folded = [replace(article, fold=fold_of[row]) for row, article in enumerate(articles)]
    return [
        _split(articles, _around_fold(folded, numbers, fold, newest=False), set())
        for fold in range(folds)
    ]


def _split(
    articles: Sequence[LabelledArticle], parts: Sequence[Part], left_out: Collection[int]
) -> Split:
    """Articles by their parts, in the order they are given in, without the rows `left_out`."""
    by_part: dict[Part, list[LabelledArticle]] = {part: [] for part in PARTS}
    for row, (article, part) in enumerate(zip(articles, parts, strict=True)):
        if row not in left_out:
            by_part[part].append(article)
    if not by_part["dev"] or not by_part["train"]:
        raise DataError([f"{len(articles) - len(left_out)} articles are too few to split"])
    return Split(
        train=by_part["train"],
        dev=by_part["dev"],
        test=by_part["test"],
        left_out=tuple(articles[row] for row in sorted(left_out)),
    )


def _around_fold(
    articles: Sequence[LabelledArticle],
    groups: NDArray[np.int64],
    test_fold: int,
    *,
    newest: bool,
) -> list[Part]:
    """A part for each article: the test part is the fold, the others are drawn."""
    rest = np.array([article.fold != test_fold for article in articles], np.bool_)
    if rest.all():
        raise DataError([f"no article has fold {test_fold}"])
    others = [article for article, other in zip(articles, rest, strict=True) if other]
    known: list[Part | None] = [None] * len(others)
    drawn = iter(_drawn(others, groups[rest], known, _REST_SHARES, newest=newest))
    return [next(drawn) if other else "test" for other in rest]


def _drawn(
    articles: Sequence[LabelledArticle],
    numbers: NDArray[np.int64],
    known: Sequence[Part | None],
    shares: Sequence[float],
    *,
    newest: bool,
) -> list[Part]:
    """A part for each article: the known one, or the one that its group is drawn into."""
    groups = _groups(articles, numbers)
    sizes = np.array(list(map(len, groups)))
    placed = np.array([_placed({known[row] for row in group}) for group in groups])
    if newest:
        days = _days(articles)
        found = by_time(
            [min(days[row] for row in group) for group in groups], sizes, placed, shares
        )
    else:
        found = stratify(_counts(articles, groups), sizes, placed, shares)
    parts: list[Part] = ["train"] * len(articles)
    for group, part in zip(groups, found, strict=True):
        for row in group:
            parts[row] = known[row] or PARTS[part]
    return parts


def _groups(articles: Sequence[LabelledArticle], numbers: NDArray[np.int64]) -> list[list[int]]:
    """Rows by group, the largest first: the smaller ones then fill what is left.

    Of the same size they are in an order by chance, which the ids alone decide on: by id itself
    those of one source would come first and be trained on.
    """
    names = [hashlib.sha256(article.id.encode()).digest() for article in articles]
    groups: dict[int, list[int]] = {}
    for row in sorted(range(len(articles)), key=names.__getitem__):
        groups.setdefault(int(numbers[row]), []).append(row)
    return sorted(groups.values(), key=lambda group: (-len(group), names[group[0]]))


def _placed(parts: set[Part | None]) -> int:
    """The part a group is fixed to by those of its articles that have one.

    One that links articles of several parts comes to be trained on; the check for leaks tells.
    """
    fixed = parts - {None}
    if len(fixed) > 1:
        return _TRAIN
    return next((PARTS.index(part) for part in fixed if part), TO_PLACE)


def _counts(
    articles: Sequence[LabelledArticle], groups: Sequence[Sequence[int]]
) -> NDArray[np.int64]:
    """Articles by group and label, with a column for those without one: (groups, labels)."""
    held = [article.labels or {_NO_LABEL} for article in articles]
    columns = {label: column for column, label in enumerate(sorted(set().union(*held)))}
    counts = np.zeros((len(groups), len(columns)), np.int64)
    for place, group in enumerate(groups):
        for row in group:
            for label in held[row]:
                counts[place, columns[label]] += 1
    return counts


def _days(articles: Sequence[LabelledArticle]) -> list[datetime.date]:
    days = [article.day for article in articles]
    missing = [
        f"{article.place}: date: is no full date (2025-01-31) to split by"
        for article, day in zip(articles, days, strict=True)
        if day is None
    ]
    if missing:
        raise DataError(missing)
    return [day for day in days if day]
