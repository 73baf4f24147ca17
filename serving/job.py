"""A job: one article on its way, worked on in slices."""

import asyncio
import contextlib
import itertools
from contextvars import copy_context

import numpy as np

from rasid.article import Article
from rasid.classification import Classification
from rasid.classifier import Classifier
from rasid.scores import Floats
from rasid.steps import Ids, Steps
from serving.admission import Ticket, expected_evidence, expected_tokens
from serving.panics import panics_as_errors

_numbers = itertools.count()


class Job:
    """One article, the classifier it is for, and what has been done.

    `number` is the job's place in the order of arrival. `tokens` are still to be run, as far
    as one can tell; the `ticket` of the request is told. The event loop awaits `answer`; a
    worker calls `advance` until the job is `over`.
    """

    def __init__(
        self, classifier: Classifier, article: Article, *, evidence: bool, ticket: Ticket
    ) -> None:
        self.number = next(_numbers)
        self.classifier = classifier
        self.over = False
        self.error: Exception | None = None
        self._article = article
        self._evidence = evidence
        self._ticket = ticket
        self._expect(expected_tokens(article.chars, evidence=evidence))
        # With the caller's context, log lines of the core carry the request's id.
        self._context = copy_context()
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Classification] = self._loop.create_future()
        self._steps: Steps[Classification] | None = None
        self._asked: Ids = []
        self._ran = 0
        self._logits: list[Floats] = []

    def advance(self, most: int) -> int:
        """Run a slice: read the article, or run windows of at most `most` tokens, at least one.

        Returns the tokens that were run. What fails is the job's answer, and its `error`.
        """
        try:
            with panics_as_errors():
                return self._context.run(self._advance, most)
        except Exception as error:
            self.error = error
            self.end(error)
            return 0

    def end(self, result: Classification | Exception) -> None:
        """Answer the job, from whatever thread, unless it has been answered or given up."""
        self.over = True
        # A loop that is closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answer, result)

    def give_up(self) -> None:
        """Count no longer: the article has its answer, or nobody waits for it."""
        self.over = True
        self._expect(0)

    def _advance(self, most: int) -> int:
        if self._steps is None:
            self._steps = self.classifier.steps(self._article, evidence=self._evidence)
            self._ask(next(self._steps))
            self._expect(self.tokens + (expected_evidence(self.tokens) if self._evidence else 0))
            return 0
        ids = self._next_slice(most)
        tokens = sum(map(len, ids))
        self._logits.append(self.classifier.infer(ids))
        self._ran += len(ids)
        if self._ran < len(self._asked):
            self._expect(self.tokens - tokens)
            return tokens
        try:
            self._ask(self._steps.send(np.concatenate(self._logits)))
        except StopIteration as end:
            self.end(end.value)
        return tokens

    def _ask(self, ids: Ids) -> None:
        self._asked, self._ran, self._logits = ids, 0, []
        self._expect(sum(map(len, ids)))

    def _next_slice(self, most: int) -> Ids:
        end, tokens = self._ran + 1, len(self._asked[self._ran])
        while end < len(self._asked) and tokens + len(self._asked[end]) <= most:
            tokens += len(self._asked[end])
            end += 1
        return self._asked[self._ran : end]

    def _expect(self, tokens: int) -> None:
        if self.over and tokens:
            # Given up in the midst of a slice.
            return
        self.tokens = self._ticket.tokens = tokens

    def _answer(self, result: Classification | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)
