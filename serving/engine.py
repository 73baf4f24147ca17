"""The engine: the classifier once it has loaded, and the threads that run it.

Inference is CPU work and would stop the event loop, so it runs on a small fixed pool of
threads. Each takes one article at a time, in the order of arrival.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from rasid.article import Article
from rasid.classification import Classification
from rasid.classifier import Classifier
from rasid.errors import RasidError
from serving.errors import NotReady

_logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Engine:
    """Loads a classifier in the background, then classifies off the event loop.

    `failure` holds the error that loading ended with. `draining` is set by whoever stops
    the service: articles are still classified then, but `ready` is false.
    """

    def __init__(self, load: Callable[[], Classifier], *, workers: int) -> None:
        self._load = load
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="classify")
        self._running: set[Future[Any]] = set()
        self._classifier: Classifier | None = None
        self.failure: Exception | None = None
        self.draining = False

    @property
    def ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self._classifier is not None and not self.draining

    @property
    def busy(self) -> bool:
        """Whether a thread is at work: it cannot be interrupted, only ended with the process."""
        return any(work.running() for work in self._running.copy())

    def loaded(self) -> Classifier:
        """The classifier; raises `NotReady` where there is none."""
        if self._classifier is None:
            state = "could not be loaded" if self.failure else "is still loading"
            raise NotReady(f"the model {state}")
        return self._classifier

    async def start(self) -> None:
        """Load the classifier and run one inference; an error is logged and kept."""
        try:
            classifier = await self._run(self._load_and_warm_up)
        except RasidError as error:
            self.failure = error
            _logger.critical("the model cannot be served: %s", error)
        except Exception as error:
            self.failure = error
            # No article is there yet that this message could quote.
            _logger.critical("the model cannot be served: %s", error, exc_info=error)
        else:
            self._classifier = classifier
            _logger.info(
                "ready",
                extra={
                    "fields": {
                        "model": classifier.manifest.name,
                        "version": classifier.manifest.version,
                    }
                },
            )

    async def classify(self, article: Article, *, evidence: bool) -> Classification:
        """Classify a checked article; raises `NotReady` and `EngineError`."""
        classifier = self.loaded()
        return await self._run(lambda: classifier.classify(article, evidence=evidence))

    def close(self) -> None:
        """Drop articles that wait for a thread and let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _load_and_warm_up(self) -> Classifier:
        classifier = self._load()
        classifier.warm_up()
        return classifier

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        # With the caller's context, log lines of the core carry the request's id.
        context = copy_context()
        future = self._pool.submit(context.run, work)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)
