"""Articles whose decisions changed between two versions, the worst changes first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from rasid.article import Article
from rasid.classification import Decision, Topic
from rasid.classifier import Classifier
from rasid.scores import LabelScoring
from training.comparison import Answers, HeldOut

Effect = Literal["now wrong", "other", "now right"]

_EFFECTS: tuple[Effect, ...] = ("now wrong", "other", "now right")


@dataclass(frozen=True)
class Side:
    """What one version says: score, decision, and the passages that show why, if it has any."""

    score: float
    threshold: float
    decision: Decision
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flip:
    """A label on which two versions decide otherwise in one article.

    'now wrong' and 'now right' are changes of whether the label is assigned, judged by its gold
    label; 'other' are changes to or from review that leave that as it was, and of labels that
    nobody has decided.
    """

    data: str
    id: str
    title: str
    label: str
    holds: bool | None
    effect: Effect
    before: Side
    after: Side


def find_flips(
    part: HeldOut,
    before: Answers,
    after: Answers,
    scoring: tuple[Mapping[str, LabelScoring], Mapping[str, LabelScoring]],
    labels: Mapping[str, str],
) -> list[Flip]:
    """All changes of decisions between two versions, without evidence, worst first.

    `scoring` is of the versions before and after; `labels` maps names of the version after to
    those of the one before. First come labels that are now wrong, last those that are now right,
    each by how far the score moved.
    """
    gold = part.gold(list(labels))
    found = []
    for column, (label, earlier) in enumerate(labels.items()):
        old, new = before.labels.index(earlier), after.labels.index(label)
        for row, article in enumerate(part.articles):
            was = _side(before.scores[row, old], scoring[0][earlier])
            now = _side(after.scores[row, new], scoring[1][label])
            if was.decision == now.decision:
                continue
            holds = bool(gold.given[row, column]) if gold.known[row, column] else None
            title = article.article.title or article.article.text[:80]
            effect = _effect(was, now, holds)
            found.append(Flip(part.name, article.id, title, label, holds, effect, was, now))
    return sort_flips(found)


def sort_flips(flips: Iterable[Flip]) -> list[Flip]:
    """The worst first."""
    return sorted(
        flips,
        key=lambda flip: (
            _EFFECTS.index(flip.effect),
            -abs(flip.after.score - flip.before.score),
        ),
    )


def with_evidence(
    flips: Sequence[Flip],
    articles: Mapping[tuple[str, str], Article],
    models: tuple[Classifier, Classifier],
    labels: Mapping[str, str],
) -> Iterator[Flip]:
    """The flips with each version's evidence; `articles` are by set and id.

    A version that rejects a label shows none.
    """
    read: dict[tuple[str, str], list[dict[str, Topic]]] = {}
    for flip in flips:
        key = flip.data, flip.id
        if key not in read:
            read[key] = [
                {topic.label: topic for topic in model.classify(articles[key]).topics}
                for model in models
            ]
        before, after = read[key]
        yield replace(
            flip,
            before=replace(flip.before, evidence=_texts(before[labels[flip.label]])),
            after=replace(flip.after, evidence=_texts(after[flip.label])),
        )


def describe_flip(flip: Flip) -> str:
    """A flip in one line."""
    sides = [f"{side.decision} ({side.score:.3f})" for side in (flip.before, flip.after)]
    return f"{flip.effect:9}  {flip.label:22} {sides[0]:>18} -> {sides[1]:18} {flip.id}"


def count_flips(flips: Sequence[Flip]) -> dict[str, Any]:
    """How many there are of every effect."""
    return {effect: sum(flip.effect == effect for flip in flips) for effect in _EFFECTS}


def _side(score: np.float64, scoring: LabelScoring) -> Side:
    return Side(float(score), scoring.threshold, scoring.decide(float(score)))


def _effect(before: Side, after: Side, holds: bool | None) -> Effect:
    assigned = after.decision == "assigned"
    if holds is None or assigned == (before.decision == "assigned"):
        return "other"
    return "now right" if assigned == holds else "now wrong"


def _texts(topic: Topic) -> tuple[str, ...]:
    return tuple(evidence.text for evidence in topic.evidence)
