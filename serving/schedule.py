"""The schedule: whose slice is next.

Of four turns one goes to the article with the fewest tokens left, two to the oldest that is not
huge (that has not more than `HUGE_TOKENS` left) and one to the oldest huge one; a turn that
finds no such article goes to the oldest of all. So nothing waits for the whole of a huge
article, short ones are quick where the queue is not long, and everything that was let in gets
on, whatever comes after it. Working off the shortest first alone would double the longest waits
under overload, when newcomers overtake the longer ones again and again. An answer does not
depend on the order: windows are run one by one.
"""

import itertools
import threading
from typing import Literal, TypeAlias

from serving.admission import HUGE_TOKENS
from serving.job import Job

_Turn: TypeAlias = Literal["shortest", "usual", "huge"]
_TURNS: tuple[_Turn, ...] = ("shortest", "usual", "usual", "huge")


class Schedule:
    """Jobs that wait for a worker. Safe to use from several threads."""

    def __init__(self) -> None:
        self._waiting: dict[int, Job] = {}
        self._turns = itertools.cycle(_TURNS)
        self._closed = False
        self._changed = threading.Condition()

    def put(self, job: Job) -> None:
        """Let `job`, a new one or one that had its slice, wait for the next one."""
        with self._changed:
            if not job.over:
                self._waiting[job.number] = job
                self._changed.notify()

    def take(self) -> Job | None:
        """Wait for a job whose turn it is, and take it out; None once closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return None if self._closed else self._waiting.pop(self._pick(next(self._turns)))

    def drop(self, job: Job) -> None:
        """Take `job`, which is over, out of its turn."""
        with self._changed:
            self._waiting.pop(job.number, None)

    def close(self) -> None:
        """Hand out no more jobs."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _pick(self, turn: _Turn) -> int:
        if turn == "shortest":
            return min(self._waiting, key=lambda number: (self._waiting[number].tokens, number))
        wanted = [
            number
            for number, job in self._waiting.items()
            if (job.tokens > HUGE_TOKENS) == (turn == "huge")
        ]
        return min(wanted or self._waiting)
