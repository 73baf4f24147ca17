"""The Open Inference Protocol, version 2 (github.com/kserve/open-inference-protocol).

Spoken by the clients of KServe, Triton and others. Strings may come as binary data (Triton's
extension, the default of its client); answers are JSON alone, which these clients read as well.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import Field

import rasid
from rasid.classifier import Classifier
from rasid.manifest import Manifest
from serving.body import check_not_compressed, read_json
from serving.compat.shapes import ErrorMessage, Foreign, error_message, error_responses, shaped
from serving.compat.tensors import (
    TEXT,
    TITLE,
    InputTensor,
    Name,
    OutputTensor,
    TensorMetadata,
    output_metadata,
    read_articles,
    write_outputs,
)
from serving.engine import Engine
from serving.errors import InvalidTensor, NotReady, UnknownModel
from serving.intake import Intake, validated

_JSON_LENGTH = "Inference-Header-Content-Length"
_MOST_DIGITS = 20


class Live(Foreign):
    """The process runs."""

    live: Literal[True] = True


class Ready(Foreign):
    """The service should get requests."""

    ready: Literal[True] = True


class ModelReady(Foreign):
    """The model should get requests."""

    name: str
    ready: Literal[True] = True


class ServerMetadata(Foreign):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(Foreign):
    """The model, its version and its tensors."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class RequestedOutput(Foreign):
    """An output that is wanted; how it should be sent is not heeded."""

    name: Name


class InferenceRequest(Foreign):
    """Articles as tensors of strings."""

    id: Name | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1)]
    outputs: list[RequestedOutput] | None = None


class InferenceResponse(Foreign):
    """Scores and decisions as tensors."""

    model_name: str
    model_version: str
    id: str | None
    outputs: list[OutputTensor]


def open_inference_router(engine: Engine, intake: Intake) -> APIRouter:
    """Health, metadata and inference below /v2."""
    router = APIRouter(
        prefix="/v2",
        route_class=shaped(APIRoute, error_message),
        tags=["compat"],
        responses=error_responses(ErrorMessage, 500),
    )
    not_served = error_responses(ErrorMessage, 404, 503)

    @router.get("", summary="Open Inference Protocol: the server")
    async def v2_server() -> ServerMetadata:
        return ServerMetadata(name="rasid", version=rasid.__version__, extensions=[])

    @router.get("/health/live", summary="Open Inference Protocol: is the process alive?")
    async def v2_live() -> Live:
        return Live()

    @router.get(
        "/health/ready",
        summary="Open Inference Protocol: should it get requests?",
        responses=error_responses(ErrorMessage, 503),
    )
    async def v2_ready() -> Ready:
        _check_ready(engine)
        return Ready()

    @router.get(
        "/models/{model}", summary="Open Inference Protocol: the model", responses=not_served
    )
    async def v2_model(model: str) -> ModelMetadata:
        return _metadata(_named(intake, model).manifest)

    @router.get("/models/{model}/versions/{version}", responses=not_served)
    async def v2_model_version(model: str, version: str) -> ModelMetadata:
        return _metadata(_named(intake, model, version).manifest)

    @router.get("/models/{model}/ready", responses=not_served)
    async def v2_model_ready(model: str) -> ModelReady:
        _check_ready(engine)
        return ModelReady(name=_named(intake, model).manifest.name)

    @router.get("/models/{model}/versions/{version}/ready", responses=not_served)
    async def v2_model_version_ready(model: str, version: str) -> ModelReady:
        _check_ready(engine)
        return ModelReady(name=_named(intake, model, version).manifest.name)

    _add_inference(router, intake)
    return router


def _add_inference(router: APIRouter, intake: Intake) -> None:
    schema = InferenceRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs")
    schema["properties"]["inputs"]["items"] = definitions["InputTensor"]
    schema["properties"]["outputs"]["anyOf"][0]["items"] = definitions["RequestedOutput"]
    documented: dict[str, Any] = {
        "responses": error_responses(ErrorMessage, 400, 404, 413, 415, 422, 429, 503, 504),
        # Clients leave out the media type, or have binary data after the JSON.
        "openapi_extra": {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        },
        "response_model_exclude_none": True,
    }

    @router.post("/models/{model}/infer", summary="Open Inference Protocol: infer", **documented)
    async def v2_infer(model: str, request: Request) -> InferenceResponse:
        return await _infer(intake, model, None, request)

    @router.post("/models/{model}/versions/{version}/infer", **documented)
    async def v2_infer_version(model: str, version: str, request: Request) -> InferenceResponse:
        return await _infer(intake, model, version, request)


async def _infer(
    intake: Intake, model: str, version: str | None, request: Request
) -> InferenceResponse:
    check_not_compressed(request)
    body = await request.body()
    # After the body, which may never come: a model is in memory for as long as it is held.
    classifier = _named(intake, model, version)
    length = request.headers.get(_JSON_LENGTH, str(len(body)))
    # Python reads no numbers of thousands of digits.
    if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > len(body):
        raise InvalidTensor(f"{_JSON_LENGTH}: is no length within the body")
    wanted = validated(InferenceRequest, read_json(body[: int(length)]))
    articles = read_articles(wanted.inputs, body[int(length) :])
    # By the model that was named, also where another one takes over meanwhile.
    answers = await intake.answer_all(articles, TEXT.name, classifier=classifier)
    manifest = classifier.manifest
    names = None if wanted.outputs is None else [output.name for output in wanted.outputs]
    return InferenceResponse(
        model_name=manifest.name,
        model_version=manifest.version,
        id=wanted.id,
        outputs=write_outputs(answers, manifest.taxonomy.labels, names),
    )


def _metadata(manifest: Manifest) -> ModelMetadata:
    return ModelMetadata(
        name=manifest.name,
        versions=[manifest.version],
        platform="rasid",
        inputs=[TEXT, TITLE],
        outputs=output_metadata(manifest.taxonomy.labels),
    )


def _named(intake: Intake, model: str, version: str | None = None) -> Classifier:
    classifier = intake.loaded()
    manifest = classifier.manifest
    if model != manifest.name or version not in (None, manifest.version):
        raise UnknownModel(f"the model here is {manifest.name}, version {manifest.version}")
    return classifier


def _check_ready(engine: Engine) -> None:
    if not engine.ready:
        raise NotReady("the service is not ready")
