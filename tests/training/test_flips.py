"""Articles whose decisions changed between two versions."""

import numpy as np

from rasid.article import Article
from rasid.scores import LabelScoring
from training.articles import LabelledArticle
from training.comparison import Answers, HeldOut
from training.flips import count_flips, describe_flip, find_flips

LABELS = ("a", "b")
SCORING = {
    label: LabelScoring(sharpness=1, slope=1, bias=0, threshold=0.5, review=0.3) for label in LABELS
}


def set_of(*labels: str, unknown: str = "") -> HeldOut:
    rows = [
        LabelledArticle(
            Article("نص", title=f"عنوان {number}", id=str(number)),
            frozenset(held),
            unknown=frozenset(unknown if number == 0 else ""),
        )
        for number, held in enumerate(labels)
    ]
    return HeldOut("set", rows, np.arange(len(rows)))


def answers_of(*scores: list[float], labels: tuple[str, ...] = LABELS) -> Answers:
    return Answers(labels, np.array(scores), np.full(len(labels), 0.5))


def test_the_worst_come_first() -> None:
    part = set_of("a", "ab", "", "b")
    before = answers_of([0.9, 0.1], [0.6, 0.2], [0.1, 0.7], [0.2, 0.6])
    after = answers_of([0.4, 0.1], [0.1, 0.6], [0.35, 0.1], [0.55, 0.7])
    flips = find_flips(part, before, after, (SCORING, SCORING), {"a": "a", "b": "b"})
    assert [(flip.id, flip.label, flip.effect) for flip in flips] == [
        ("0", "a", "now wrong"),
        ("1", "a", "now wrong"),
        ("3", "a", "now wrong"),
        ("2", "a", "other"),
        ("2", "b", "now right"),
        ("1", "b", "now right"),
    ]
    assert (flips[0].before.decision, flips[0].after.decision) == ("assigned", "review")
    assert flips[0].title == "عنوان 0"
    assert count_flips(flips) == {"now wrong": 3, "other": 1, "now right": 2}
    assert describe_flip(flips[0]).split() == [
        *("now", "wrong", "a", "assigned", "(0.900)", "->", "review", "(0.400)", "0")
    ]


def test_a_label_that_nobody_has_decided_is_neither_right_nor_wrong() -> None:
    part = set_of("", "a", unknown="a")
    before, after = answers_of([0.9, 0.1], [0.9, 0.1]), answers_of([0.1, 0.1], [0.9, 0.1])
    (flip,) = find_flips(part, before, after, (SCORING, SCORING), {"a": "a"})
    assert (flip.effect, flip.holds) == ("other", None)


def test_each_version_has_thresholds_and_names_of_its_own() -> None:
    part = set_of("a", "")
    higher = {"old": SCORING["a"].model_copy(update={"threshold": 0.8})}
    same = answers_of([0.7], [0.1], labels=("a",))
    old = Answers(("old",), same.scores, np.array([0.8]))
    (flip,) = find_flips(part, old, same, (higher, SCORING), {"a": "old"})
    assert (flip.label, flip.effect) == ("a", "now right")
    assert (flip.before.threshold, flip.after.threshold) == (0.8, 0.5)
