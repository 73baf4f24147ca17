"""Evidence tested by deletion: is the passage what the score rests on?

python -m benchmarks.evidence DATA.jsonl [--model models/bundled] [--articles 200]

For every assigned label the evidence is cut out of the article and the drop of the
label's logit is compared with the mean drop over random spans of the same length
('comprehensiveness', DeYoung et al. 2020, ERASER, arXiv 1911.03429).
"""

import argparse
import random
from pathlib import Path

import numpy as np

from rasid.article import Article
from rasid.classifier import Classifier
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
    articles = read_labelled([options.data], classifier.manifest.taxonomy.labels)
    chance = random.Random(options.seed)
    labelled = [article for article in articles if article.labels]
    drops = [
        drop
        for article in chance.sample(labelled, min(options.articles, len(labelled)))
        for drop in deletion_drops(classifier, article.article.text, chance)
    ]
    evidence, at_random = np.array(drops).T
    print(f"{len(drops)} assigned labels")
    print(f"drop of the logit without the evidence: mean {evidence.mean():.3f}")
    print(f"drop without a random span as long:     mean {at_random.mean():.3f}")
    print(f"evidence drops more in {(evidence > at_random).mean():.1%} of cases")


def deletion_drops(
    classifier: Classifier, text: str, chance: random.Random
) -> list[tuple[float, float]]:
    """For each assigned label: (drop without its evidence, mean drop without random spans)."""
    answer = classifier.classify(Article(text))
    labels = classifier.manifest.taxonomy.labels
    (whole,) = classifier.logits([Article(text)])
    drops = []
    for topic in answer.topics:
        if topic.decision != "assigned" or not topic.evidence:
            continue
        start, end = topic.evidence[0].start, topic.evidence[-1].end
        length = end - start
        if 2 * length > len(text):
            continue
        starts = [chance.randint(0, len(text) - length) for _ in range(_RANDOM_SPANS)]
        spans = [(start, end), *((first, first + length) for first in starts)]
        without = classifier.logits(
            [Article(text[:low] + " " + text[high:]) for low, high in spans]
        )
        fall = whole[labels.index(topic.label)] - without[:, labels.index(topic.label)]
        drops.append((float(fall[0]), float(fall[1:].mean())))
    return drops


if __name__ == "__main__":
    main()
