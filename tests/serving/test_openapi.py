from collections.abc import Iterator

import pytest
import schemathesis
from fake_service import FakeClassifier, wait_until_ready
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from serving.app import create_app
from serving.settings import Settings

OPERATIONS = [
    ("POST", "/classify"),
    ("POST", "/classify/batch"),
    ("GET", "/labels"),
    ("GET", "/info"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
STREAM = ("POST", "/classify/stream")
COMPAT = [
    ("POST", "/predict"),
    ("POST", "/compat/huggingface"),
    ("POST", "/compat/infinity/classify"),
    ("GET", "/compat/infinity/models"),
    ("GET", "/compat/infinity/health"),
    ("GET", "/v2"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/{model}"),
    ("GET", "/v2/models/{model}/ready"),
    ("POST", "/v2/models/{model}/infer"),
    ("GET", "/v2/models/{model}/versions/{version}"),
    ("GET", "/v2/models/{model}/versions/{version}/ready"),
    ("POST", "/v2/models/{model}/versions/{version}/infer"),
]


@pytest.fixture(scope="module")
def api() -> Iterator[OpenApiSchema]:
    settings = Settings(model="nowhere", threads=1)
    app = create_app(settings, load=lambda: FakeClassifier(faults=False))

    async def running(scope: Scope, receive: Receive, send: Send) -> None:
        # Started once below; schemathesis would start and stop it for every test.
        assert scope["type"] == "http"
        await app(scope, receive, send)

    with TestClient(app):
        wait_until_ready(app)
        yield schemathesis.openapi.from_asgi("/openapi.json", running)


def test_operations_are_those_below(api: OpenApiSchema) -> None:
    found = {(each.ok().method.upper(), each.ok().path) for each in api.get_all_operations()}
    assert found == {*OPERATIONS, STREAM, *COMPAT}


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *((method, path, GenerationMode.POSITIVE) for method, path in OPERATIONS),
        # The others take no input that could be wrong.
        ("POST", "/classify", GenerationMode.NEGATIVE),
        ("POST", "/classify/batch", GenerationMode.NEGATIVE),
    ],
)
def test_service_keeps_to_its_document(
    api: OpenApiSchema, method: str, path: str, mode: GenerationMode
) -> None:
    # White space only and NUL are refused, which JSON Schema says only in words.
    excluded = [positive_data_acceptance]
    if path == "/classify/batch":
        # A wrong article gets its problem inside an answer with status 200.
        excluded.append(negative_data_rejection)
    # The entry `default` would let any status pass.
    documented = set(api.raw_schema["paths"][path][method.lower()]["responses"])
    statuses = set()

    @hypothesis_settings(
        max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(api[path][method].as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        if mode.is_positive and case.headers:
            # A time too short for any answer is valid too, and gets 504 as documented.
            case.headers.pop("X-Request-Timeout", None)
        response = case.call_and_validate(excluded_checks=excluded)
        assert str(response.status_code) in documented
        statuses.add(response.status_code)

    run()
    # Some examples are wrong in a header alone, and of a batch nearly all in an article.
    assert statuses & ({200} if mode.is_positive else {400, 422})


@pytest.mark.parametrize(("method", "path"), COMPAT)
def test_other_interfaces_keep_to_the_document(api: OpenApiSchema, method: str, path: str) -> None:
    documented = set(api.raw_schema["paths"][path][method.lower()]["responses"])

    @hypothesis_settings(
        max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(api[path][method].as_strategy())
    def run(case: Case) -> None:
        if case.headers:
            case.headers.pop("X-Request-Timeout", None)
        response = case.call_and_validate(excluded_checks=[positive_data_acceptance])
        assert str(response.status_code) in documented
        assert response.status_code < 500

    run()


def test_limits_are_those_of_the_deployment(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    article = schemas["ClassifyRequest"]["properties"]
    # The text in a page of HTML is shorter than the page.
    assert "maxLength" not in article["text"]
    assert article["text"]["minLength"] == 1
    assert article["title"]["anyOf"][0]["maxLength"] == 1000
    assert schemas["ClassifyRequest"]["additionalProperties"] is False
    articles = schemas["BatchRequest"]["properties"]["articles"]
    assert articles["maxItems"] == 4
    assert articles["items"] == {"$ref": "#/components/schemas/ClassifyRequest"}
    body = document["paths"]["/classify"]["post"]["requestBody"]
    assert "5000 bytes" in body["description"]


def test_every_operation_has_a_plain_id_and_its_problems(app: FastAPI) -> None:
    operations = {
        f"{method} {path}": operation
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "compat" not in operation["tags"]
    }
    assert {key: each["operationId"] for key, each in operations.items()} == {
        "post /classify": "classify",
        "post /classify/batch": "classify_batch",
        "post /classify/stream": "classify_stream",
        "get /labels": "labels",
        "get /info": "info",
        "get /livez": "livez",
        "get /readyz": "readyz",
        "get /metrics": "prometheus",
    }
    assert set(operations["post /classify"]["responses"]) == {
        "200", "400", "413", "415", "422", "429", "500", "503", "504", "default"
    }  # fmt: skip
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if status != "200":
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


def test_stream_is_documented_line_by_line(app: FastAPI) -> None:
    operation = app.openapi()["paths"]["/classify/stream"]["post"]
    lines = operation["requestBody"]["content"]["application/x-ndjson"]["schema"]
    assert lines == {"$ref": "#/components/schemas/ClassifyRequest"}
    assert "5000 bytes a line" in operation["requestBody"]["description"]
    answers = operation["responses"]["200"]["content"]["application/x-ndjson"]["schema"]
    assert answers["anyOf"] == [
        {"$ref": f"#/components/schemas/{name}"} for name in ("StreamResult", "StreamProblem")
    ]
    assert "type" not in answers


def test_limits_of_time_and_load_are_documented(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for method, path in (*OPERATIONS, STREAM, *COMPAT):
        if method != "POST":
            continue
        operation = paths[path]["post"]
        timeout = operation["parameters"][-1]
        assert (timeout["name"], timeout["in"]) == ("X-Request-Timeout", "header")
        for status in ("429", "503"):
            assert "Retry-After" in operation["responses"][status]["headers"]
        # In a stream it is the problem of a line.
        assert ("504" in operation["responses"]) is (path != "/classify/stream")
    assert "Retry-After" in paths["/readyz"]["get"]["responses"]["503"]["headers"]


def test_examples_are_accepted(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    (example,) = document["components"]["schemas"]["ClassifyRequest"]["examples"]
    assert client.post("/classify", json=example).status_code == 200
