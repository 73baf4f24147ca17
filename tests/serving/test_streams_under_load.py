"""Lines of a stream wait for room, where requests are turned away."""

import asyncio
import json
import threading

import pytest
from asgi import PATIENCE, Client, Gate, until
from fake_service import SLOW

from serving.admission import HUGE_TOKENS
from serving.errors import NotReady

FIRE, TRAFFIC, HELD_UP = {"text": "حريق"}, {"text": "سير"}, {"text": SLOW}
BATCH = "/classify/batch"
# Tokens of a word with its evidence while it waits, and of a fake's windows once it is begun.
WAITS, BEGUN = 32, 22


def stream(gate: Gate, *articles: dict[str, str], **headers: str) -> Client:
    body = b"".join(json.dumps(article).encode() + b"\n" for article in articles)
    given = {"content-type": "application/x-ndjson"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(gate.app, body, path="/classify/stream", headers=given)


def statuses(entries: list[dict]) -> list[int]:
    return [entry["problem"]["status"] if "problem" in entry else 200 for entry in entries]


def test_a_stream_is_refused_at_its_beginning(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        waiting = Client(gate.app, FIRE)
        await until(lambda: gate.tokens == BEGUN + WAITS)
        status, headers, problem = await stream(gate, FIRE).answer()
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert problem["type"] == "urn:rasid:problem:overloaded"
        gate.open()
        assert (await waiting.answer())[0] == 200
        assert statuses(await stream(gate, FIRE).lines()) == [200]

    in_gate(scenario, max_queue_tokens=WAITS)


def test_lines_wait_for_room_and_none_is_refused(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        streams = [stream(gate, *[FIRE] * 5) for _ in range(3)]
        await until(lambda: gate.tokens == BEGUN + WAITS)
        for _ in range(50):
            await asyncio.sleep(0.001)
            # However many lines there are, they do not fill the queue over its bound.
            assert gate.tokens == BEGUN + WAITS
        assert (await Client(gate.app, FIRE).answer())[0] == 429
        gate.open()
        for each in streams:
            assert statuses(await each.lines()) == [200] * 5
        assert gate.tokens == 0

    in_gate(scenario, max_queue_tokens=WAITS)


def test_lines_get_the_room_that_an_article_of_a_batch_leaves(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        held = [threading.Event(), threading.Event()]
        turns = iter(held)
        gate.classifier._wait = lambda: next(turns).wait(PATIENCE)
        gate.classifier.window = HUGE_TOKENS
        batch = Client(gate.app, {"articles": [HELD_UP, HELD_UP]}, path=BATCH)
        # A huge article shuts out nobody whose own article is shorter than the queue.
        await until(lambda: gate.tokens > HUGE_TOKENS)
        gate.classifier.window = 5
        other = stream(gate, FIRE)
        for _ in range(50):
            await asyncio.sleep(0.001)
            assert gate.tokens > HUGE_TOKENS
        held[0].set()
        # While the batch is at its second article.
        await until(lambda: gate.tokens == BEGUN + WAITS)
        held[1].set()
        assert statuses(await other.lines()) == [200]
        assert (await batch.answer())[0] == 200

    in_gate(scenario, max_queue_tokens=WAITS - 1)


def test_lines_that_are_not_ready_in_time_have_the_problem(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        # Of the first two one waits for the worker and one for room.
        entries = await stream(gate, *[FIRE] * 4, x_request_timeout="0.1").lines()
        assert statuses(entries) == [504] * 4
        assert gate.tokens == BEGUN
        gate.open()
        assert (await Client(gate.app, TRAFFIC).answer())[0] == 200
        assert gate.classifier.begun == [SLOW, TRAFFIC["text"]]

    in_gate(scenario, max_queue_tokens=WAITS)


def test_lines_of_a_client_that_leaves_wait_no_longer(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        left, stays = stream(gate, *[FIRE] * 4), stream(gate, TRAFFIC)
        await until(lambda: gate.tokens == BEGUN + WAITS)
        left.leave()
        assert await left.lines() == []
        gate.open()
        assert statuses(await stays.lines()) == [200]
        assert gate.classifier.begun == [SLOW, TRAFFIC["text"]]

    in_gate(scenario, max_queue_tokens=WAITS)


def test_a_stream_is_cut_off_where_inference_dies(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        waiting = stream(gate, *[FIRE] * 4)
        await until(lambda: gate.tokens == BEGUN + WAITS)
        gate.app.state.engine.die(TimeoutError("an inference does not end"))
        with pytest.raises(RuntimeError) as ended:
            await waiting.lines()
        # The framework's words for an error that came too late to be answered.
        assert isinstance(ended.value.__cause__, NotReady)
        await until(lambda: gate.tokens == 0)

    in_gate(scenario, max_queue_tokens=WAITS)
