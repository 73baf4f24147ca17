"""What no client sends, and text-embeddings-inference, which has no client of its own."""

import asyncio
import gc
import struct
import weakref

import pytest
from asgi import Gate, until
from fake_service import CRASHES, FakeClassifier
from starlette.testclient import TestClient
from starlette.types import Message

from serving.app import create_app
from serving.settings import Settings

FIRE, TRAFFIC = "حريق في السوق", "سير في الطريق"
TOPICS = [
    {"label": "fire", "score": 0.9},
    {"label": "crime", "score": 0.1},
    {"label": "traffic", "score": 0.1},
]
INFER = "/v2/models/fake/infer"


@pytest.mark.parametrize("inputs", [FIRE, [FIRE], ["عنوان", FIRE]])
def test_predict_gives_a_flat_list_for_one_text(client: TestClient, inputs: object) -> None:
    body = {"inputs": inputs, "raw_scores": False, "truncate": True, "truncation_direction": "Left"}
    response = client.post("/predict", json=body)
    assert response.status_code == 200
    assert response.json() == TOPICS


@pytest.mark.parametrize("count", [1, 2])
def test_predict_gives_a_list_for_each_text_of_a_batch(client: TestClient, count: int) -> None:
    body = {"inputs": [[FIRE], ["عنوان", TRAFFIC]][:count]}
    answer = client.post("/predict", json=body).json()
    assert [labels[0]["label"] for labels in answer] == ["fire", "traffic"][:count]


def test_the_first_of_a_pair_is_the_title(settings: Settings) -> None:
    seen = []

    class Watched(FakeClassifier):
        def classify(self, article, *, evidence=True):
            seen.append((article, evidence))
            return super().classify(article, evidence=evidence)

    app = create_app(settings, load=Watched)
    with TestClient(app) as client:
        while not app.state.engine.ready:
            pass
        client.post("/predict", json={"inputs": ["عنوان", FIRE]})
    ((article, evidence),) = seen
    assert (article.title, article.text, evidence) == ("عنوان", FIRE, False)


@pytest.mark.parametrize(
    ("body", "status", "kind", "message"),
    [
        ({"inputs": ["a", "b", "c"]}, 422, "validation", "inputs"),
        ({"inputs": []}, 422, "validation", "inputs"),
        ({"inputs": [["a", "b", "c"]]}, 422, "validation", "inputs"),
        ({"inputs": FIRE, "raw_scores": True}, 422, "validation", "only calibrated scores"),
        ({"inputs": [[FIRE], [" "]]}, 422, "validation", "inputs[1]: is empty"),
        ({"inputs": ["\0", FIRE]}, 422, "validation", "inputs[0]: its title has a NUL"),
        ({"inputs": [[FIRE]] * 5}, 422, "validation", "at most 4"),
        ({"inputs": CRASHES}, 500, "backend", "the service's own"),
    ],
)
def test_predict_refuses_in_its_own_words(
    client: TestClient, body: object, status: int, kind: str, message: str
) -> None:
    response = client.post("/predict", json=body)
    assert response.status_code == status
    refusal = response.json()
    assert set(refusal) == {"error", "error_type"}
    assert refusal["error_type"] == kind
    assert message in refusal["error"]
    assert response.headers["x-request-id"]


def test_one_bad_text_keeps_the_others_from_being_classified(client: TestClient) -> None:
    client.post("/predict", json={"inputs": [[FIRE], [" "]]})
    assert "rasid_windows_total 0.0" in client.get("/metrics").text


def test_interfaces_are_not_ready_before_the_model_is(settings: Settings) -> None:
    def load() -> FakeClassifier:
        raise RuntimeError("broken")

    with TestClient(create_app(settings, load=load)) as client:
        text = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [FIRE]}
        for path, body in [
            ("/predict", {"inputs": FIRE}),
            ("/compat/huggingface", {"inputs": FIRE}),
            ("/compat/infinity/classify", {"input": [FIRE]}),
            (INFER, {"inputs": [text]}),
        ]:
            response = client.post(path, json=body)
            assert response.status_code == 503
            assert response.headers["retry-after"] == "5"
        for path in ("/v2/health/ready", "/v2/models/fake/ready", "/v2/models/fake"):
            assert client.get(path).status_code == 503
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2").status_code == 200


def test_server_that_stops_is_not_ready(client: TestClient, app) -> None:
    app.state.engine.draining = True
    response = client.get("/v2/health/ready")
    assert (response.status_code, set(response.json())) == (503, {"error"})
    assert client.get("/v2/models/fake/ready").status_code == 503


def packed(*strings: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(string)) + string for string in strings)


@pytest.mark.parametrize(
    ("tail", "size", "message"),
    [
        (packed(FIRE.encode())[:-1], None, "cut off"),
        (b"\x01\x00", None, "cut off"),
        (packed(b"\xff"), None, "not UTF-8"),
        (packed(FIRE.encode(), FIRE.encode()), None, "shape"),
        (packed(FIRE.encode()), 10**6, "binary_data_size"),
        (packed(FIRE.encode()), -1, "binary_data_size"),
        (b"\xff\xff\xff\xff" + b"a", None, "cut off"),
    ],
)
def test_binary_data_that_is_not_what_it_says(
    client: TestClient, tail: bytes, size: int | None, message: str
) -> None:
    head = (
        b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": '
        b'{"binary_data_size": %d}}]}' % (len(tail) if size is None else size)
    )
    headers = {"Inference-Header-Content-Length": str(len(head))}
    response = client.post(INFER, content=head + tail, headers=headers)
    assert response.status_code == 400
    assert message in response.json()["error"]


@pytest.mark.parametrize("length", ["-1", "x", "99999", "٣", "", "1" * 5000])
def test_json_length_must_lie_in_the_body(client: TestClient, length: str) -> None:
    headers = {"Inference-Header-Content-Length": length.encode()}
    assert client.post(INFER, content=b"{}", headers=headers).status_code == 400


def test_a_client_that_sends_no_body_keeps_no_model(in_gate) -> None:
    async def scenario(gate: Gate) -> None:
        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            raise AssertionError("there is nobody to answer")

        left = asyncio.Event()
        scope = {
            "type": "http",
            "method": "POST",
            "path": INFER,
            "query_string": b"",
            "headers": [],
        }
        exchange = asyncio.create_task(gate.app(scope, receive, send))
        for _ in range(20):
            await asyncio.sleep(0)
        old = weakref.ref(gate.classifier)
        gate.classifier = FakeClassifier()
        gate.app.state.engine.install(gate.classifier)
        await until(lambda: gc.collect() is not None and old() is None)
        left.set()
        await exchange

    in_gate(scenario)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ({"shape": [2], "data": [FIRE]}, "shape"),
        ({"shape": [1], "data": [1]}, "no string"),
        ({"shape": [1], "data": [[[FIRE]]]}, "no string"),
        ({"shape": [1], "data": []}, "shape"),
        ({"shape": [1]}, "shape"),
    ],
)
def test_tensors_that_are_not_what_they_say(client: TestClient, tensor: dict, message: str) -> None:
    body = {"inputs": [{"name": "text", "datatype": "BYTES", **tensor}]}
    response = client.post(INFER, json=body)
    assert response.status_code == 400
    assert message in response.json()["error"]


@pytest.mark.parametrize(
    "part",
    [
        '"id": "\\ud800", ',
        '"outputs": [{"name": "\\ud800"}], ',
        '"outputs": [{"name": "' + "a" * 300 + '"}], ',
    ],
)
def test_names_that_could_not_be_returned(client: TestClient, part: str) -> None:
    text = '{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}'
    assert client.post(INFER, content=f'{{{part}"inputs": [{text}]}}').status_code == 422
    named = text.replace('"text"', '"\\ud800"')
    assert client.post(INFER, content=f'{{"inputs": [{named}]}}').status_code == 422


@pytest.mark.parametrize("shape", [[], [1, 1, 1], [-1], [2**40], [9] * 1000])
def test_shapes_that_no_text_has(client: TestClient, shape: list[int]) -> None:
    tensor = {"name": "text", "shape": shape, "datatype": "BYTES", "data": ["a"]}
    response = client.post(INFER, json={"inputs": [tensor]})
    assert response.status_code == 422
    assert "shape" in response.json()["error"]


def test_no_articles_give_no_rows(client: TestClient) -> None:
    body = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [0], "data": []}]}
    answer = client.post(INFER, json=body).json()
    assert "id" not in answer
    assert {each["name"]: each["shape"] for each in answer["outputs"]} == {
        "scores": [0, 3],
        "assigned": [0, 3],
        "labels": [3],
    }


@pytest.mark.parametrize("path", ["/predict", "/compat/huggingface", "/compat/infinity/classify"])
def test_bodies_are_bounded_here_too(client: TestClient, path: str) -> None:
    response = client.post(path, content=b"a" * 5001, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/json"
