"""How long requests wait under overload, by the length of the queue, in simulated time.

python -m benchmarks.queueing [--load 1.2] [--rate 3700] [--queue 3072 6144 12288]

Drives the service's own admission and schedule with made-up articles that come at random times,
`--load` times as many as can be done. A slice takes its tokens divided by `--rate`; nothing is
classified, and no clock is read. `unloaded` is what the accepted articles take alone.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.lengths import mixed_chars, press_chars, short_chars
from serving.admission import Admission, expected_evidence, expected_tokens
from serving.errors import Overloaded
from serving.schedule import Schedule
from serving.worker import SLICE_TOKENS

Chars = Callable[[random.Random], int]
MIXES: dict[str, Chars] = {
    "short": short_chars,
    "press": press_chars,
    "mixed": mixed_chars,
    "with huge": partial(mixed_chars, huge=0.005),
}
_SHORT = 800


class Done(NamedTuple):
    """An article that was let in: its length, seconds it took, seconds it takes alone."""

    chars: int
    took: float
    alone: float


class Article:
    """As much of a job as the schedule sees, with windows and passages as long as usual."""

    def __init__(self, number: int, chars: int, due: float, chance: random.Random) -> None:
        self.number, self.chars, self.due = number, chars, due
        self.over = False
        self.held = ExitStack()
        expected = expected_tokens(chars, evidence=False)
        windows = max(3, int(expected * chance.uniform(0.8, 1.2)))
        passages = int(expected_evidence(windows) * chance.uniform(0.7, 1.4))
        self.work = windows + passages
        self.tokens = expected_tokens(chars, evidence=True)
        # What is run in each stage, and what is then expected to be left.
        self._stages = iter(
            ((windows, windows + expected_evidence(windows)), (passages, passages), (0, 0))
        )
        self._left = 0

    def enter(self, admission: Admission) -> bool:
        """Whether the article is let in."""
        try:
            self._ticket = self.held.enter_context(admission.admit(self.tokens))
        except Overloaded:
            return False
        return True

    def advance(self) -> int:
        """Run a slice; returns its tokens."""
        ran = min(self._left, SLICE_TOKENS)
        self._left -= ran
        self.tokens -= ran
        if self._left == 0:
            self._left, self.tokens = next(self._stages)
            self.over = self._left == 0
        self._ticket.tokens = self.tokens
        if self.over:
            self.held.close()
        return ran


def simulate(
    chars: Chars, *, queue: int, load: float, rate: float, count: int, seed: int
) -> tuple[list[Done], int]:
    """Let `count` articles come; returns those that were let in and how many were not."""
    chance = random.Random(seed)
    admission, schedule = Admission(queue, workers=1), Schedule()
    mean = float(np.mean([article.work for article in draw(chars, 5000, seed)]))
    coming = draw(chars, count, seed, gap=lambda: chance.expovariate(load * rate / mean))
    done: list[Done] = []
    now, waiting, refused = 0.0, 0, 0
    following = next(coming, None)
    while following or waiting:
        while following and (following.due <= now or not waiting):
            now = max(now, following.due)
            if following.enter(admission):
                schedule.put(following)  # type: ignore[arg-type]
                waiting += 1
            else:
                refused += 1
            following = next(coming, None)
        article: Any = schedule.take()
        now += article.advance() / rate
        schedule.put(article)
        if article.over:
            waiting -= 1
            done.append(Done(article.chars, now - article.due, article.work / rate))
    return done, refused


def draw(
    chars: Chars, count: int, seed: int, gap: Callable[[], float] = lambda: 0.0
) -> Iterator[Article]:
    """`count` articles, the same ones for the same seed, `gap` seconds after one another."""
    chance = random.Random(seed)
    due = 0.0
    for number in range(count):
        due += gap()
        yield Article(number, chars(chance), due, chance)


def main() -> None:
    """Print refusals and waiting times for every mix and length of the queue."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--load", type=float, default=1.2, help="times the capacity")
    parser.add_argument("--rate", type=float, default=3700.0, help="tokens a second")
    parser.add_argument("--queue", type=int, nargs="+", default=[3072, 6144, 12_288])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("mix        queue  refused  p50 (unloaded)  p99 (unloaded)  ratio  p99 of short ones")
    for mix, chars in MIXES.items():
        for queue in options.queue:
            done, refused = simulate(
                chars,
                queue=queue,
                load=options.load,
                rate=options.rate,
                count=options.articles,
                seed=options.seed,
            )
            took, alone = ([each[place] for each in done] for place in (1, 2))
            shorts = [each.took for each in done if each.chars <= _SHORT]
            slow, calm = np.percentile(took, 99), np.percentile(alone, 99)
            print(
                f"{mix:10}{queue:6}{refused / options.articles:9.1%}"
                f"{np.median(took):6.2f} ({np.median(alone):.2f})   "
                f"{slow:6.2f} ({calm:.2f})  {slow / calm:5.1f}"
                f"{np.percentile(shorts, 99):8.2f}"
            )


if __name__ == "__main__":
    main()
