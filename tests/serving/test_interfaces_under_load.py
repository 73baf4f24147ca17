"""Clients of other servers, and pages: let in, out of time, and on one model to the end."""

import threading

import pytest
from asgi import PATIENCE, Client, Gate, until
from fake_service import SLOW, FakeClassifier

from rasid.taxonomy import Taxonomy
from serving import intake

FIRE = "حريق"


def tensor(*texts: str) -> dict:
    shape = [len(texts)]
    return {"inputs": [{"name": "text", "datatype": "BYTES", "shape": shape, "data": texts}]}


INTERFACES = {
    "/predict": lambda *texts: {"inputs": [[text] for text in texts]},
    "/compat/huggingface": lambda *texts: {"inputs": texts},
    "/compat/infinity/classify": lambda *texts: {"input": texts},
    "/v2/models/fake/infer": tensor,
}
every_interface = pytest.mark.parametrize("path", INTERFACES)


def ask(gate: Gate, path: str, *texts: str, **headers: str) -> Client:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(gate.app, INTERFACES[path](*texts), path=path, headers=given)


def message(refusal: dict) -> str:
    """Where each client looks for it."""
    return refusal["detail"][0]["msg"] if "detail" in refusal else refusal["error"]


@every_interface
def test_too_much_is_refused_in_the_words_of_the_interface(in_gate, path: str) -> None:
    async def scenario(gate: Gate) -> None:
        await gate.slow()
        waiting = ask(gate, path, FIRE, FIRE)
        await until(lambda: gate.tokens > 32)
        status, headers, refusal = await ask(gate, path, FIRE).answer()
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert "at most 32 may" in message(refusal)
        if path == "/predict":
            assert refusal["error_type"] == "overloaded"
        gate.open()
        assert (await waiting.answer())[0] == 200
        assert gate.tokens == 0

    in_gate(scenario, max_queue_tokens=32)


@every_interface
def test_time_is_over_for_all_texts_together(in_gate, path: str) -> None:
    async def scenario(gate: Gate) -> None:
        late = ask(gate, path, FIRE, SLOW, FIRE, x_request_timeout="0.5")
        status, _, refusal = await late.answer()
        assert status == 504
        assert "X-Request-Timeout" in message(refusal)
        assert gate.tokens == 0
        assert gate.classifier.begun == [FIRE, SLOW]

    in_gate(scenario)


@every_interface
def test_a_timeout_that_is_none_is_refused_here_too(in_gate, path: str) -> None:
    async def scenario(gate: Gate) -> None:
        status, _, refusal = await ask(gate, path, FIRE, x_request_timeout="soon").answer()
        assert status == 400
        assert message(refusal).startswith("X-Request-Timeout: ")

    in_gate(scenario)


@every_interface
def test_all_texts_of_a_request_are_for_one_model(in_gate, path: str) -> None:
    async def scenario(gate: Gate) -> None:
        asked = ask(gate, path, SLOW, FIRE)
        await until(lambda: gate.classifier.begun == [SLOW])
        other = FakeClassifier()
        fire = [topic for topic in other.manifest.taxonomy.topics if topic.id == "fire"]
        fewer = {
            "version": "8",
            "taxonomy": Taxonomy(topics=tuple(fire)),
            "scoring": {"fire": other.manifest.scoring["fire"]},
        }
        other.manifest = other.manifest.model_copy(update=fewer)
        gate.app.state.engine.install(other)
        gate.open()
        status, _, answer = await asked.answer()
        assert status == 200
        assert gate.classifier.begun == [SLOW, FIRE]
        assert other.begun == []
        if path.startswith("/v2"):
            assert answer["model_version"] == "7"
        assert (await ask(gate, path, FIRE).answer())[0] == 200
        assert other.begun == [FIRE]

    in_gate(scenario)


def test_a_page_that_takes_too_long_to_read_keeps_no_place(in_gate, monkeypatch) -> None:
    async def scenario(gate: Gate) -> None:
        reading, read = threading.Event(), threading.Event()

        def extract(article: object) -> object:
            reading.set()
            assert read.wait(PATIENCE)
            return article

        monkeypatch.setattr(intake, "extract_article", extract)
        page = {"text": f"<p>{FIRE}</p>", "content_type": "text/html"}
        # The second one waits for the first.
        late = [Client(gate.app, page, headers={"X-Request-Timeout": "0.5"}) for _ in range(2)]
        await until(reading.is_set)
        assert gate.tokens > 0
        assert [(await each.answer())[0] for each in late] == [504, 504]
        assert gate.tokens == 0
        read.set()
        assert gate.classifier.begun == []

    in_gate(scenario)
