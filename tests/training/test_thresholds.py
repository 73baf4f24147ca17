"""Thresholds for a least recall or precision, and how sure they are."""

from pathlib import Path

import numpy as np
import pytest

from rasid.errors import SettingError
from rasid.manifest import Aim
from training.objectives import Objective, read_objectives
from training.thresholds import choose_threshold
from training.tuning import warnings_of

LABELS = ["migration", "cybersecurity"]


def drawn(articles: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated scores and gold labels drawn by them."""
    chance = np.random.default_rng(seed)
    scores = chance.beta(0.3, 1.5, articles)
    return scores, chance.random(articles) < scores


@pytest.mark.parametrize("objective", [Objective("recall", 0.95), Objective("precision", 0.7)])
def test_what_is_certain_holds_for_new_articles(objective: Objective) -> None:
    new, truth = drawn(100_000, seed=99)
    held = []
    for seed in range(40):
        chosen = choose_threshold(*drawn(3000, seed), objective)
        if chosen.outcome == "certain":
            decided = new >= chosen.threshold
            over = truth.sum() if objective.figure == "recall" else decided.sum()
            held.append((decided & truth).sum() / over >= objective.least)
    assert len(held) >= 30
    # 90 of 100 are promised.
    assert np.mean(held) >= 0.85


def test_the_most_is_made_of_what_is_asked_for() -> None:
    scores, given = drawn(20_000)
    recall = choose_threshold(scores, given, Objective("recall", 0.9)).threshold
    assert given[scores >= recall].sum() / given.sum() == pytest.approx(0.9, abs=0.01)
    precision = choose_threshold(scores, given, Objective("precision", 0.8)).threshold
    assert 0.8 <= given[scores >= precision].mean() < 0.84


def test_few_articles_make_nothing_certain() -> None:
    scores = np.linspace(0.99, 0.01, 40)
    given = np.arange(40) < 12
    recall = choose_threshold(scores, given, Objective("recall", 0.95))
    assert recall.outcome == "likely"
    assert (scores >= recall.threshold).sum() == 12
    precision = choose_threshold(scores, given, Objective("precision", 0.9))
    assert precision.outcome == "likely"
    assert given[scores >= precision.threshold].mean() >= 0.9
    assert (scores >= precision.threshold).sum() == 13


def test_what_cannot_be_reached_is_missed_by_as_little_as_can_be() -> None:
    scores = np.linspace(0.99, 0.01, 100)
    given = np.arange(100) % 2 == 0
    given[:6] = True
    missed = choose_threshold(scores, ~given, Objective("precision", 0.9))
    assert missed.outcome == "missed"
    nobody = choose_threshold(scores, np.zeros(100, np.bool_), Objective("recall", 0.5))
    assert (nobody.outcome, nobody.threshold) == ("missed", 0.999)


def test_objectives_are_read_from_words_and_files(tmp_path: Path) -> None:
    assert read_objectives(None, LABELS) == dict.fromkeys(LABELS, Objective())
    words = "migration:recall>=0.95, precision >= .9"
    found = read_objectives(words, LABELS)
    assert list(map(str, found.values())) == ["recall>=0.95", "precision>=0.9"]
    file = tmp_path / "objectives.toml"
    file.write_text('migration = "recall>=0.95"\ndefault = "precision>=0.9"\n', "utf-8")
    assert read_objectives(str(file), LABELS) == found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sport:f1", "no topic is called sport"),
        ("migration:recall>=1", "migration: 'recall>=1' is none of f1, recall>=0.95 or"),
        ("migration:recall>=0.0", "migration: 'recall>=0.0' is none of"),
        ("accuracy>=0.9", "default: 'accuracy>=0.9' is none of"),
        ("f1,f1", "default is given twice"),
        ("nowhere.toml", "nowhere.toml: .* No such file"),
    ],
)
def test_objectives_that_cannot_be_used_are_named(given: str, message: str) -> None:
    with pytest.raises(SettingError, match=f"^--objectives: {message}"):
        read_objectives(given, LABELS)


def test_what_is_not_sure_is_warned_of() -> None:
    aims = {
        "a": Aim(objective="f1", outcome="best"),
        "b": Aim(objective="recall>=0.95", outcome="certain"),
        "c": Aim(objective="recall>=0.95", outcome="likely"),
        "d": Aim(objective="precision>=0.9", outcome="missed"),
    }
    likely, missed = warnings_of(aims)
    assert likely.startswith("c: recall>=0.95 holds on the articles it was set on")
    assert missed == "d: precision>=0.9 cannot be reached; its threshold comes closest"
