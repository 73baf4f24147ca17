"""More requests than there is time for: refused, out of time, or given up by the client."""

import threading

import pytest
from asgi import Client, Gate, until
from fake_service import SLOW, FakeClassifier
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving import deadline

FIRE = {"text": "حريق"}


def test_too_much_work_is_refused_with_a_time_to_come_back(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        slow = await gate.slow()
        waiting = Client(gate.app, FIRE)
        await until(lambda: gate.tokens > 32)
        status, headers, problem = await Client(gate.app, FIRE).answer()
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert problem["type"] == "urn:rasid:problem:overloaded"
        assert "at most 32 may" in problem["detail"]
        gate.open()
        assert [(await client.answer())[0] for client in (slow, waiting)] == [200, 200]
        assert (await Client(gate.app, FIRE).answer())[0] == 200
        assert gate.tokens == 0

    in_gate(scenario, max_queue_tokens=32)


def test_a_batch_is_refused_or_let_in_as_a_whole(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        slow = await gate.slow()
        batch = Client(gate.app, {"articles": [FIRE, FIRE, {"text": 3}]}, path="/classify/batch")
        await until(lambda: gate.tokens > 32)
        refused = Client(gate.app, {"articles": [FIRE]}, path="/classify/batch")
        status, headers, _ = await refused.answer()
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        gate.open()
        await slow.answer()
        _, _, answer = await batch.answer()
        assert ["result" in item for item in answer["results"]] == [True, True, False]

    in_gate(scenario, max_queue_tokens=32)


def test_a_request_whose_time_is_over_gets_504_and_is_not_worked_on(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        slow = await gate.slow()
        before = gate.tokens
        late = Client(gate.app, FIRE, headers={"X-Request-Timeout": "0.05"})
        status, _, problem = await late.answer()
        assert status == 504
        assert problem["type"] == "urn:rasid:problem:deadline-exceeded"
        assert gate.tokens == before
        gate.open()
        assert (await slow.answer())[0] == 200
        assert gate.classifier.begun == [SLOW]

    in_gate(scenario)


def test_work_begun_ends_with_the_time_of_its_request(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        late = Client(gate.app, {"text": SLOW}, headers={"X-Request-Timeout": "0.1"})
        assert (await late.answer())[0] == 504
        assert gate.tokens == 0
        gate.open()
        assert (await Client(gate.app, FIRE).answer())[0] == 200

    in_gate(scenario)


def test_a_batch_keeps_what_was_ready_in_time(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        articles = [FIRE, {"text": SLOW}, FIRE]
        batch = Client(
            gate.app,
            {"articles": articles},
            path="/classify/batch",
            headers={"X-Request-Timeout": "0.5"},
        )
        status, _, answer = await batch.answer()
        assert status == 200
        first, *others = answer["results"]
        assert first["result"]["labels"] == ["fire"]
        assert [item["problem"]["status"] for item in others] == [504, 504]

    in_gate(scenario)


def test_time_enough_changes_nothing(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        client = Client(gate.app, FIRE, headers={"X-Request-Timeout": "30.5"})
        assert (await client.answer())[0] == 200

    in_gate(scenario)


@pytest.mark.parametrize("given", ["", "0", "0.0", "-1", "1e3", "nan", "inf", "soon", "86401", "٣"])
def test_a_timeout_that_is_none_is_refused(client: TestClient, given: str) -> None:
    headers = {"X-Request-Timeout": given.encode()}
    response = client.post("/classify", json=FIRE, headers=headers)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:rasid:problem:invalid-header"
    assert response.json()["detail"].startswith("X-Request-Timeout: ")


def test_a_deadline_is_not_inherited(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        # As the server starts a pipelined request: in the context of the one before it.
        deadline._deadline.set(0.0)
        assert (await Client(gate.app, FIRE).answer())[0] == 200

    in_gate(scenario)


def test_a_client_that_leaves_while_it_waits_frees_its_place(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        slow = await gate.slow()
        before = gate.tokens
        waiting = Client(gate.app, FIRE)
        await until(lambda: gate.tokens > before)
        waiting.leave()
        assert (await waiting.answer())[0] == 0
        assert gate.tokens == before
        gate.open()
        assert (await slow.answer())[0] == 200
        assert gate.classifier.begun == [SLOW]

    in_gate(scenario)


def test_a_batch_whose_client_leaves_is_not_gone_on_with(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        body = {"articles": [{"text": SLOW}, FIRE, FIRE]}
        batch = Client(gate.app, body, path="/classify/batch")
        await until(lambda: gate.classifier.begun == [SLOW])
        batch.leave()
        assert (await batch.answer())[0] == 0
        assert gate.tokens == 0
        gate.open()
        other = Client(gate.app, {"text": "سير"})
        assert (await other.answer())[0] == 200
        assert gate.classifier.begun == [SLOW, "سير"]

    in_gate(scenario)


def test_the_rest_of_an_article_is_not_run_for_a_client_that_left(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        asked = []
        first = threading.Event()

        def infer(ids: list[list[int]]) -> object:
            asked.append(len(ids))
            first.set()
            gate._wait()
            return FakeClassifier.infer(gate.classifier, ids)

        gate.classifier.window, gate.classifier.infer = 256, infer
        client = Client(gate.app, FIRE)
        await until(first.is_set)
        client.leave()
        assert (await client.answer())[0] == 0
        gate.open()
        gate.classifier.window = 5
        assert (await Client(gate.app, {"text": "سير"}).answer())[0] == 200
        # One window of the first article, both of the second in one slice.
        assert asked == [1, 2]

    in_gate(scenario)


def test_a_failed_article_leaves_nothing_behind(app: FastAPI, client: TestClient) -> None:
    for text in ("عطب", "انهيار"):
        assert client.post("/classify", json={"text": text}).status_code == 500
    assert app.state.engine.admission.tokens_in_flight == 0
    assert client.post("/classify", json=FIRE).status_code == 200
