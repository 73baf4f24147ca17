"""Evidence tested by deletion: is the passage what the score rests on?

python -m benchmarks.evidence DATA.jsonl [--model models/bundled] [--articles 200]

For every assigned label the evidence is cut out of the article and the drop of the
label's logit is compared with the mean drop over random spans, of the same length and of
title and text alike ('comprehensiveness', DeYoung et al. 2020, ERASER, arXiv 1911.03429).
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rasid.article import Article
from rasid.classification import Field
from rasid.classifier import Classifier
from rasid.reading import read_article
from rasid.runtime import cpu_quota
from training.articles import read_labelled

_RANDOM_SPANS = 3


def main() -> None:
    """Print how often and by how much evidence beats random spans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="labelled articles")
    parser.add_argument("--model", type=Path, default=Path("models/bundled"))
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    classifier = Classifier.load(options.model, threads=cpu_quota())
    taxonomy = classifier.manifest.taxonomy
    articles = read_labelled([options.data], taxonomy.labels, earlier=taxonomy.earlier)
    chance = random.Random(options.seed)
    labelled = [article for article in articles if article.labels]
    drops = [
        drop
        for article in chance.sample(labelled, min(options.articles, len(labelled)))
        for drop in deletion_drops(classifier, article.article, chance)
    ]
    evidence, at_random = np.array(drops).T
    print(f"{len(drops)} assigned labels")
    print(f"drop of the logit without the evidence: mean {evidence.mean():.3f}")
    print(f"drop without a random span as long:     mean {at_random.mean():.3f}")
    print(f"evidence drops more in {(evidence > at_random).mean():.1%} of cases")


def deletion_drops(
    classifier: Classifier, article: Article, chance: random.Random
) -> list[tuple[float, float]]:
    """For each assigned label: (drop without its evidence, mean drop without random spans)."""
    labels = classifier.manifest.taxonomy.labels
    reading = read_article(article)
    (whole,) = classifier.logits([article])
    drops = []
    for topic in classifier.classify(article).topics:
        length = sum(passage.end - passage.start for passage in topic.evidence)
        if topic.decision != "assigned" or 2 * length > len(reading.text):
            continue
        evidence = [(passage.field, passage.start, passage.end) for passage in topic.evidence]
        starts = [chance.randint(0, len(reading.text) - length) for _ in range(_RANDOM_SPANS)]
        spans = [evidence, *(list(reading.locate(start, start + length)) for start in starts)]
        without = classifier.logits([_without(article, parts) for parts in spans])
        fall = whole[labels.index(topic.label)] - without[:, labels.index(topic.label)]
        drops.append((float(fall[0]), float(fall[1:].mean())))
    return drops


def _without(article: Article, parts: Sequence[tuple[Field, int, int]]) -> Article:
    strings: dict[Field, str] = {"title": article.title or "", "text": article.text}
    for field, start, end in sorted(parts, reverse=True):
        strings[field] = f"{strings[field][:start]} {strings[field][end:]}"
    return Article(strings["text"], strings["title"])


if __name__ == "__main__":
    main()
