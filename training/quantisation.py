"""What int8 changes of the decisions that the same network makes in fp32."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.bootstrap import Interval, count, interval, micro_f1, resample
from training.comparison import Answers, HeldOut


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Both forms with the thresholds of int8, on all articles held out.

    `flips` are of `decisions` on every label; `interval` is of what int8 gains in micro-F1.
    """

    articles: int
    decisions: int
    flips: int
    int8: float | None
    fp32: float | None
    interval: Interval | None

    @property
    def flipped(self) -> float:
        """The share of decisions that are others in int8."""
        return self.flips / self.decisions if self.decisions else 0.0


def compare_forms(
    held_out: Sequence[HeldOut], int8: Sequence[Answers], fp32: Sequence[Answers]
) -> Quantisation:
    """Compare the int8 form of a network with its fp32 form on every set together."""
    counts, groups, flips, decisions, first = [], [], 0, 0, 0
    for part, quantised, exact in zip(held_out, int8, fp32, strict=True):
        gold = part.gold(quantised.labels)
        counts.append(np.stack([count(each.decided, gold) for each in (quantised, exact)], 1))
        groups.append(part.groups + first)
        first += int(part.groups.max()) + 1
        # Decisions on labels that nobody looked for are decisions all the same.
        flips += int((quantised.decided != exact.decided).sum())
        decisions += quantised.decided.size
    if not counts:
        return Quantisation(0, 0, 0, None, None, None)
    whole = np.concatenate(counts)
    f1 = micro_f1(whole.sum(0))
    rounds = micro_f1(resample(whole, np.concatenate(groups)))
    lost = np.isnan(f1).any()
    return Quantisation(
        articles=len(whole),
        decisions=decisions,
        flips=flips,
        int8=None if lost else float(f1[0]),
        fp32=None if lost else float(f1[1]),
        interval=interval(rounds[:, 0] - rounds[:, 1]),
    )
