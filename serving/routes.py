"""The routes: request, classifier, response."""

from fastapi import APIRouter, Request, Response

from rasid.answer import ModelName
from rasid.manifest import Manifest
from serving import logs
from serving.admission import Ticket, expected_tokens
from serving.body import JsonRoute
from serving.engine import Engine
from serving.errors import NotReady, TooManyArticles
from serving.intake import Intake
from serving.metrics import Metrics
from serving.problems import problem_responses
from serving.schemas import (
    BatchProblem,
    BatchRequest,
    BatchResponse,
    BatchResult,
    ClassifyRequest,
    ClassifyResponse,
    InfoResponse,
    LabelsResponse,
    Limits,
    Problem,
    Status,
    SwapInfo,
)
from serving.settings import Settings
from serving.swap import Swap


def classify_router(settings: Settings, engine: Engine, intake: Intake) -> APIRouter:
    """POST /classify and POST /classify/batch."""
    router = APIRouter(
        route_class=JsonRoute,
        responses=problem_responses(400, 413, 415, 422, 429, 500, 503, 504),
        tags=["classify"],
    )

    @router.post("/classify", summary="Classify one article")
    async def classify(body: ClassifyRequest) -> ClassifyResponse:
        return await intake.respond(body)

    @router.post("/classify/batch", summary="Classify several articles")
    async def classify_batch(body: BatchRequest) -> BatchResponse:
        engine.loaded()  # Not ready is a problem of the batch, not of each article.
        if len(body.articles) > settings.max_batch:
            raise TooManyArticles(
                f"articles: has {len(body.articles)}; at most {settings.max_batch} are accepted"
            )
        # One after another: a long batch leaves room for the requests of others. It is let in
        # as a whole, not to be turned away half done.
        with engine.admission.admit(max(map(_expected_tokens, body.articles))) as ticket:
            results = [
                await classify_item(index, raw, ticket) for index, raw in enumerate(body.articles)
            ]
        return BatchResponse(results=results, request_id=logs.request_id.get())

    async def classify_item(index: int, raw: object, ticket: Ticket) -> BatchResult | BatchProblem:
        outcome = await intake.attempt(lambda: raw, at=("articles", index), ticket=ticket)
        if isinstance(outcome, Problem):
            return BatchProblem(index=index, problem=outcome)
        return BatchResult(index=index, result=outcome)

    return router


def service_router(settings: Settings, engine: Engine, swap: Swap, metrics: Metrics) -> APIRouter:
    """What the service says of its model and of itself."""
    router = APIRouter(tags=["service"])

    @router.get("/labels", summary="The taxonomy", responses=problem_responses(500, 503))
    async def labels() -> LabelsResponse:
        manifest = engine.loaded().manifest
        return LabelsResponse(topics=list(manifest.taxonomy.topics), model=_model(manifest))

    @router.get("/info", summary="The model and the limits", responses=problem_responses(500, 503))
    async def info() -> InfoResponse:
        loaded = engine.loaded().manifest
        manifest = loaded.model_dump(mode="json", exclude={"taxonomy"})
        limits = Limits(
            max_chars=settings.max_chars,
            max_body_bytes=settings.max_body_bytes,
            max_batch=settings.max_batch,
        )
        last = SwapInfo.model_validate(swap.last) if swap.last else None
        return InfoResponse(model=_model(loaded), manifest=manifest, swap=last, limits=limits)

    @router.get("/livez", summary="Is the process alive?", responses=problem_responses(500))
    async def livez() -> Status:
        return Status(status="alive")

    @router.get("/readyz", summary="Should it get requests?", responses=problem_responses(500, 503))
    async def readyz() -> Status:
        engine.loaded()
        if engine.draining:
            raise NotReady("the service is stopping")
        return Status(status="ready")

    @router.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **problem_responses(500)},
    )
    async def prometheus(request: Request) -> Response:
        text, media_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type})

    return router


def _expected_tokens(raw: object) -> int:
    """Of an article of a batch, which may be anything still."""
    fields = raw if isinstance(raw, dict) else {}
    given = (fields.get("text"), fields.get("title"))
    return expected_tokens(
        sum(len(value) for value in given if isinstance(value, str)),
        evidence=fields.get("evidence") is not False,
        html=fields.get("content_type") == "text/html",
    )


def _model(manifest: Manifest) -> ModelName:
    return ModelName(name=manifest.name, version=manifest.version)
