"""Figures, curves and confusions of a report."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.sets import TOPICS, answers, held_out
from training.comparison import Answers
from training.figures import confusion, curves, figures, log_losses
from training.metrics import measure


def test_figures_are_those_of_the_manifest_with_intervals_around_them() -> None:
    part = held_out()
    given = answers(part)
    found = figures(part, given)
    gold = part.gold(TOPICS)
    whole = measure(given.scores, gold, given.thresholds, TOPICS, data="", model="")
    assert found["micro"]["value"] == pytest.approx(whole.micro_f1)
    assert found["macro"]["value"] == pytest.approx(whole.macro_f1)
    for label, its in found["labels"].items():
        assert its["f1"]["value"] == pytest.approx(whole.labels[label].f1)
        assert its["recall"] == pytest.approx(whole.labels[label].recall)
        assert its["ap"] == pytest.approx(whole.labels[label].ap)
        assert its["f1"]["low"] < its["f1"]["value"] < its["f1"]["high"]
    wide, narrow = (found["labels"][label]["f1"] for label in ("rare", "common"))
    assert wide["high"] - wide["low"] > narrow["high"] - narrow["low"]


def test_scores_that_mean_what_they_say_lie_on_the_diagonal() -> None:
    part = held_out(4000, labels=("common",))
    chance = np.random.default_rng(5)
    gold = part.gold(("common",)).given[:, 0]
    # Of articles with the label three quarters score 0.8, of the others one in eight.
    sure = np.where(gold, chance.random(4000) < 0.75, chance.random(4000) < 0.125)
    scores = np.where(sure, 0.8, 0.16)[:, None]
    its = curves(part, Answers(("common",), scores, np.full(1, 0.5)))["common"]
    assert sum(number for _, _, number in its["reliability"]) == 4000
    for score, share, _ in its["reliability"]:
        assert share == pytest.approx(score, abs=0.06)
    recall, precision = its["threshold"]
    assert (recall, precision) == pytest.approx((0.75, 0.8), abs=0.03)
    assert [recall, precision] in [
        pytest.approx(point, abs=1e-3) for point in its["precision_recall"]
    ]


def test_what_was_missed_is_counted_with_what_was_assigned_instead() -> None:
    held = ["a", "a", "b", ""]
    articles = [
        replace(article, labels=frozenset(labels))
        for article, labels in zip(held_out(4).articles, held, strict=True)
    ]
    part = replace(held_out(4), articles=articles)
    decided = np.array([[0, 1], [0, 1], [0, 0], [1, 0]], float)
    assert confusion(part, Answers(("a", "b"), decided, np.full(2, 0.5))) == {
        "pairs": [{"missed": "a", "false": "b", "articles": 2}],
        "missed_alone": {"b": 1},
        "false_alone": {"a": 1},
    }


def test_hard_articles_have_scores_far_from_their_labels() -> None:
    part = held_out(10, labels=("common",))
    gold = part.gold(("common",)).given
    scores = np.where(gold, 0.9, 0.1)
    scores[3] = 1 - scores[3]
    assert log_losses(part, Answers(("common",), scores, np.full(1, 0.5))).sum(1).argmax() == 3
