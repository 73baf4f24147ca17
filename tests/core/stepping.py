"""Steps that ask for no inference, run to their end."""

from typing import NoReturn, TypeVar

from rasid.steps import Ids, Steps, run_steps

Result = TypeVar("Result")


def finish(steps: Steps[Result]) -> Result:
    return run_steps(steps, _infer)


def _infer(ids: Ids) -> NoReturn:
    raise AssertionError(f"{len(ids)} windows were asked for")
