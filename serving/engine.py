"""The engine: the classifier that serves, and the threads that run it slice by slice.

Inference is CPU work and would stop the event loop, so it runs on a small fixed number of
threads. They share their time among the articles that were let in (`serving.schedule`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from rasid.article import Article
from rasid.classification import Classification
from rasid.classifier import Classifier
from serving.admission import Admission, Ticket
from serving.errors import NotReady
from serving.job import Job
from serving.schedule import Schedule
from serving.worker import Worker

_logger = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


class Engine:
    """Holds the classifier that was installed last, and classifies off the event loop.

    `failure` holds the error with which the first classifier could not be loaded, `death` the
    one that ended inference. `draining` is set by whoever stops the service: articles are
    still classified then, but `ready` is false.
    """

    def __init__(self, *, workers: int, max_queue_tokens: int, stall_seconds: int) -> None:
        self.admission = Admission(max_queue_tokens, workers)
        self.failure: Exception | None = None
        self.death: Exception | None = None
        self.draining = False
        self._classifier: Classifier | None = None
        self._schedule = Schedule()
        self._workers = [
            Worker(self._schedule, self._slice_ended, self._worker_died) for _ in range(workers)
        ]
        self._stall_looks = stall_seconds / _LOOK_SECONDS
        self._jobs: set[Job] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self._classifier is not None and not self.draining and not self.death

    @property
    def busy(self) -> bool:
        """Whether a thread is at work: it cannot be interrupted, only ended with the process."""
        return any(worker.busy for worker in self._workers)

    def loaded(self) -> Classifier:
        """The classifier; raises `NotReady` where there is none, or where it is dead."""
        if self.death:
            raise NotReady("the model has failed; the service is ending")
        if self._classifier is None:
            state = "could not be loaded" if self.failure else "is still loading"
            raise NotReady(f"the model {state}")
        return self._classifier

    def install(self, classifier: Classifier) -> None:
        """Classify new articles with `classifier`; those on their way end with the one before."""
        self._classifier = classifier

    async def classify(
        self, classifier: Classifier, article: Article, ticket: Ticket, *, evidence: bool
    ) -> Classification:
        """Have `classifier` classify a checked article, under the `ticket` of its request.

        Raises `NotReady` where inference is dead, and `EngineError`.
        """
        self.loaded()
        job = Job(classifier, article, evidence=evidence, ticket=ticket)
        self._jobs.add(job)
        self._schedule.put(job)
        try:
            return await job.answer
        finally:
            self._jobs.remove(job)
            job.give_up()
            self._schedule.drop(job)

    async def run(self) -> None:
        """Start the threads and watch that none of them is stuck in a slice."""
        self._loop = asyncio.get_running_loop()
        for worker in self._workers:
            worker.start()
        while not self.death:
            # Looks are counted and not seconds, which also pass while the process is stopped.
            await asyncio.sleep(_LOOK_SECONDS)
            looks = max(worker.looks_at_this_slice() for worker in self._workers)
            if looks > self._stall_looks:
                self.die(TimeoutError("an inference does not end"))

    def close(self) -> None:
        """Let the threads end after their slice; articles that wait are not classified."""
        self._schedule.close()

    def _slice_ended(self, tokens: int, seconds: float) -> None:
        self._on_loop(self.admission.record, tokens, seconds)

    def _worker_died(self, error: Exception) -> None:
        self._on_loop(self.die, error)

    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        assert self._loop is not None
        # A loop that is closed has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def die(self, error: Exception) -> None:
        """Be dead because of `error`: nothing is classified any more."""
        _logger.critical("inference is dead: %s", type(error).__name__, exc_info=error)
        self.death = error
        self.close()
        for job in self._jobs:
            job.end(NotReady("the model has failed; the service is ending"))
