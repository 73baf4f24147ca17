"""Two models on the same articles: what is better, what is worse, and what nobody can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rasid.scores import Floats
from training.articles import LabelledArticle
from training.bootstrap import (
    LEVEL,
    Interval,
    chance_of_no_drop,
    count,
    f1,
    holm,
    interval,
    macro_f1,
    micro_f1,
    resample,
)
from training.gold import Decisions, Gold
from training.metrics import gold_of

Outcome = Literal["worse", "better", "no difference", "cannot be judged"]

MIN_POSITIVES = 20
"""With fewer articles of a label, copies counted once, a bootstrap says little."""

_CANDIDATE, _SERVED = 0, 1


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Articles that models are measured on, with the numbers of their near-duplicates' groups.

    `why_not` says why figures on them are shown but do not count, where that is so; `left_out` are
    ids of articles that a model has learned. A label that none of the articles has was not looked
    for in them, and counts nowhere.
    """

    name: str
    articles: list[LabelledArticle]
    groups: NDArray[np.int64]
    why_not: str = ""
    left_out: tuple[str, ...] = ()

    def gold(self, labels: Sequence[str]) -> Gold:
        """Gold labels in the order of `labels`."""
        whole = gold_of(self.articles, labels)
        return Gold(whole.given, whole.known & whole.given.any(0))


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of articles: scores (articles, labels) and thresholds (labels,)."""

    labels: tuple[str, ...]
    scores: Floats
    thresholds: Floats

    @property
    def decided(self) -> Decisions:
        """Which labels are assigned, (articles, labels)."""
        assigned: Decisions = self.scores >= self.thresholds
        return assigned

    def of(self, labels: Sequence[str]) -> "Answers":
        """The same for some of the labels, in their order."""
        columns = [self.labels.index(label) for label in labels]
        return Answers(tuple(labels), self.scores[:, columns], self.thresholds[columns])


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of both models; `interval` is of the difference, `p` of 'not worse'.

    `positives` counts articles, `stories` their groups of near-duplicates. `p` is corrected for
    all labels that were judged (Holm); that of micro- and macro-F1, where the interval decides, is
    as it is.
    """

    positives: int
    stories: int
    served: float | None
    candidate: float | None
    interval: Interval | None
    p: float | None
    outcome: Outcome

    @property
    def difference(self) -> float | None:
        """How much better the candidate is."""
        if self.candidate is None or self.served is None:
            return None
        return self.candidate - self.served


@dataclass(frozen=True)
class Comparison:
    """Candidate and served model on one set of articles."""

    data: str
    articles: int
    why_not: str
    micro: Change
    macro: Change
    labels: dict[str, Change]


def compare(
    held_out: Sequence[HeldOut],
    candidate: Sequence[Answers],
    served: Sequence[Answers],
    labels: Mapping[str, str],
) -> list[Comparison]:
    """Compare two models' answers on every set, by the labels that mean the same to both.

    `labels` maps the candidate's names of them to those of the served model.

    A label is worse where its F1 drops with a p-value below 5 %, Holm-corrected over all labels
    of all sets that count; micro- and macro-F1 are where the interval of the difference lies
    below 0; macro-F1 is of the labels that can be judged. With fewer than `MIN_POSITIVES` stories
    nothing can be.
    """
    found = [
        _compare(part, new.of([*labels]), renamed(old, labels))
        for part, new, old in zip(held_out, candidate, served, strict=True)
    ]
    places = [
        (number, label)
        for number, comparison in enumerate(found)
        for label, change in comparison.labels.items()
        if change.p is not None and not comparison.why_not
    ]
    corrected = holm([found[number].labels[label].p or 0.0 for number, label in places])
    by_place = dict(zip(places, corrected, strict=True))
    return [
        replace(
            comparison,
            labels={
                label: _judged(change, by_place.get((number, label)))
                for label, change in comparison.labels.items()
            },
        )
        for number, comparison in enumerate(found)
    ]


def _judged(change: Change, p: float | None) -> Change:
    """The change of a label with its corrected p-value, where it counts."""
    if p is None:
        return change
    outcome: Outcome = "better" if change.outcome == "better" else "no difference"
    if p < 1 - LEVEL and (change.difference or 0.0) < 0:
        outcome = "worse"
    return replace(change, p=p, outcome=outcome)


def renamed(answers: Answers, labels: Mapping[str, str]) -> Answers:
    """Another version's answers under the names of `labels`, which maps them to its own."""
    its = answers.of([*labels.values()])
    return Answers(tuple(labels), its.scores, its.thresholds)


def _compare(held_out: HeldOut, candidate: Answers, served: Answers) -> Comparison:
    gold = held_out.gold(candidate.labels)
    # (articles, models, labels, 3): both are drawn together.
    counts = np.stack([count(each.decided, gold) for each in (candidate, served)], axis=1)
    rounds, sums = resample(counts, held_out.groups), counts.sum(0)
    stories = [_stories(held_out, column) for column in gold.given.T]
    each, drawn = f1(sums), f1(rounds)
    enough = np.array(stories) >= MIN_POSITIVES
    labels = {
        label: _change(
            each[:, column], drawn[:, :, column], int(gold.given[:, column].sum()), stories[column]
        )
        for column, label in enumerate(candidate.labels)
    }
    any_given: Decisions = gold.given.sum(axis=1) > 0
    overall = int(gold.given.sum()), _stories(held_out, any_given)
    return Comparison(
        data=held_out.name,
        articles=len(held_out.articles),
        why_not=held_out.why_not,
        micro=_change(micro_f1(sums), micro_f1(rounds), *overall),
        # A mean follows a label of three articles like any other.
        macro=_change(macro_f1(sums[:, enough]), macro_f1(rounds[:, :, enough]), *overall),
        labels=labels,
    )


def _stories(held_out: HeldOut, given: Decisions) -> int:
    return len(np.unique(held_out.groups[given]))


def _change(both: Floats, rounds: Floats, positives: int, stories: int) -> Change:
    """The change of a figure; `both` (models,), `rounds` (rounds, models)."""
    differences = rounds[:, _CANDIDATE] - rounds[:, _SERVED]
    inside = interval(differences)
    outcome: Outcome = "no difference"
    if stories < MIN_POSITIVES or inside is None:
        outcome = "cannot be judged"
    elif inside.high < 0:
        outcome = "worse"
    elif inside.low > 0:
        outcome = "better"
    return Change(
        positives=positives,
        stories=stories,
        served=_number(both[_SERVED]),
        candidate=_number(both[_CANDIDATE]),
        interval=inside,
        p=None if outcome == "cannot be judged" else chance_of_no_drop(differences),
        outcome=outcome,
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
