"""A classifier without a model, for tests of what stands around it.

Run as a script it is the real server with that classifier: `slow` articles wait until the
file named by the first argument is there; the other arguments are those of the service. An
article that is deadly ends inference for good.
"""

import copy
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from fastapi import FastAPI

from rasid.article import Article
from rasid.classification import Classification, Coverage, Evidence, Origin, Topic
from rasid.errors import EngineError
from rasid.manifest import Manifest
from rasid.scores import Floats, LabelScoring
from rasid.steps import Ids, Steps
from rasid.taxonomy import Taxonomy
from rasid.thresholds import override

FAILS = "عطب"
CRASHES = "انهيار"
SLOW = "بطء"
DEADLY = "فناء"
PANICS = "ذعر"

_TOPICS = {"crime": ("جريمة", "Crime"), "fire": ("حريق", "Fire"), "traffic": ("سير", "Traffic")}


def make_manifest() -> Manifest:
    """A manifest of three topics."""
    words = {"ar": "تعريف", "en": "definition"}
    topics = [
        {
            "id": label,
            "name": {"ar": arabic, "en": english},
            "definition": words,
            "excludes": words,
            "iptc": ["20000082"],
        }
        for label, (arabic, english) in _TOPICS.items()
    ]
    scoring = LabelScoring(sharpness=1.0, slope=1.0, bias=0.0, threshold=0.5, review=0.3)
    return Manifest.model_construct(
        name="fake",
        version="7",
        taxonomy=Taxonomy.model_validate({"topics": topics}),
        scoring=dict.fromkeys(_TOPICS, scoring),
    )


class Panic(BaseException):
    """As tokenizers raises one: it is no Exception."""


class FakeClassifier:
    """Assigns the label whose Arabic name the text has, with that word as evidence.

    The words above make it fail or wait, unless it is to be without `faults`: Hypothesis takes
    the words of this file for texts to try.
    """

    def __init__(self, wait: Callable[[], None] = lambda: None, *, faults: bool = True) -> None:
        self.manifest = make_manifest()
        self.overridden: dict[str, Origin] = {}
        self.warm = False
        self.dead = False
        # How the texts begin: of a million of them no more has to be kept.
        self.begun: list[str] = []
        self.window = 5
        self._wait = wait
        self._faults = faults

    def warm_up(self) -> None:
        if self.dead:
            raise EngineError("inference failed: the library is gone")
        self.warm = True

    def infer(self, ids: Ids) -> Floats:
        return np.zeros((len(ids), len(_TOPICS)))

    def steps(self, article: Article, *, evidence: bool = True) -> Steps[Classification]:
        self.begun.append(article.text[:20])
        yield [[0] * (self.window + 1), [0] * self.window]
        return self.classify(article, evidence=evidence)

    def with_thresholds(self, thresholds: Mapping[str, float], *, by: Origin) -> "FakeClassifier":
        changed = copy.copy(self)
        changed.manifest = override(self.manifest, thresholds)
        changed.overridden = self.overridden | dict.fromkeys(thresholds, by)
        return changed

    def classify(self, article: Article, *, evidence: bool = True) -> Classification:
        if self._faults:
            self._go_wrong(article.text)
        topics = [
            _topic(label, _TOPICS[label], article.text, evidence, scoring)
            for label, scoring in self.manifest.scoring.items()
        ]
        topics.sort(key=lambda topic: -topic.score)
        chars = len(article.text)
        coverage = Coverage(chars, chars - 1, tokens=11, windows=2, furniture=((0, 1),))
        return Classification(
            topics=tuple(topics),
            coverage=coverage,
            warnings=("not_arabic",) if article.text.isascii() else (),
            overridden=self.overridden,
        )

    def _go_wrong(self, text: str) -> None:
        self.dead = self.dead or DEADLY in text
        if self.dead or FAILS in text:
            raise EngineError("inference failed: node 17")
        if CRASHES in text:
            raise RuntimeError(f"could not handle {text}")
        if PANICS in text:
            raise Panic
        if SLOW in text:
            self._wait()


def _topic(
    label: str, names: tuple[str, str], text: str, evidence: bool, scoring: LabelScoring
) -> Topic:
    start = text.find(names[0])
    name = {"ar": names[0], "en": names[1]}
    score = 0.1 if start < 0 else 0.9
    decision = scoring.decide(score)
    if start < 0 or not evidence:
        return Topic(label, name, score, scoring.threshold, decision, ())
    passage = Evidence("text", start, start + len(names[0]), names[0], 0.8)
    return Topic(label, name, score, scoring.threshold, decision, (passage,))


def wait_until_ready(app: FastAPI) -> None:
    """Wait until the classifier of a started app has loaded."""
    while not app.state.engine.ready:
        assert app.state.engine.failure is None
        time.sleep(0.001)


def main() -> int:
    """Serve the fake classifier on a real socket."""
    from serving import logs
    from serving.app import create_app
    from serving.server import serve
    from serving.settings import read_settings

    release = Path(sys.argv[1])

    def wait() -> None:
        while not release.exists():
            time.sleep(0.01)

    settings = read_settings(sys.argv[2:], os.environ)
    logs.configure(settings.log_level)
    return serve(create_app(settings, load=lambda: FakeClassifier(wait)), settings)


if __name__ == "__main__":
    sys.exit(main())
