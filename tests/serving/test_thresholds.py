"""Thresholds of a deployment and of a request, in the place of the model's."""

from pathlib import Path

import pytest
from fake_service import FakeClassifier
from starlette.testclient import TestClient

from rasid.article import Article
from rasid.classifier import Classifier
from rasid.errors import ThresholdError
from rasid.thresholds import parse_thresholds
from serving.app import create_app, load_classifier
from serving.settings import Settings
from tests.bulk.command import classify, read_lines

TEXT = "اندلع حريق في سوق المدينة القديمة"


def test_a_request_decides_by_its_own_thresholds(client: TestClient) -> None:
    body = {"text": TEXT, "thresholds": {"fire": 0.95, "traffic": 0.05}}
    answer = client.post("/classify", json=body).json()
    topics = {topic["label"]: topic for topic in answer["topics"]}
    assert answer["labels"] == ["traffic"]
    assert [topics[label]["decision"] for label in ("fire", "crime", "traffic")] == [
        *("review", "rejected", "assigned")
    ]
    assert [topics[label]["threshold"] for label in ("fire", "crime", "traffic")] == [
        *(0.95, 0.5, 0.05)
    ]
    assert answer["overridden"] == {"fire": "request", "traffic": "request"}
    after = client.post("/classify", json={"text": TEXT}).json()
    assert (after["labels"], after["overridden"]) == (["fire"], {})


def test_articles_of_a_batch_and_lines_of_a_stream_have_their_own(client: TestClient) -> None:
    articles = [{"text": TEXT, "thresholds": {"fire": 0.95}}, {"text": TEXT}]
    both = client.post("/classify/batch", json={"articles": articles}).json()["results"]
    assert [each["result"]["labels"] for each in both] == [[], ["fire"]]


@pytest.mark.parametrize(
    ("thresholds", "pointer", "detail"),
    [
        ({"sport": 0.5}, "#/thresholds/sport", "is no label of the model"),
        ({"fire": 1.01}, "#/thresholds/fire", "less than or equal to 1"),
        ({"fire": -0.1}, "#/thresholds/fire", "greater than or equal to 0"),
        ({"fire": "0.5"}, "#/thresholds/fire", "should be a valid number"),
        ({"fire": None}, "#/thresholds/fire", "should be a valid number"),
        ([], "#/thresholds", "should be a valid dictionary"),
    ],
)
def test_what_cannot_be_a_threshold_is_named(
    client: TestClient, thresholds: object, pointer: str, detail: str
) -> None:
    response = client.post("/classify", json={"text": TEXT, "thresholds": thresholds})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


def test_an_unknown_label_of_one_article_harms_no_other(client: TestClient) -> None:
    articles = [{"text": TEXT, "thresholds": {"sport": 0.5}}, {"text": TEXT}]
    bad, good = client.post("/classify/batch", json={"articles": articles}).json()["results"]
    assert bad["problem"]["type"] == "urn:rasid:problem:unknown-label"
    assert bad["problem"]["errors"][0]["pointer"] == "#/articles/0/thresholds/sport"
    assert good["result"]["labels"] == ["fire"]


def test_thresholds_are_read_from_words_and_files(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.toml"
    file.write_text("fire = 0.25\ncrime = 1\n", "utf-8")
    assert parse_thresholds(f"@{file}") == parse_thresholds("fire=0.25, crime=1,")
    assert parse_thresholds("") == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fire=0.5,fire=0.6", "fire: is given twice"),
        ("fire=", "fire:  is not between 0 and 1"),
        ("fire=nan", "fire: nan is not between"),
        ("=0.5", "'=0.5' is not like label=0.4"),
    ],
)
def test_words_that_are_no_thresholds(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_thresholds(value)


@pytest.mark.parametrize(
    ("content", "message"), [("fire = true", "fire: True"), ("fire = ", "Invalid value")]
)
def test_files_that_have_no_thresholds(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=message):
        parse_thresholds(f"@{file}")


def test_a_request_counts_over_the_deployment(tiny_artifact: Path) -> None:
    settings = Settings(
        model=tiny_artifact, threads=1, thresholds={"migration": 0.0, "cybersecurity": 1.0}
    )
    classifier = load_classifier(settings)
    article = Article(TEXT)
    assert classifier.classify(article).overridden == {
        "migration": "deployment",
        "cybersecurity": "deployment",
    }
    assert "migration" in classifier.classify(article).labels
    both = classifier.with_thresholds({"migration": 1.0}, by="request").classify(article)
    assert both.overridden["migration"] == "request"
    topics = {topic.label: topic for topic in both.topics}
    assert topics["migration"].decision in ("review", "rejected")
    plain = Classifier.load(tiny_artifact, threads=1).classify(article)
    assert [t.score for t in plain.topics] == [t.score for t in both.topics]


def test_a_deployment_with_an_unknown_label_does_not_start(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(model=tiny_artifact, threads=1, thresholds={"sport": 0.5})
    app = create_app(settings)
    with TestClient(app) as client:
        while app.state.engine.failure is None:
            pass
        assert client.get("/readyz").status_code == 503
    assert isinstance(app.state.engine.failure, ThresholdError)
    assert "thresholds: sport: is no label of the model" in caplog.text


def test_info_shows_the_thresholds_of_the_deployment(settings: Settings) -> None:
    changed = FakeClassifier().with_thresholds({"fire": 0.0}, by="deployment")
    with TestClient(create_app(settings, load=lambda: changed)) as client:
        while client.get("/readyz").status_code != 200:
            pass
        assert client.get("/info").json()["manifest"]["scoring"]["fire"]["threshold"] == 0


def test_the_command_takes_thresholds_and_refuses_others(tiny_artifact: Path) -> None:
    line = b'{"text": "\xd9\x86\xd8\xb5 \xd8\xb9\xd8\xa7\xd8\xaf\xd9\x8a"}\n'
    told = ["--model", tiny_artifact, "--no-evidence", "-"]
    code, out, _ = classify(*told, stdin=line, RASID_THRESHOLDS="migration=0")
    (entry,) = read_lines(out)
    assert code == 0
    assert "migration" in entry["result"]["labels"]
    assert entry["result"]["overridden"] == {"migration": "deployment"}
    code, _, err = classify(*told, "--thresholds", "sport=0.5", stdin=line)
    assert (code, "thresholds: sport: is no label of the model" in err) == (1, True)
    code, _, err = classify(*told, "--thresholds", "migration=2", stdin=line)
    assert (code, "migration: 2 is not between 0 and 1" in err) == (2, True)
