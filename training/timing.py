"""How long models take, side by side: in turns, so that what else the machine does meets all."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rasid.article import Article
from rasid.classifier import Classifier

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Speed:
    """Median milliseconds an article, and the median of the rounds' own ratios."""

    articles: int
    candidate: float
    served: float
    ratio: float


def compare_speed(
    candidate: Classifier, served: Classifier, articles: Sequence[Article], rounds: int = ROUNDS
) -> Speed:
    """Time both models on the same articles, as they are served, tokenising included."""
    runs = {
        name: partial(_read, model, articles)
        for name, model in (("candidate", candidate), ("served", served))
    }
    return speed_of(time_in_turns(runs, rounds), len(articles))


def speed_of(seconds: Mapping[str, Sequence[float]], articles: int) -> Speed:
    """What the rounds' seconds for `articles` articles come to."""
    new, old = seconds["candidate"], seconds["served"]
    return Speed(
        articles=articles,
        candidate=statistics.median(new) * 1000 / articles,
        served=statistics.median(old) * 1000 / articles,
        ratio=statistics.median(own / its for own, its in zip(new, old, strict=True)),
    )


def time_in_turns(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each of `runs` in each of `rounds` rounds, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def _read(model: Classifier, articles: Sequence[Article]) -> None:
    for article in articles:
        model.classify(article, evidence=False)
