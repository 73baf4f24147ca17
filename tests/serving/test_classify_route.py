import threading

import pytest
from fake_service import CRASHES, FAILS, SLOW, FakeClassifier
from starlette.testclient import TestClient

from serving.app import create_app
from serving.settings import Settings

TEXT = "اندلع حريق في سوق المدينة القديمة"


def test_answer_has_every_documented_member(client: TestClient) -> None:
    response = client.post("/classify", json={"text": TEXT, "title": "حادث", "id": "a-1"})
    answer = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert answer["id"] == "a-1"
    assert answer["labels"] == ["fire"]
    assert [topic["label"] for topic in answer["topics"]] == ["fire", "crime", "traffic"]
    start = TEXT.index("حريق")
    assert answer["topics"][0] == {
        "label": "fire",
        "name": {"ar": "حريق", "en": "Fire"},
        "score": 0.9,
        "threshold": 0.5,
        "decision": "assigned",
        "evidence": [
            {"field": "text", "start": start, "end": start + 4, "text": "حريق", "score": 0.8}
        ],
    }
    assert answer["coverage"] == {
        "chars": len(TEXT),
        "chars_classified": len(TEXT) - 1,
        "tokens": 11,
        "windows": 2,
        "furniture": [[0, 1]],
    }
    assert answer["warnings"] == []
    assert answer["model"] == {"name": "fake", "version": "7"}
    assert answer["request_id"] == response.headers["x-request-id"]


def test_arabic_is_sent_as_it_is(client: TestClient) -> None:
    assert "حريق".encode() in client.post("/classify", json={"text": TEXT}).content


def test_evidence_is_left_out_on_request(client: TestClient) -> None:
    answer = client.post("/classify", json={"text": TEXT, "evidence": False}).json()
    assert answer["labels"] == ["fire"]
    assert all(topic["evidence"] == [] for topic in answer["topics"])


def test_optional_members_may_be_null(client: TestClient) -> None:
    answer = client.post("/classify", json={"text": TEXT, "title": None, "id": None}).json()
    assert answer["id"] is None


def test_offsets_count_code_points(client: TestClient) -> None:
    text = "🚒 حريق"
    (evidence,) = client.post("/classify", json={"text": text}).json()["topics"][0]["evidence"]
    assert text[evidence["start"] : evidence["end"]] == evidence["text"] == "حريق"


def test_batch_keeps_order_and_answers_around_bad_articles(client: TestClient) -> None:
    # Not json=: a lone surrogate has to be written as an escape.
    body = (
        '{"articles": [{"text": "حريق", "id": "first"}, {"text": "\\ud800"}, '
        '{"txt": "حريق"}, {"text": "سير"}]}'
    )
    response = client.post(
        "/classify/batch", content=body.encode(), headers={"Content-Type": "application/json"}
    )
    results = response.json()["results"]
    assert response.status_code == 200
    assert [item["index"] for item in results] == [0, 1, 2, 3]
    assert results[0]["result"]["id"] == "first"
    assert results[0]["result"]["labels"] == ["fire"]
    assert results[3]["result"]["labels"] == ["traffic"]
    surrogate, unknown = results[1]["problem"], results[2]["problem"]
    assert surrogate["type"] == "urn:rasid:problem:invalid-text"
    assert surrogate["errors"][0]["pointer"] == "#/articles/1/text"
    assert {error["pointer"] for error in unknown["errors"]} == {
        "#/articles/2/text",
        "#/articles/2/txt",
    }
    assert {item["request_id"] for item in (surrogate, unknown, response.json())} == {
        response.headers["x-request-id"]
    }


@pytest.mark.parametrize(("word", "name"), [(FAILS, "engine-error"), (CRASHES, "internal-error")])
def test_failure_on_one_article_of_a_batch_harms_no_other(
    client: TestClient, word: str, name: str
) -> None:
    response = client.post("/classify/batch", json={"articles": [{"text": word}, {"text": TEXT}]})
    failed, classified = response.json()["results"]
    assert response.status_code == 200
    assert failed["problem"]["status"] == 500
    assert failed["problem"]["type"].endswith(name)
    assert classified["result"]["labels"] == ["fire"]


@pytest.mark.parametrize("item", [None, 3, "نص", [], [TEXT]])
def test_batch_item_that_is_no_object(client: TestClient, item: object) -> None:
    (result,) = client.post("/classify/batch", json={"articles": [item]}).json()["results"]
    assert result["problem"]["status"] == 422
    assert result["problem"]["errors"] == [
        {"pointer": "#/articles/0", "detail": "must be a JSON object"}
    ]


def test_batch_over_its_limit_or_empty_is_refused(client: TestClient) -> None:
    many = client.post("/classify/batch", json={"articles": [{"text": TEXT}] * 5})
    assert (many.status_code, many.json()["type"]) == (422, "urn:rasid:problem:too-many-articles")
    assert client.post("/classify/batch", json={"articles": []}).status_code == 422


def test_other_requests_are_answered_during_inference(settings: Settings) -> None:
    started, release = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert release.wait(30)

    app = create_app(settings, load=lambda: FakeClassifier(wait))
    answers = []
    with TestClient(app) as client:
        while client.get("/readyz").status_code != 200:
            pass
        slow = threading.Thread(
            target=lambda: answers.append(client.post("/classify", json={"text": SLOW}))
        )
        slow.start()
        assert started.wait(30)
        assert client.get("/livez").status_code == 200
        assert answers == []
        release.set()
        slow.join()
    assert answers[0].status_code == 200


def test_not_ready_until_the_warm_up_has_worked(settings: Settings) -> None:
    release = threading.Event()
    classifier = FakeClassifier()

    def load() -> FakeClassifier:
        assert release.wait(30)
        return classifier

    with TestClient(create_app(settings, load=load)) as client:
        assert client.get("/livez").status_code == 200
        for method, path in [("GET", "/readyz"), ("GET", "/labels"), ("GET", "/info")]:
            assert client.request(method, path).status_code == 503
        for path, body in [
            ("/classify", {"text": TEXT}),
            ("/classify/batch", {"articles": [{"text": TEXT}]}),
        ]:
            response = client.post(path, json=body)
            assert response.status_code == 503
            assert response.headers["retry-after"] == "5"
        release.set()
        while client.get("/readyz").status_code != 200:
            pass
        assert classifier.warm
        assert client.post("/classify", json={"text": TEXT}).status_code == 200


def test_not_ready_where_loading_or_the_warm_up_fails(settings: Settings) -> None:
    class Broken(FakeClassifier):
        def warm_up(self) -> None:
            raise RuntimeError("no such operator")

    app = create_app(settings, load=Broken)
    with TestClient(app) as client:
        while app.state.engine.failure is None:
            pass
        problem = client.get("/readyz")
    assert problem.status_code == 503
    assert problem.json()["detail"] == "the model could not be loaded"


def test_labels_info_and_limits(client: TestClient) -> None:
    topics = client.get("/labels").json()["topics"]
    assert [topic["id"] for topic in topics] == ["crime", "fire", "traffic"]
    assert topics[1]["name"] == {"ar": "حريق", "en": "Fire"}
    assert topics[1]["iptc"] == ["http://cv.iptc.org/newscodes/mediatopic/20000082"]
    info = client.get("/info").json()
    assert info["model"] == {"name": "fake", "version": "7"}
    assert info["manifest"]["scoring"]["fire"]["threshold"] == 0.5
    assert info["limits"] == {"max_chars": 1000, "max_body_bytes": 5000, "max_batch": 4}


def test_head_is_get_without_the_body(client: TestClient) -> None:
    head, get = client.head("/readyz"), client.get("/readyz")
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(get.content))
    assert client.head("/classify").status_code == 405
