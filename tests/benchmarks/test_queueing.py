"""The order of work and the default queue, in simulated time."""

import numpy as np
import pytest

from benchmarks.queueing import MIXES, simulate
from serving.settings import Settings

QUEUE = Settings.model_fields["max_queue_tokens"].default


@pytest.mark.parametrize("mix", ["press", "mixed", "with huge"])
def test_who_is_let_in_is_answered_soon_at_120_percent(mix: str) -> None:
    done, refused = simulate(MIXES[mix], queue=QUEUE, load=1.2, rate=3700, count=3000, seed=1)
    assert len(done) + refused == 3000
    # A sixth is too much; those that are refused are longer than others, or all would be.
    assert 0.05 < refused / 3000 < 0.25
    took = np.array([each.took for each in done])
    alone = np.array([each.alone for each in done])
    assert np.percentile(took, 99) <= 3 * np.percentile(alone, 99)


def test_what_is_refused_grows_with_the_load() -> None:
    counts = [
        simulate(MIXES["mixed"], queue=QUEUE, load=load, rate=3700, count=2000, seed=1)[1]
        for load in (0.5, 1.0, 1.5)
    ]
    assert counts == sorted(counts)
    assert counts[0] < 40
