"""The interfaces of other servers, each asked by that server's own client."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import infinity_client
import numpy as np
import pytest
import tritonclient.http as triton
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from infinity_client.api.default import classify, health, models
from infinity_client.models import ClassifyInput, HTTPValidationError
from tritonclient.utils import InferenceServerException

from rasid import __version__
from tests.running import run_service

FIRE, TRAFFIC = "حريق في السوق", "سير في الطريق"
TOPICS = [("fire", 0.9), ("crime", 0.1), ("traffic", 0.1)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    fake = Path(__file__).with_name("fake_service.py")
    release = tmp_path_factory.mktemp("compat") / "release"
    limits = ["--max-chars", "1000", "--max-batch", "3", "--log-level", "error"]
    with run_service([sys.executable, fake, release, *limits]) as service:
        yield service


class TestInfinity:
    @pytest.fixture
    def client(self, service: httpx.Client) -> Iterator[infinity_client.Client]:
        address = f"{str(service.base_url).rstrip('/')}/compat/infinity"
        with infinity_client.Client(address, raise_on_unexpected_status=True) as client:
            yield client

    def test_classify(self, client: infinity_client.Client) -> None:
        body = ClassifyInput(input_=[FIRE, TRAFFIC], model="any/other")
        result = classify.sync(client=client, body=body)
        assert result.object_ == "classify"
        assert [(each.label, each.score) for each in result.data[0]] == TOPICS
        assert result.data[1][0].label == "traffic"
        assert result.model == "fake"
        assert result.usage.total_tokens == 22
        assert result.id.startswith("infinity-")

    def test_classify_asynchronously(self, service: httpx.Client) -> None:
        async def ask() -> object:
            address = f"{str(service.base_url).rstrip('/')}/compat/infinity"
            async with infinity_client.Client(address) as client:
                return await classify.asyncio(client=client, body=ClassifyInput(input_=[FIRE]))

        assert asyncio.run(ask()).data[0][0].label == "fire"

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            (ClassifyInput(input_=[FIRE, " "]), "input[1]"),
            (ClassifyInput(input_=[FIRE, "a" * 1001]), "input[1]"),
            (ClassifyInput(input_=[]), "input"),
            (ClassifyInput(input_=[FIRE], raw_scores=True), "raw_scores"),
        ],
    )
    def test_refusals_name_the_place(
        self, client: infinity_client.Client, body: ClassifyInput, where: str
    ) -> None:
        refusal = classify.sync(client=client, body=body)
        assert isinstance(refusal, HTTPValidationError)
        assert refusal.detail[0].loc == ["body", where]
        assert refusal.detail[0].msg

    def test_too_many_texts_are_refused(self, client: infinity_client.Client) -> None:
        refusal = classify.sync(client=client, body=ClassifyInput(input_=[FIRE] * 4))
        assert "at most 3" in refusal.detail[0].msg

    def test_models_and_health(self, client: infinity_client.Client) -> None:
        (model,) = models.sync(client=client).data
        assert (model.id, model.capabilities) == ("fake", ["classify"])
        assert health.sync(client=client)["unix"] > 0


class TestHuggingFace:
    @pytest.fixture
    def client(self, service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> InferenceClient:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        return InferenceClient(f"{str(service.base_url).rstrip('/')}/compat/huggingface")

    def test_text_classification(self, client: InferenceClient) -> None:
        found = client.text_classification(FIRE)
        assert [(each.label, each.score) for each in found] == TOPICS

    def test_top_k(self, client: InferenceClient) -> None:
        found = client.text_classification(FIRE, top_k=1, function_to_apply="sigmoid")
        assert [each.label for each in found] == ["fire"]

    def test_several_texts(self, service: httpx.Client) -> None:
        answer = service.post("/compat/huggingface", json={"inputs": [FIRE, TRAFFIC]}).json()
        assert [labels[0]["label"] for labels in answer] == ["fire", "traffic"]

    def test_refusals_reach_the_caller(self, client: InferenceClient) -> None:
        with pytest.raises(HfHubHTTPError, match=r"inputs\[0\]: is empty") as refusal:
            client.text_classification(" ")
        assert refusal.value.response.status_code == 422
        with pytest.raises(HfHubHTTPError, match="function_to_apply"):
            client.text_classification(FIRE, function_to_apply="softmax")


class TestOpenInference:
    @pytest.fixture
    def client(self, service: httpx.Client) -> Iterator[triton.InferenceServerClient]:
        with triton.InferenceServerClient(f"127.0.0.1:{service.base_url.port}") as client:
            yield client

    def test_health(self, client: triton.InferenceServerClient) -> None:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("fake")
        assert client.is_model_ready("fake", "7")
        assert not client.is_model_ready("fake", "8")
        assert not client.is_model_ready("other")

    def test_metadata(self, client: triton.InferenceServerClient) -> None:
        server = client.get_server_metadata()
        assert server == {"name": "rasid", "version": __version__, "extensions": []}
        model = client.get_model_metadata("fake")
        assert model == client.get_model_metadata("fake", "7")
        assert (model["name"], model["versions"]) == ("fake", ["7"])
        assert model["inputs"][0] == {"name": "text", "datatype": "BYTES", "shape": [-1]}
        assert [each["name"] for each in model["outputs"]] == ["scores", "assigned", "labels"]
        assert model["outputs"][0]["shape"] == [-1, 3]

    @pytest.mark.parametrize("binary", [True, False])
    @pytest.mark.parametrize("version", ["", "7"])
    def test_infer(self, client: triton.InferenceServerClient, binary: bool, version: str) -> None:
        text, title = tensor("text", [FIRE, TRAFFIC]), tensor("title", ["", FIRE])
        for each, value in ((text, [FIRE, TRAFFIC]), (title, ["", FIRE])):
            each.set_data_from_numpy(np.array(value, dtype=object), binary_data=binary)
        result = client.infer("fake", [text, title], model_version=version, request_id="نص 1")
        answer = result.get_response()
        assert (answer["model_name"], answer["model_version"]) == ("fake", "7")
        assert answer["id"] == "نص 1"
        scores = result.as_numpy("scores")
        assert scores.dtype == np.float32
        labels = result.as_numpy("labels").tolist()
        assert labels == ["crime", "fire", "traffic"]
        assert scores == pytest.approx(np.array([[0.1, 0.9, 0.1], [0.1, 0.1, 0.9]]))
        assert result.as_numpy("assigned").tolist() == [[False, True, False], [False, False, True]]

    def test_only_what_is_asked_for(self, client: triton.InferenceServerClient) -> None:
        # Clients of other servers name the one input of their model as they do there.
        result = client.infer(
            "fake", [tensor("args", [FIRE])], outputs=[triton.InferRequestedOutput("assigned")]
        )
        assert [each["name"] for each in result.get_response()["outputs"]] == ["assigned"]

    def test_tensor_of_two_dimensions(self, client: triton.InferenceServerClient) -> None:
        column = triton.InferInput("text", [2, 1], "BYTES")
        column.set_data_from_numpy(np.array([[FIRE], [TRAFFIC]], dtype=object))
        assert client.infer("fake", [column]).as_numpy("scores").shape == (2, 3)

    @pytest.mark.parametrize(
        ("model", "inputs", "status", "message"),
        [
            ("other", {"text": [FIRE]}, "404", "the model here is fake"),
            ("fake", {"text": [" "]}, "422", r"text\[0\]: is empty"),
            ("fake", {"text": [FIRE] * 4}, "422", "at most 3"),
            ("fake", {"title": [FIRE], "body": [FIRE]}, "400", "text: is missing"),
            ("fake", {"text": [FIRE], "body": [FIRE]}, "400", "body: is no input"),
            ("fake", {"text": [FIRE], "title": [FIRE] * 2}, "400", "title: has 2"),
        ],
    )
    def test_refusals_reach_the_caller(
        self,
        client: triton.InferenceServerClient,
        model: str,
        inputs: dict[str, list[str]],
        status: str,
        message: str,
    ) -> None:
        tensors = [tensor(name, value) for name, value in inputs.items()]
        with pytest.raises(InferenceServerException, match=message) as refusal:
            client.infer(model, tensors)
        assert refusal.value.status() == status

    def test_other_types_are_refused(self, client: triton.InferenceServerClient) -> None:
        number = triton.InferInput("text", [1], "INT32")
        number.set_data_from_numpy(np.array([1], dtype=np.int32))
        with pytest.raises(InferenceServerException, match="not BYTES"):
            client.infer("fake", [number])
        with pytest.raises(InferenceServerException, match="is no output"):
            client.infer(
                "fake",
                [tensor("text", [FIRE])],
                outputs=[triton.InferRequestedOutput("logits", binary_data=False)],
            )
        with pytest.raises(InferenceServerException, match="Content-Encoding"):
            client.infer("fake", [tensor("text", [FIRE])], request_compression_algorithm="gzip")


def tensor(name: str, texts: list[str]) -> triton.InferInput:
    made = triton.InferInput(name, [len(texts)], "BYTES")
    made.set_data_from_numpy(np.array(texts, dtype=object))
    return made
