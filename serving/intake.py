"""The intake: what every interface hands its articles to."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from rasid.answer import Answer, make_answer
from rasid.article import Article, check_article
from rasid.classifier import Classifier
from rasid.errors import ArticleError
from rasid.page import extract_article
from serving import logs
from serving.admission import Ticket, expected_tokens
from serving.deadline import within_deadline
from serving.engine import Engine
from serving.errors import NotReady, TooManyArticles
from serving.metrics import Metrics
from serving.problems import problem_of
from serving.schemas import ClassifyRequest, ClassifyResponse, Problem
from serving.settings import Settings

_Model = TypeVar("_Model", bound=BaseModel)


class Intake:
    """Checks articles, has them classified, counts them and words the answers.

    Nothing else asks the engine to classify. Every request is let in (`serving.admission`)
    with the largest of its articles, and waits no longer than its deadline.
    """

    def __init__(self, settings: Settings, engine: Engine, metrics: Metrics) -> None:
        self._max_chars = settings.max_chars
        self._max_batch = settings.max_batch
        self._engine = engine
        self._admission = engine.admission
        self._metrics = metrics
        # One page at a time: a page made to be slow must not keep every core from articles.
        self._pages = ThreadPoolExecutor(1, thread_name_prefix="page")

    def loaded(self) -> Classifier:
        """The classifier for new requests; raises `NotReady` where there is none."""
        return self._engine.loaded()

    def check_open(self) -> None:
        """Raise `NotReady` or `Overloaded` where no request at all would be let in."""
        self.loaded()
        self._admission.check_room(0)

    async def respond(self, request: ClassifyRequest) -> ClassifyResponse:
        """The response to `request`.

        Raises `ArticleError`, `NotReady`, `Overloaded`, `DeadlineExceeded` and `EngineError`.
        """
        with self._admission.admit(_expected_tokens(request)) as ticket:
            return await self._respond(request, ticket)

    async def attempt(
        self,
        read: Callable[[], object],
        *,
        at: tuple[str | int, ...] = (),
        ticket: Ticket | None = None,
    ) -> ClassifyResponse | Problem:
        """The response to what `read` gives, which should be a request, or the problem with it.

        For requests of several articles, in which whatever one runs into harms no other; it
        stands at `at` in the body. Without a `ticket` of the whole request it waits for room.
        Only `NotReady` is raised, as none of the others would have an answer either.
        """
        try:
            request = validated(ClassifyRequest, read())
            if ticket is None:
                response = await self._respond_in_turn(request)
            else:
                response = await self._respond(request, ticket)
        except NotReady:
            raise
        except Exception as error:
            problem = problem_of(error, at=at)
            self._metrics.count_batch_article(problem.status)
            return problem
        self._metrics.count_batch_article(200)
        return response

    async def answer_all(
        self, articles: Sequence[Article], name: str, *, classifier: Classifier | None = None
    ) -> list[Answer]:
        """The answers for all `articles` of a request, without evidence, by one `classifier`.

        For interfaces that answer all or nothing: every article is checked before the first
        one is classified. Raises what `respond` does, an `ArticleError` with `name[place]` as
        its field, and `TooManyArticles`.
        """
        if len(articles) > self._max_batch:
            raise TooManyArticles(
                f"{name}: has {len(articles)}; at most {self._max_batch} are accepted"
            )
        for place, article in enumerate(articles):
            try:
                check_article(article, self._max_chars)
            except ArticleError as error:
                part = "" if error.field == "text" else f"its {error.field} "
                raise type(error)(f"{name}[{place}]", part + error.message) from None
        classifier = classifier or self.loaded()
        most = max((expected_tokens(each.chars, evidence=False) for each in articles), default=0)
        with self._admission.admit(most) as ticket:
            return [
                await self._answer(article, classifier, ticket, evidence=False)
                for article in articles
            ]

    async def _respond_in_turn(self, request: ClassifyRequest) -> ClassifyResponse:
        tokens = _expected_tokens(request)
        async with within_deadline():
            await self._admission.wait_for_room(tokens)
        with self._admission.admit(tokens) as ticket:
            return await self._respond(request, ticket)

    async def _respond(self, request: ClassifyRequest, ticket: Ticket) -> ClassifyResponse:
        classifier = self.loaded()
        if request.thresholds:
            classifier = classifier.with_thresholds(request.thresholds, by="request")
        answer = await self._answer(
            request.article(),
            classifier,
            ticket,
            evidence=request.evidence,
            html=request.is_html,
        )
        return ClassifyResponse(**dict(answer), request_id=logs.request_id.get())

    async def _answer(
        self,
        article: Article,
        classifier: Classifier,
        ticket: Ticket,
        *,
        evidence: bool,
        html: bool = False,
    ) -> Answer:
        """The answer for `article`; with `html` its text is the HTML of a page."""
        async with within_deadline():
            if html:
                loop = asyncio.get_running_loop()
                article = await loop.run_in_executor(self._pages, extract_article, article)
            check_article(article, self._max_chars)
            classification = await self._engine.classify(
                classifier, article, ticket, evidence=evidence
            )
        self._metrics.count_classification(classification)
        return make_answer(article, classification, classifier.manifest, extracted=html)


def validated(model: type[_Model], raw: object) -> _Model:
    """`raw` as a `model`; raises FastAPI's `RequestValidationError`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(errors) from None


def _expected_tokens(request: ClassifyRequest) -> int:
    chars = request.article().chars
    return expected_tokens(chars, evidence=request.evidence, html=request.is_html)
