"""Which labels the served model gives five sample pages, raw as scraped.

python -m benchmarks.seeds --shared ../shared [--model models/bundled] [--evidence]
"""

import argparse
import json
from pathlib import Path

from rasid.article import Article
from rasid.classifier import Classifier
from rasid.runtime import cpu_quota


def main() -> None:
    """Print assigned, missed and surplus labels for each page, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--model", type=Path, default=Path("models/bundled"))
    parser.add_argument("--evidence", action="store_true", help="print the evidence as well")
    options = parser.parse_args()
    classifier = Classifier.load(options.model, threads=cpu_quota())
    folder = options.shared / "seeds"
    expected = json.loads((folder / "labels.json").read_text("utf-8"))
    hits = wanted = surplus = 0
    for name, gold in expected.items():
        text = (folder / name).read_bytes().decode("utf-8")
        answer = classifier.classify(Article(text), evidence=options.evidence)
        review = {t.label for t in answer.topics if t.decision == "review"}
        missed = [
            f"{label}{' (in review)' if label in review else ''}"
            for label in gold["must"]
            if label not in answer.labels
        ]
        outside = [label for label in answer.labels if label not in gold["must"] + gold["may"]]
        hits += len(gold["must"]) - len(missed)
        wanted += len(gold["must"])
        surplus += len(outside)
        print(f"{name}: {len(gold['must']) - len(missed)}/{len(gold['must'])}")
        print(f"  missed: {', '.join(missed) or '-'}; surplus: {', '.join(outside) or '-'}")
        print(f"  {answer.coverage.windows} windows, {len(answer.coverage.furniture)} furniture")
        for topic in answer.topics if options.evidence else ():
            for passage in topic.evidence:
                print(f"  {topic.label} {topic.score:.2f} {topic.decision}: {passage.text}")
    print(f"{hits} of {wanted} must labels assigned, {surplus} labels outside must and may")


if __name__ == "__main__":
    main()
