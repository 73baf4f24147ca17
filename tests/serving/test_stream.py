import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from fake_service import CRASHES, FAILS, SLOW, FakeClassifier, wait_until_ready
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message

from serving.app import create_app
from serving.errors import NotReady
from serving.lines import Chunks, Line, read_lines
from serving.settings import Settings

NDJSON = {"Content-Type": "application/x-ndjson"}
PATIENCE = 30.0


def lines_of(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def answered(response: Any) -> list[dict]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.content.splitlines()]


def test_lines_are_answered_in_order(client: TestClient) -> None:
    body = lines_of({"text": "حريق", "id": "a"}, {"text": "سير", "evidence": False}, {"text": "x"})
    response = client.post("/classify/stream", content=body, headers=NDJSON)
    entries = answered(response)
    assert [entry["line"] for entry in entries] == [1, 2, 3]
    assert [entry["result"]["labels"] for entry in entries] == [["fire"], ["traffic"], []]
    assert entries[0]["result"]["id"] == "a"
    assert entries[1]["result"]["topics"][0]["evidence"] == []
    assert {entry["result"]["request_id"] for entry in entries} == {
        response.headers["x-request-id"]
    }


def test_a_line_gets_the_answer_that_the_article_gets_alone(client: TestClient) -> None:
    article = {"text": "حريق في السوق", "title": "سير"}
    headers = {"X-Request-ID": "same"}
    alone = client.post("/classify", json=article, headers=headers).json()
    (entry,) = answered(
        client.post("/classify/stream", content=lines_of(article), headers=NDJSON | headers)
    )
    assert entry == {"line": 1, "result": alone}


@pytest.mark.parametrize(
    ("line", "name", "pointers"),
    [
        (b"{", "invalid-json", []),
        (b'{"text": "\xff"}', "invalid-json", []),
        (b'{"text": "a", "text": "b"}', "invalid-json", []),
        (b"[1]", "invalid-request", ["#"]),
        (b'{"txt": 1}', "invalid-request", ["#/text", "#/txt"]),
        (b'{"text": " "}', "empty-text", ["#/text"]),
        (b'{"text": "\\ud800"}', "invalid-text", ["#/text"]),
        (b'{"text": "' + b"a" * 1001 + b'"}', "text-too-long", ["#/text"]),
        (b'{"text": "' + b"a" * 5001 + b'"}', "body-too-large", []),
        (json.dumps({"text": FAILS}).encode(), "engine-error", []),
        (json.dumps({"text": CRASHES}).encode(), "internal-error", []),
    ],
)
def test_a_bad_line_has_its_problem_and_harms_no_other(
    client: TestClient, line: bytes, name: str, pointers: list[str]
) -> None:
    good = lines_of({"text": "حريق"})
    body = good + line + b"\n" + good
    first, bad, last = answered(client.post("/classify/stream", content=body, headers=NDJSON))
    assert first["result"]["labels"] == last["result"]["labels"] == ["fire"]
    assert (bad["line"], last["line"]) == (2, 3)
    assert bad["problem"]["type"] == f"urn:rasid:problem:{name}"
    assert [error["pointer"] for error in bad["problem"]["errors"]] == pointers
    if name in ("invalid-json", "body-too-large"):
        assert bad["problem"]["detail"].startswith("the line ")


def test_blank_lines_are_counted_and_not_answered(client: TestClient) -> None:
    body = b"\r\n" + lines_of({"text": "حريق"}) + b"  \n\n" + b'{"text": "x"}\r\n\n'
    entries = answered(client.post("/classify/stream", content=body, headers=NDJSON))
    assert [entry["line"] for entry in entries] == [2, 5]


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_no_line_has_no_answer(client: TestClient, body: bytes) -> None:
    assert answered(client.post("/classify/stream", content=body, headers=NDJSON)) == []


def test_last_line_needs_no_line_feed(client: TestClient) -> None:
    (entry,) = answered(client.post("/classify/stream", content=b'{"text": "x"}', headers=NDJSON))
    assert entry["line"] == 1


def test_whole_body_may_be_larger_than_that_of_other_requests(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(20):
            yield lines_of({"text": "a" * 900})

    announced = lines_of({"text": "a" * 900}) * 20
    for content in (body(), announced):
        entries = answered(client.post("/classify/stream", content=content, headers=NDJSON))
        assert [entry["line"] for entry in entries] == list(range(1, 21))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-ndjson; charset=windows-1256"},
        NDJSON | {"Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/classify/stream", content=b'{"text": "x"}', headers=headers)
    assert response.status_code == 415
    assert response.json()["type"] == "urn:rasid:problem:unsupported-media-type"


def test_stream_is_refused_until_the_model_is_there(settings: Settings) -> None:
    def load() -> FakeClassifier:
        raise RuntimeError("broken")

    with TestClient(create_app(settings, load=load)) as client:
        response = client.post("/classify/stream", content=b"{}", headers=NDJSON)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


def test_lines_are_counted_like_articles_of_a_batch(client: TestClient) -> None:
    client.post("/classify/stream", content=lines_of({"text": "حريق"}, {}), headers=NDJSON)
    metrics = client.get("/metrics").text
    for status in (200, 422):
        assert f'rasid_batch_articles_total{{status="{status}"}} 1.0' in metrics


@given(
    st.lists(st.sampled_from([b"a", b"bb", b"\n", b" ", b"\r", b"c" * 9, b"d\ne"]), max_size=30),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_lines_do_not_depend_on_where_the_body_is_cut(pieces: list[bytes], cuts: list[int]) -> None:
    body = b"".join(pieces)
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = [body[low:high] for low, high in pairwise(bounds)]
    expected = [
        Line(number, None if len(line) > 8 else line.strip())
        for number, line in enumerate(body.split(b"\n"), 1)
        if line.strip() or len(line) > 8
    ]
    assert asyncio.run(lines_in(chunks)) == expected


async def lines_in(chunks: list[bytes]) -> list[Line]:
    queue: Chunks = asyncio.Queue()
    for chunk in (*chunks, None):
        queue.put_nowait(chunk)
    return [line async for line in read_lines(queue, 8)]


def stream_scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/classify/stream",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson")],
    }


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Slow articles wait for it."""
    gate = threading.Event()
    yield gate
    gate.set()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def test_client_that_does_not_read_is_not_read_from(app: FastAPI, client: TestClient) -> None:
    taken, sent = 0, 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        await asyncio.sleep(0)
        return {"type": "http.request", "body": lines_of({"text": "حريق"}), "more_body": True}

    async def send(message: Message) -> None:
        nonlocal sent
        sent += message["type"] == "http.response.body"
        if sent > 10:
            await asyncio.Event().wait()

    async def run() -> None:
        exchange = asyncio.create_task(app(stream_scope(), receive, send))
        await until(lambda: sent > 10)
        for _ in range(100):
            await asyncio.sleep(0.001)
        # Ten answers are out; a few lines more are at work or wait for it.
        assert taken <= 10 + 8
        exchange.cancel()

    asyncio.run(run())


def test_answers_come_before_the_next_line_does(app: FastAPI, client: TestClient) -> None:
    """A client may wait for an answer before it sends more."""
    sent: list[bytes] = []
    given = 0

    async def receive() -> Message:
        nonlocal given
        await until(lambda: len(sent) == given)
        given += 1
        body = lines_of({"text": "حريق"}) if given <= 3 else b""
        return {"type": "http.request", "body": body, "more_body": given <= 3}

    async def send(message: Message) -> None:
        if message.get("body"):
            sent.append(message["body"])

    asyncio.run(app(stream_scope(), receive, send))
    assert [json.loads(each)["line"] for each in sent] == [1, 2, 3]


def test_work_stops_when_the_client_leaves(settings: Settings, gate: threading.Event) -> None:
    classifier = FakeClassifier(lambda: gate.wait(PATIENCE))
    app = create_app(settings, load=lambda: classifier)
    left = [lines_of(*[{"text": SLOW}] * 6)]

    async def receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        await until(lambda: classifier.begun == [SLOW])
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        assert message["type"] == "http.response.start"

    with TestClient(app) as client:
        wait_until_ready(app)
        asyncio.run(app(stream_scope(), receive, send))
        gate.set()
        # The one worker is free again only when everything before has run.
        assert client.post("/classify", json={"text": "حريق"}).status_code == 200
        assert classifier.begun == [SLOW, "حريق"]
        metrics = client.get("/metrics").text
        assert 'requests_total{route="/classify/stream",status="499"} 1.0' in metrics
        assert "rasid_windows_total 2.0" in metrics


def test_stream_has_no_end_where_the_model_is_gone(app: FastAPI, client: TestClient) -> None:
    sent: list[Message] = []
    left = [lines_of({"text": "حريق"}), lines_of({"text": "حريق"})]

    async def receive() -> Message:
        if len(left) == 1:
            await until(lambda: len(sent) == 2)
            app.state.engine._classifier = None
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError) as ended:
        asyncio.run(app(stream_scope(), receive, send))
    # The framework's words for an error that came too late to be answered.
    assert isinstance(ended.value.__cause__, NotReady)
    # The server closes a connection whose answer is not whole.
    assert [message.get("more_body") for message in sent] == [None, True]
