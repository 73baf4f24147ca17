import io
import json
import logging
import os
from collections.abc import Iterator

import pytest
from fake_service import CRASHES, FAILS
from starlette.testclient import TestClient

from serving.logs import JsonFormatter, LineHandler, describe, request_id

TEXT = "وقع حريق مهول في غابة قريبة من القرية"
LATIN = "Large wildfire près du village"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def parsed(lines: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def requests_in(lines: io.StringIO) -> list[dict]:
    return [line for line in parsed(lines) if line["logger"] == "serving.exchange"]


def test_one_line_for_a_request(client: TestClient, lines: io.StringIO) -> None:
    response = client.post("/classify", json={"text": TEXT}, headers={"X-Request-ID": "job-7:3"})
    (line,) = requests_in(lines)
    assert line["request_id"] == "job-7:3"
    assert response.headers["x-request-id"] == response.json()["request_id"] == "job-7:3"
    assert line["level"] == "info"
    assert (line["method"], line["route"], line["status"]) == ("POST", "/classify", 200)
    assert line["milliseconds"] >= 0


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 129, 'a"b', "<a>", "é"])
def test_unfit_request_ids_are_replaced(client: TestClient, given: str) -> None:
    headers = {"X-Request-ID": given.encode("latin-1")}
    response = client.get("/livez", headers=headers)
    assert len(response.headers["x-request-id"]) == 32
    assert response.headers["x-request-id"].isalnum()


def test_request_ids_differ(client: TestClient) -> None:
    assert len({client.get("/livez").headers["x-request-id"] for _ in range(20)}) == 20


@pytest.mark.parametrize("path", ["/classify", "/classify/batch"])
@pytest.mark.parametrize("word", ["", FAILS, CRASHES, "\0", "\ud800"])
def test_no_article_text_in_the_logs(
    client: TestClient, lines: io.StringIO, path: str, word: str
) -> None:
    article = {"text": TEXT + word, "title": "عنوان المقال", "id": "سري", "غريب": TEXT}
    for accepted in (article, {"text": TEXT + word}, {"text": LATIN + word, "title": LATIN}):
        body = {"articles": [accepted]} if path.endswith("batch") else accepted
        client.post(
            path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
    client.get(f"/{TEXT}", params={"q": LATIN})
    assert len(requests_in(lines)) == 4
    service_lines = "".join(
        line
        for line in lines.getvalue().splitlines()
        if json.loads(line)["logger"].startswith("serving")
    )
    secrets = [*TEXT.split()[1:4], *LATIN.split()[:3], "عنوان", "سري"]
    assert not any(secret in service_lines for secret in secrets)


@pytest.mark.parametrize("word", ["", FAILS, CRASHES, "\0"])
def test_no_article_text_in_the_logs_through_other_interfaces(
    client: TestClient, lines: io.StringIO, word: str
) -> None:
    text = f"{TEXT} {LATIN} {word}"
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    for path, body in [
        ("/classify", {"text": f"<p>{text}</p><div>{text}", "content_type": "text/html"}),
        ("/predict", {"inputs": text}),
        ("/compat/huggingface", {"inputs": text, "parameters": {"top_k": text}}),
        ("/compat/infinity/classify", {"input": [text]}),
        ("/v2/models/fake/infer", {"inputs": [tensor]}),
        ("/v2/models/fake/infer", {"inputs": [{**tensor, "name": text, "shape": [2]}]}),
    ]:
        client.post(path, json=body)
    stream = json.dumps({"text": text}).encode() + b"\n" + text.encode()
    headers = {"Content-Type": "application/x-ndjson"}
    client.post("/classify/stream", content=stream, headers=headers)
    assert len(requests_in(lines)) == 7
    secrets = [*TEXT.split()[1:4], *LATIN.split()[:3]]
    service_lines = [line for line in parsed(lines) if not line["logger"].startswith("http")]
    assert not any(secret in json.dumps(service_lines, ensure_ascii=False) for secret in secrets)


def test_failure_has_its_traceback_under_the_request_id(
    client: TestClient, lines: io.StringIO
) -> None:
    response = client.post("/classify", json={"text": f"{TEXT} {CRASHES}"})
    (error,) = [line for line in parsed(lines) if line["level"] == "error"]
    assert error["request_id"] == response.json()["request_id"]
    assert "fake_service.py" in error["traceback"]
    assert "RuntimeError: (message left out)" in error["traceback"]
    # The line of code that raised it is there; what it said of the article is not.
    assert f"could not handle {TEXT[:5]}" not in error["traceback"]


def test_probes_are_quiet(client: TestClient, lines: io.StringIO) -> None:
    client.get("/livez")
    client.get("/metrics")
    assert {line["level"] for line in requests_in(lines)} == {"debug"}


def test_description_follows_causes() -> None:
    secrets = [" ".join(["the", "police", "arrested"]), " ".join(["الشرطة", "أوقفت"])]
    try:
        try:
            raise KeyError(secrets[1])
        except KeyError as first:
            raise ValueError(secrets[0]) from first
    except ValueError as error:
        text = describe(error)
    assert text.index("ValueError: (message left out)") < text.index("KeyError: (message left out)")
    assert "test_logs.py" in text
    assert not any(secret in text for secret in secrets)


def test_lines_outside_a_request_have_no_id() -> None:
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "سطر\nآخر"})
    line = JsonFormatter().format(record)
    assert request_id.get() == ""
    assert "\n" not in line
    assert json.loads(line)["message"] == "سطر\nآخر"
    assert "request_id" not in json.loads(line)


@pytest.fixture
def narrow() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that takes a few lines and then refuses more, as a full disk does."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    os.set_blocking(read, False)
    yield read, write
    os.close(read)
    os.close(write)


def test_lines_that_cannot_be_written_are_counted(narrow: tuple[int, int]) -> None:
    read, write = narrow
    handler = LineHandler(write)
    handler.setFormatter(JsonFormatter())

    def say(message: str) -> None:
        handler.emit(logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": message}))

    def said() -> list[dict]:
        lines = os.read(read, 2**20).decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    say("أول")
    assert [line["message"] for line in said()] == ["أول"]
    for _ in range(70):
        say("x" * 1000)
    before = len(said())
    assert before < 70
    say("آخر")
    missing, last = said()
    assert missing["message"] == f"{70 - before} log lines could not be written"
    assert (missing["level"], last["message"]) == ("warning", "آخر")
    say("بعد")
    assert [line["message"] for line in said()] == ["بعد"]
