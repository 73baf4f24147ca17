"""Inference that dies takes the service with it, and nobody gets an answer from the dead."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_service import DEADLY, FAILS, PANICS, SLOW, wait_until_ready
from fastapi import FastAPI
from live import FAKE, Service, wait_for
from starlette.testclient import TestClient

DEAD = 3


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services = []

    def start(*arguments: str) -> Service:
        command = [sys.executable, FAKE, tmp_path / "release", "--threads", "1"]
        services.append(Service(tmp_path, command, "--drain-seconds", "30", *arguments))
        return services[-1]

    yield start
    for service in services:
        service.end()


def send(service: Service, text: str) -> tuple[threading.Thread, list[int]]:
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(service.classify(text)))
    thread.start()
    return thread, statuses


@pytest.mark.parametrize("word", [FAILS, PANICS])
def test_an_article_that_fails_is_not_the_end(client: TestClient, app: FastAPI, word: str) -> None:
    for _ in range(3):
        assert client.post("/classify", json={"text": word}).status_code == 500
    assert app.state.engine.death is None
    assert client.get("/readyz").status_code == 200
    assert client.post("/classify", json={"text": "حريق"}).status_code == 200


def test_nothing_gets_200_from_a_dead_engine(client: TestClient, app: FastAPI) -> None:
    assert client.post("/classify", json={"text": DEADLY}).status_code == 500
    wait_for(lambda: app.state.engine.death)
    batch = {"articles": [{"text": "حريق"}]}
    for ask in (
        lambda: client.get("/readyz"),
        lambda: client.post("/classify", json={"text": "حريق"}),
        lambda: client.post("/classify/batch", json=batch),
    ):
        response = ask()
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
    assert "rasid_ready 0.0" in client.get("/metrics").text


def test_a_batch_that_inference_dies_under_is_no_answer(client: TestClient, app: FastAPI) -> None:
    articles = [{"text": "حريق"}, {"text": DEADLY}, {"text": "حريق"}]
    response = client.post("/classify/batch", json={"articles": articles})
    wait_for(lambda: app.state.engine.death)
    # The last article may be asked for before the death is known.
    assert response.status_code == 503


def test_a_task_that_ends_with_an_error_is_a_death(app: FastAPI, monkeypatch) -> None:
    def fail() -> None:
        raise ValueError("unforeseen")

    with TestClient(app) as client:
        wait_until_ready(app)
        monkeypatch.setattr(app.state.swap, "_identity", fail)
        client.portal.call(app.state.swap.look_again)
        wait_for(lambda: app.state.engine.death)
        assert client.get("/readyz").status_code == 503


def test_the_process_ends_with_its_own_code(start: Callable[..., Service]) -> None:
    service = start("--workers", "2")
    waiting, statuses = send(service, SLOW)
    wait_for(lambda: service.metric("rasid_tokens_in_flight") > 0)
    assert service.classify(DEADLY) == 500
    waiting.join(30)
    assert statuses == [503]
    assert service.wait() == DEAD
    (line,) = [line for line in service.log() if line["level"] == "critical"]
    assert line["message"] == "inference is dead: EngineError"


def test_an_inference_that_never_ends_is_a_death_too(start: Callable[..., Service]) -> None:
    service = start("--workers", "1", "--stall-seconds", "1")
    first, stuck = send(service, SLOW)
    wait_for(lambda: service.metric("rasid_tokens_in_flight") > 0)
    second, waiting = send(service, "حريق")
    for thread in (first, second):
        thread.join(30)
    assert stuck + waiting == [503, 503]
    assert service.wait() == DEAD
    assert "inference is dead: TimeoutError" in [line["message"] for line in service.log()]
