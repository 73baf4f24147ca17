import asyncio
import json
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from fake_service import CRASHES, FAILS
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message

from rasid import errors as core
from serving.problems import problem_of

JSON = {"Content-Type": "application/json"}


def assert_problem(response, status: int, name: str) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert problem["status"] == status
    assert problem["type"] == f"urn:rasid:problem:{name}"
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def post_scope(length: int) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/classify",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ],
    }


@pytest.mark.parametrize(
    ("body", "name", "pointer"),
    [
        ('{"text": ""}', "empty-text", "#/text"),
        ('{"text": " \\n\\t\\u00a0"}', "empty-text", "#/text"),
        ('{"text": "a\\u0000"}', "invalid-text", "#/text"),
        ('{"text": "a\\udfff"}', "invalid-text", "#/text"),
        ('{"text": "a", "title": "\\ud800"}', "invalid-text", "#/title"),
        ('{"text": "a", "title": "\\u0000"}', "invalid-text", "#/title"),
        ('{"text": "a", "id": "\\ud800"}', "invalid-request", "#/id"),
        ('{"text": "a", "id": "\\u0000"}', "invalid-request", "#/id"),
        ('{"text": "a", "id": 7}', "invalid-request", "#/id"),
        ('{"text": 7}', "invalid-request", "#/text"),
        ('{"text": null}', "invalid-request", "#/text"),
        ('{"text": ["a"]}', "invalid-request", "#/text"),
        ('{"text": "a", "evidence": "true"}', "invalid-request", "#/evidence"),
        ('{"text": "a", "evidence": 1}', "invalid-request", "#/evidence"),
        ("{}", "invalid-request", "#/text"),
        ("[]", "invalid-request", "#"),
        ("null", "invalid-request", "#"),
        ('"a"', "invalid-request", "#"),
        ('{"text": "a", "langue": "ar"}', "invalid-request", "#/langue"),
        ('{"text": "a", "a/b~c d": 1}', "invalid-request", "#/a~1b~0c%20d"),
        ('{"text": "a", "\\ud800": 1}', "invalid-request", "#"),
    ],
)
def test_bad_articles_name_the_field(
    client: TestClient, body: str, name: str, pointer: str
) -> None:
    problem = assert_problem(client.post("/classify", content=body, headers=JSON), 422, name)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"text": "a"} x',
        b'{"text": "\xff"}',
        b'{"text": "a\nb"}',
        '{"text": "نص"}'.encode("utf-16"),
        '{"text": "نص"}'.encode("cp1256"),
        b'\xef\xbb\xbf{"text": "a"}',
        b'{"text": NaN}',
        b'{"text": "a", "id": Infinity}',
        b'{"text": "a", "text": "b"}',
        b'{"text": ' + b"9" * 4500 + b"}",
        b"[" * 4900,
        b'{"text":' + b'{"a":' * 900,
    ],
)
def test_what_is_not_json_in_utf_8(client: TestClient, body: bytes) -> None:
    assert_problem(client.post("/classify", content=body, headers=JSON), 400, "invalid-json")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=windows-1256"},
        {"Content-Type": "application/json; charset*=utf-8; charset*0=utf-8"},
        {"Content-Type": f"application/json; charset*{'1' * 5000}=utf-8"},
        {"Content-Type": ""},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/classify", content=b'{"text": "a"}', headers=headers)
    assert_problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("value", ["application/json;charset=UTF-8", "Application/JSON"])
def test_spellings_of_the_media_type(client: TestClient, value: str) -> None:
    response = client.post("/classify", content=b'{"text": "a"}', headers={"Content-Type": value})
    assert response.status_code == 200


def test_length_limit_counts_characters_of_text_and_title(client: TestClient) -> None:
    at_limit = {"text": "ن" * 900, "title": "ع" * 100}
    assert client.post("/classify", json=at_limit).status_code == 200
    over = at_limit | {"title": "ع" * 101}
    problem = assert_problem(client.post("/classify", json=over), 422, "text-too-long")
    assert "1001" in problem["detail"]
    assert "1000" in problem["detail"]


def _chunks(size: int) -> Iterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 100):
        yield b"a" * 100
    yield b'"}'


@pytest.mark.parametrize("path", ["/classify", "/classify/batch"])
def test_declared_length_over_the_limit(client: TestClient, path: str) -> None:
    response = client.post(path, content=b"a" * 5001, headers=JSON)
    problem = assert_problem(response, 413, "body-too-large")
    assert "5000" in problem["detail"]


def test_declared_length_is_refused_before_the_body_is_read(app: FastAPI) -> None:
    sent = []

    async def receive() -> NoReturn:
        raise AssertionError("the body was asked for")

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(post_scope(5001), receive, send))
    assert sent[0]["status"] == 413


def test_client_that_leaves_is_no_failure(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    sent = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    with caplog.at_level("INFO"):
        asyncio.run(app(post_scope(10), receive, send))
    assert sent == []
    (record,) = [each for each in caplog.records if each.name == "serving.exchange"]
    assert record.fields["status"] == 499


def test_chunked_body_over_the_limit(client: TestClient) -> None:
    response = client.post("/classify", content=_chunks(5000), headers=JSON)
    assert_problem(response, 413, "body-too-large")
    assert client.post("/classify", content=_chunks(900), headers=JSON).status_code == 200


def test_unknown_paths_and_methods(client: TestClient) -> None:
    assert_problem(client.get("/nowhere"), 404, "not-found")
    assert_problem(client.get("/labels/"), 404, "not-found")
    problem = client.get("/classify")
    assert_problem(problem, 405, "method-not-allowed")
    assert problem.headers["allow"] == "POST"


@pytest.mark.parametrize(("word", "name"), [(FAILS, "engine-error"), (CRASHES, "internal-error")])
def test_failures_show_a_fixed_text(client: TestClient, word: str, name: str) -> None:
    response = client.post("/classify", json={"text": f"نص {word}"})
    problem = assert_problem(response, 500, name)
    assert "node 17" not in response.text
    assert word not in response.text
    assert problem["errors"] == []


def test_many_errors_and_long_names_stay_short(client: TestClient) -> None:
    body = {"text": "a", "x" * 3000: 1} | {f"field{n}": n for n in range(50)}
    response = client.post("/classify", json=body)
    problem = assert_problem(response, 422, "invalid-request")
    assert len(problem["errors"]) == 20
    assert len(response.content) < 5000


def test_names_that_are_no_utf_8_do_no_harm() -> None:
    error = {"type": "extra_forbidden", "loc": ("body", "a\ud800"), "msg": "", "input": None}
    problem = problem_of(RequestValidationError([error]))
    assert problem.errors[0].pointer == "#/a%3F"
    assert problem.model_dump_json().encode()


def test_every_core_error_has_its_place() -> None:
    def below(base: type[core.RasidError]) -> set[type[core.RasidError]]:
        return {base}.union(*map(below, base.__subclasses__()))

    class NewArticleError(core.ArticleError):
        pass

    for kind in below(core.RasidError):
        callers = issubclass(kind, core.ArticleError | core.ThresholdError)
        problem = problem_of(kind("text", "is bad") if callers else kind("secret"))
        assert problem.status == (422 if callers else 500)
        assert "secret" not in problem.detail
    assert problem_of(NewArticleError("text", "is bad")).status == 422


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["text", "title", "id", "evidence", "articles"])
                    | st.text(st.characters(), max_size=4),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.sampled_from(["/classify", "/classify/batch"]),
)
def test_no_body_is_the_services_fault(sound_client: TestClient, body: bytes, path: str) -> None:
    response = sound_client.post(path, content=body, headers=JSON)
    assert response.status_code in (200, 400, 422)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
