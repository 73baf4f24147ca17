"""The intake: what every interface hands its articles to."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from rasid.answer import Answer, make_answer
from rasid.article import Article, check_article
from rasid.errors import ArticleError
from rasid.manifest import Manifest
from rasid.page import extract_article
from serving import logs
from serving.engine import Engine
from serving.errors import NotReady, TooManyArticles
from serving.metrics import Metrics
from serving.problems import problem_of
from serving.schemas import ClassifyRequest, ClassifyResponse, Problem
from serving.settings import Settings

_Model = TypeVar("_Model", bound=BaseModel)


class Intake:
    """Checks articles, has them classified, counts them and words the answers.

    Nothing else asks the engine to classify: what bounds or orders that work belongs to
    `answer`, and holds for every interface then.
    """

    def __init__(self, settings: Settings, engine: Engine, metrics: Metrics) -> None:
        self._max_chars = settings.max_chars
        self._max_batch = settings.max_batch
        self._engine = engine
        self._metrics = metrics
        # One page at a time: a page made to be slow must not keep every core from articles.
        self._pages = ThreadPoolExecutor(1, thread_name_prefix="page")

    def manifest(self) -> Manifest:
        """The manifest of the loaded model; raises `NotReady` where there is none."""
        return self._engine.loaded().manifest

    async def answer(self, article: Article, *, evidence: bool, html: bool = False) -> Answer:
        """The answer for `article`; with `html` its text is the HTML of a page.

        Raises `ArticleError`, `NotReady` and `EngineError`.
        """
        manifest = self.manifest()
        if html:
            loop = asyncio.get_running_loop()
            article = await loop.run_in_executor(self._pages, extract_article, article)
        check_article(article, self._max_chars)
        classification = await self._engine.classify(article, evidence=evidence)
        self._metrics.count_classification(classification)
        return make_answer(article, classification, manifest, extracted=html)

    async def answer_all(self, articles: Sequence[Article], name: str) -> list[Answer]:
        """The answers for all `articles` of a request, without evidence.

        For interfaces that answer all or nothing: every article is checked before the first
        one is classified. Raises what `answer` does, an `ArticleError` with `name[place]` as
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
        return [await self.answer(article, evidence=False) for article in articles]

    async def respond(self, request: ClassifyRequest) -> ClassifyResponse:
        """The response to `request`; raises what `answer` does."""
        answer = await self.answer(
            request.article(), evidence=request.evidence, html=request.content_type == "text/html"
        )
        return ClassifyResponse(**dict(answer), request_id=logs.request_id.get())

    async def attempt(
        self, read: Callable[[], object], *, at: tuple[str | int, ...] = ()
    ) -> ClassifyResponse | Problem:
        """The response to what `read` gives, which should be a request, or the problem with it.

        For requests of several articles, in which whatever one runs into harms no other; it
        stands at `at` in the body. Only `NotReady` is raised, as none of the others would have
        an answer either.
        """
        try:
            response = await self.respond(validated(ClassifyRequest, read()))
        except NotReady:
            raise
        except Exception as error:
            problem = problem_of(error, at=at)
            self._metrics.count_batch_article(problem.status)
            return problem
        self._metrics.count_batch_article(200)
        return response


def validated(model: type[_Model], raw: object) -> _Model:
    """`raw` as a `model`; raises FastAPI's `RequestValidationError`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(errors) from None
