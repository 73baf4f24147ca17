"""Measuring: every form of the model with a calibration of its own."""

from functools import partial

import numpy as np
import pytest

from rasid.article import Article
from training.articles import LabelledArticle
from training.evaluation import TunedOn, evaluate
from training.metrics import gold_of
from training.splits import Split
from training.tuning import tune


class Shifted:
    """A model whose logits follow the label, moved by `shift`."""

    def __init__(self, logits: dict[str, float], shift: float) -> None:
        self._logits, self._shift = logits, shift

    def logits(self, articles: list[Article]) -> np.ndarray:
        return np.array([[self._logits[article.id] + self._shift] for article in articles])


def test_fp32_is_measured_with_a_calibration_of_its_own() -> None:
    chance = np.random.default_rng(0)
    articles = [
        LabelledArticle(Article("نص", id=str(n)), frozenset({"a"} if n % 3 == 0 else ()))
        for n in range(200)
    ]
    logits = {a.id: 4.0 * ("a" in a.labels) - 2 + chance.normal() for a in articles}
    split = Split([], articles[:100], articles[100:])
    int8, fp32 = Shifted(logits, 0.0), Shifted(logits, 5.0)
    dev_logits = int8.logits([article.article for article in split.dev])
    tuner = partial(tune, labels=["a"], sharpness=np.ones(1))
    scoring = tuner(dev_logits, gold_of(split.dev, ["a"]))
    tuned_on = TunedOn(split.dev, dev_logits)
    _, served, exact = evaluate(int8, fp32, tuned_on, split, scoring, tuner)
    assert served.micro_f1 > 0.9
    assert exact.micro_f1 == pytest.approx(served.micro_f1)
