"""Near-duplicates in different parts: what is measured would be partly remembered."""

from collections.abc import Sequence
from typing import Literal

from training.articles import LabelledArticle
from training.duplicates import Duplicates

LeakPolicy = Literal["refuse", "leave-out", "allow"]


def find_leaks(parts: Sequence[object], duplicates: Duplicates) -> list[tuple[int, int]]:
    """Rows of near-duplicates that are in different parts; those of a part None are in none."""
    return [
        (int(one), int(other))
        for one, other in duplicates.pairs
        if None not in (parts[one], parts[other]) and parts[one] != parts[other]
    ]


def describe_leaks(
    articles: Sequence[LabelledArticle], parts: Sequence[object], leaks: Sequence[tuple[int, int]]
) -> list[str]:
    """A line a leak, with both places."""
    return [
        f"{articles[one].place}: {articles[one].id!r} ({parts[one]}) is nearly the same as "
        f"{articles[other].id!r} ({parts[other]}) at {articles[other].place}"
        for one, other in leaks
    ]
