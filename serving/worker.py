"""A worker: a thread that runs slices, and notices when inference is dead."""

import threading
import time
from collections.abc import Callable

from rasid.errors import EngineError
from serving.panics import panics_as_errors
from serving.schedule import Schedule

# A slice is as long as a newcomer may have to wait for its first turn: one full window of the
# usual size, some hundredths of a second.
SLICE_TOKENS = 256


class Worker(threading.Thread):
    """Runs slices until the schedule closes, and tells `ended` the tokens and seconds of each.

    An inference that fails may be the article's fault. Whether it is the engine's is then
    asked of the golden article: if that fails too, or gets other scores, the worker calls
    `died` and ends. So it does where its own code fails.
    """

    def __init__(
        self,
        schedule: Schedule,
        ended: Callable[[int, float], None],
        died: Callable[[Exception], None],
    ) -> None:
        # Nothing may wait for a thread that never comes back.
        super().__init__(name="classify", daemon=True)
        self.busy = False
        self._schedule = schedule
        self._ended = ended
        self._died = died
        self._slices = 0
        self._seen = 0
        self._looks = 0

    def run(self) -> None:
        """Run slices."""
        try:
            with panics_as_errors():
                while self._run_slice():
                    pass
        except Exception as error:
            self._died(error)
        finally:
            self.busy = False

    def looks_at_this_slice(self) -> int:
        """How often in a row, this time included, this was asked during the same slice."""
        if not self.busy or self._slices != self._seen:
            self._seen = self._slices
            self._looks = 0
        self._looks += self.busy
        return self._looks

    def _run_slice(self) -> bool:
        job = self._schedule.take()
        if job is None:
            return False
        self._slices += 1
        self.busy = True
        began = time.perf_counter()
        tokens = job.advance(SLICE_TOKENS)
        self._ended(tokens, time.perf_counter() - began)
        if isinstance(job.error, EngineError | MemoryError):
            job.classifier.warm_up()
        self.busy = False
        self._schedule.put(job)
        return True
