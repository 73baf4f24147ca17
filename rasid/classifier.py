"""The classifier: an article in, its topics out, in one straight line."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rasid.article import Article, arabic_share
from rasid.artifact import read_artifact
from rasid.classification import Classification, Coverage, Evidence, Origin, Topic
from rasid.evidence import find_evidence
from rasid.golden import ARTICLE, check_golden
from rasid.manifest import Manifest
from rasid.reading import Reading, read_article
from rasid.runtime import Runtime
from rasid.scores import Floats, calibrate, pool
from rasid.steps import Ids, Steps, run_steps
from rasid.thresholds import override
from rasid.windows import Window, cut_windows, open_tokenizer, window_spans

# Under this share of Arabic letters the scores rest on little that the model knows.
_ARABIC_ENOUGH = 0.5


class Classifier:
    """A loaded artifact. Safe to use from several threads."""

    def __init__(self, manifest: Manifest, tokenizer_json: str, runtime: Runtime) -> None:
        self.manifest = manifest
        self.overridden: dict[str, Origin] = {}
        self._tokenizer = open_tokenizer(tokenizer_json, manifest.windowing)
        self._runtime = runtime
        self._topics = manifest.taxonomy.topics
        scoring = manifest.scoring.values()
        self._sharpness = np.array([label.sharpness for label in scoring])
        self._slope = np.array([label.slope for label in scoring])
        self._bias = np.array([label.bias for label in scoring])

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> "Classifier":
        """Open the artifact in `folder`; `threads` cores work on one inference.

        Raises `ArtifactError` for a folder that must not be served, `EngineError` where
        onnxruntime cannot load the model.
        """
        artifact = read_artifact(folder)
        labels = len(artifact.manifest.taxonomy.labels)
        runtime = Runtime(artifact.model, threads=threads, labels=labels)
        return cls(artifact.manifest, artifact.tokenizer_json, runtime)

    def with_thresholds(self, thresholds: Mapping[str, float], *, by: Origin) -> "Classifier":
        """The same classifier with other thresholds for some labels; nothing is loaded again.

        Raises `ThresholdError` naming a label that the model does not have.
        """
        changed = copy.copy(self)
        changed.manifest = override(self.manifest, thresholds)
        changed.overridden = self.overridden | dict.fromkeys(thresholds, by)
        return changed

    def warm_up(self) -> None:
        """Classify the golden article.

        Raises `EngineError` where inference does not work, `GoldenMismatch` where its scores
        are not those of the manifest.
        """
        golden = self.manifest.golden
        answer = self.classify(Article(golden.text, golden.title) if golden else ARTICLE)
        if golden:
            check_golden(golden.scores, {topic.label: topic.score for topic in answer.topics})

    def classify(self, article: Article, *, evidence: bool = True) -> Classification:
        """Score every topic for `article`; with `evidence`, show passages for those that hold.

        Raises `EngineError` when inference fails. The article is taken as it is: see
        `rasid.article.check_article` for what callers should refuse.
        """
        return run_steps(self.steps(article, evidence=evidence), self.infer)

    def infer(self, ids: Ids) -> Floats:
        """Logits of shape (windows, labels); a window's do not depend on the others.

        Raises `EngineError` when inference fails.
        """
        return self._runtime.run(ids)

    def steps(self, article: Article, *, evidence: bool = True) -> Steps[Classification]:
        """The work of `classify`, its inference left to the caller.

        First of all the article's windows are asked for, then passages for evidence.
        """
        reading = read_article(article)
        windows = cut_windows(self._tokenizer, [reading.text])[0]
        window_logits = yield [window.ids for window in windows]
        scores = self._calibrate(pool(window_logits, self._sharpness))
        topics = self._topics_of(scores)
        if evidence:
            topics = yield from self._with_evidence(topics, reading, windows, window_logits)
        topics.sort(key=lambda topic: -topic.score)
        return Classification(
            tuple(topics),
            _coverage(article, reading, windows),
            _warnings(article, reading),
            self.overridden,
        )

    def logits(self, articles: Sequence[Article]) -> Floats:
        """Pooled logits of shape (articles, labels), before calibration."""
        return self._pooled(self.window_logits(articles))

    def window_logits(self, articles: Sequence[Article]) -> list[Floats]:
        """For every article the logits of its windows, shape (windows, labels)."""
        texts = [read_article(article).text for article in articles]
        return run_steps(self._window_logits(texts), self.infer)

    def _calibrate(self, logits: Floats) -> Floats:
        return calibrate(logits, self._slope, self._bias)

    def _topics_of(self, scores: Floats) -> list[Topic]:
        topics = []
        for definition, score in zip(self._topics, scores.tolist(), strict=True):
            scoring = self.manifest.scoring[definition.id]
            name = definition.name.model_dump()
            decision = scoring.decide(score)
            topics.append(Topic(definition.id, name, score, scoring.threshold, decision, ()))
        return topics

    def _with_evidence(
        self,
        topics: list[Topic],
        reading: Reading,
        windows: Sequence[Window],
        window_logits: Floats,
    ) -> Steps[list[Topic]]:
        wanted = {
            topic.label: column
            for column, topic in enumerate(topics)
            if topic.decision != "rejected"
        }
        found = yield from find_evidence(
            reading, windows, window_logits, wanted, self._score_passages
        )
        return [_attach(topic, found.get(topic.label, ())) for topic in topics]

    def _score_passages(self, passages: Sequence[str]) -> Steps[Floats]:
        logits = yield from self._window_logits(list(passages))
        return self._calibrate(self._pooled(logits))

    def _pooled(self, logits: Sequence[Floats]) -> Floats:
        return np.stack([pool(each, self._sharpness) for each in logits])

    def _window_logits(self, texts: list[str]) -> Steps[list[Floats]]:
        cut = cut_windows(self._tokenizer, texts)
        logits = yield [window.ids for windows in cut for window in windows]
        return np.split(logits, np.cumsum([len(windows) for windows in cut])[:-1])


def _attach(topic: Topic, evidence: tuple[Evidence, ...]) -> Topic:
    return Topic(topic.label, topic.name, topic.score, topic.threshold, topic.decision, evidence)


def _coverage(article: Article, reading: Reading, windows: Sequence[Window]) -> Coverage:
    covered = bytearray(len(article.text))
    for span in window_spans(windows, len(reading.text)):
        for field, start, end in reading.locate(*span):
            if field == "text":
                covered[start:end] = b"\1" * (end - start)
    return Coverage(
        chars=len(article.text),
        chars_classified=sum(covered),
        tokens=sum(len(window.ids) for window in windows),
        windows=len(windows),
        furniture=reading.furniture,
    )


def _warnings(article: Article, reading: Reading) -> tuple[str, ...]:
    warnings = []
    if reading.only_furniture:
        warnings.append("no_content")
    if arabic_share(article.text) < _ARABIC_ENOUGH:
        warnings.append("not_arabic")
    return tuple(warnings)
