"""The classifier that ships: whole, described, and good on real pages."""

import json
import os
import random
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.evidence import deletion_drops
from benchmarks.seeds import classify_pages
from rasid.artifact import read_artifact
from rasid.classifier import Classifier
from rasid.manifest import Manifest
from rasid.taxonomy import read_taxonomy
from tests.running import ROOT, run_service
from training.articles import read_labelled

BUNDLED = ROOT / "models" / "bundled"
SHARED = Path(os.environ.get("RASID_SHARED", ROOT.parent / "shared"))
# Instruction sets round int8 sums differently.
SCORE_TOLERANCE = 0.05


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_artifact(BUNDLED).manifest


def test_the_manifest_says_what_the_model_is(manifest: Manifest) -> None:
    assert manifest.taxonomy == read_taxonomy(ROOT / "data" / "taxonomy.toml")
    assert manifest.precision == "int8"
    assert manifest.golden is not None
    assert manifest.data.articles["test"] == 0
    assert "language model" in manifest.data.provenance
    held_out = [m for m in manifest.metrics if "neither trained nor tuned on" in m.data]
    assert {"int8", "fp32", "TF-IDF"} == {m.model.split()[0].strip(",") for m in held_out}
    assert all("trained on" in m.model for m in held_out)


def test_it_is_small_enough_to_clone() -> None:
    assert sum(file.stat().st_size for file in BUNDLED.iterdir()) < 60 * 2**20


def test_the_readme_shows_a_real_request_and_its_real_response() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    request = re.search(r"curl \S* ?\S+/classify .*?-d '(.*?)'", readme, re.DOTALL)
    response = re.search(r"```json\n(\{.*?\n\})\n```", readme, re.DOTALL)
    assert request is not None
    assert response is not None
    shown = json.loads(response[1])
    with run_service([sys.executable, "-m", "serving", "--model", BUNDLED]) as service:
        answer = service.post("/classify", json=json.loads(request[1])).json()
    assert answer["labels"] == shown["labels"]
    assert answer["model"] == shown["model"]
    assert answer["coverage"] == shown["coverage"]
    served = {topic["label"]: topic for topic in answer["topics"]}
    assert shown["topics"]
    for topic in shown["topics"]:
        score = served[topic["label"]]["score"]
        assert score == pytest.approx(topic["score"], abs=SCORE_TOLERANCE)
        assert served[topic["label"]]["decision"] == topic["decision"]


def joined_articles() -> Iterator[tuple[dict[str, range], str]]:
    """Two written articles of one topic each, one after the other: where each stands, and both."""
    of_one: dict[str, str] = {}
    for line in (ROOT / "data" / "gate.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if len(row["labels"]) == 1:
            of_one.setdefault(row["labels"][0], row["text"])
    for (first, above), (second, below) in pairwise(of_one.items()):
        text = f"{above}\n\n{below}"
        at = len(text) - len(below)
        yield {first: range(at), second: range(at, len(text) + 1)}, text


def test_evidence_over_http_shows_sentences_of_the_topic() -> None:
    seen = 0
    with run_service([sys.executable, "-m", "serving", "--model", BUNDLED]) as service:
        for places, text in joined_articles():
            answer = service.post("/classify", json={"text": text}).json()
            for topic in answer["topics"]:
                assert bool(topic["evidence"]) == (topic["decision"] != "rejected")
                for shown in topic["evidence"]:
                    assert shown["field"] == "text"
                    assert shown["text"] == text[shown["start"] : shown["end"]]
                    assert re.search(r"(^|[.!?؟»\n])\s*$", text[: shown["start"]])
                    place = places.get(topic["label"], range(len(text) + 1))
                    assert shown["start"] in place, topic["label"]
                    assert shown["end"] in place, topic["label"]
                    seen += topic["label"] in places
    assert seen >= 10


def test_evidence_is_what_scores_rest_on() -> None:
    """Tested by deletion: the score falls more without it than without spans as long."""
    classifier = Classifier.load(BUNDLED, threads=2)
    written = read_labelled([ROOT / "data" / "gate.jsonl"], classifier.manifest.taxonomy.labels)
    chance = random.Random(7)
    sample = chance.sample([article for article in written if article.labels], 18)
    drops = [d for each in sample for d in deletion_drops(classifier, each.article, chance)]
    assert len(drops) >= 20
    without_evidence, without_others = np.array(drops).T
    assert without_evidence.mean() > 1.5 * without_others.mean()
    assert (without_evidence > without_others).mean() > 0.6


def test_real_pages_get_their_topics() -> None:
    if not (SHARED / "seeds").is_dir():
        pytest.skip(f"needs {SHARED / 'seeds'}")
    classifier = Classifier.load(BUNDLED, threads=2)
    pages = list(classify_pages(classifier, SHARED / "seeds", evidence=False))
    assert sum(len(page.must) for page in pages) == 26
    assert sum(len(page.missed) for page in pages) <= 7
    assert sum(len(page.surplus) for page in pages) <= 5
