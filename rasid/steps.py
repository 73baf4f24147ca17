"""Work in steps: inference is asked for, not done, so that whoever runs it sets the pace."""

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

from rasid.scores import Floats

Result = TypeVar("Result")

Ids: TypeAlias = list[list[int]]
"""Token ids of windows."""

Steps: TypeAlias = Generator[Ids, Floats, Result]
"""Yields token ids of windows, is sent their logits (windows, labels), returns a result.

Between two steps it may wait, or be given up, at no cost.
"""


def run_steps(steps: Steps[Result], infer: Callable[[Ids], Floats]) -> Result:
    """Run `steps` to their end, with `infer` for the logits of what they ask for."""
    try:
        ids = next(steps)
        while True:
            ids = steps.send(infer(ids))
    except StopIteration as end:
        result: Result = end.value
        return result
