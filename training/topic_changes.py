"""What became of topics between two taxonomies, and which of their labels can be compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rasid.taxonomy import Taxonomy, TopicDefinition

Change = Literal["same", "renamed", "redefined", "merged", "split", "added", "removed"]


@dataclass(frozen=True)
class TopicChange:
    """A topic in two taxonomies: its labels `before` and `after`, and what happened between.

    Only where `comparable` are there gold labels and scores that mean the same in both; it has
    then one label on either side. `why` says it in a sentence.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    change: Change
    comparable: bool
    why: str


def compare_topics(before: Taxonomy, after: Taxonomy) -> list[TopicChange]:
    """Every topic of both once, in the order of `after`, removed ones last.

    It does not matter which one is newer: that a topic is read as another is looked up in both
    (`TopicDefinition.was`). A topic is the same one as long as one topic stands on either side;
    one that is defined in other words is compared, as gold labels are given anew or not by the
    user's own choice, and is told from an unchanged one.
    """
    changes = [
        _change(olds, news) for olds, news in _linked(list(before.topics), list(after.topics))
    ]
    order = (*after.labels, *before.labels)
    return sorted(changes, key=lambda change: order.index((*change.after, *change.before)[0]))


def comparable_labels(before: Taxonomy, after: Taxonomy) -> dict[str, str]:
    """Labels of `after` that can be compared, each with its label in `before`."""
    return {
        change.after[0]: change.before[0]
        for change in compare_topics(before, after)
        if change.comparable
    }


Topics = list[TopicDefinition]


def _linked(before: Topics, after: Topics) -> Iterator[tuple[Topics, Topics]]:
    """Topics that are connected by their ids, directly or through others: (before, after)."""
    left = before.copy()
    rest = after.copy()
    while left or rest:
        olds, news = (left[:1], []) if left else ([], rest[:1])
        grown = -1
        while len(olds) + len(news) != grown:
            grown = len(olds) + len(news)
            news = [new for new in rest if new in news or any(_same(old, new) for old in olds)]
            olds = [old for old in left if old in olds or any(_same(old, new) for new in news)]
        left = [old for old in left if old not in olds]
        rest = [new for new in rest if new not in news]
        yield olds, news


def _same(one: TopicDefinition, other: TopicDefinition) -> bool:
    return one.id == other.id or one.id in other.was or other.id in one.was


def _change(olds: Topics, news: Topics) -> TopicChange:
    before, after = (tuple(topic.id for topic in side) for side in (olds, news))

    def told(change: Change, why: str, *, comparable: bool = False) -> TopicChange:
        return TopicChange(before, after, change, comparable, why)

    if not olds:
        return told("added", f"{after[0]} is a new topic")
    if not news:
        return told("removed", f"{before[0]} is no topic any more")
    if len(olds) > 1:
        return told("merged", f"{', '.join(before)} are read as {', '.join(after)}")
    if len(news) > 1:
        return told("split", f"{before[0]} is {', '.join(after)} here")
    (old,), (new,) = olds, news
    if old.id != new.id:
        return told("renamed", f"{old.id} is {new.id} now", comparable=True)
    if (old.definition, old.excludes) != (new.definition, new.excludes):
        return told("redefined", f"{new.id} is defined in other words", comparable=True)
    return told("same", f"{new.id} is unchanged", comparable=True)
