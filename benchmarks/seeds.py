"""Which labels the served model gives five sample pages, raw as scraped.

python -m benchmarks.seeds --shared ../shared [--model models/bundled] [--evidence]
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rasid.article import Article
from rasid.classification import Classification
from rasid.classifier import Classifier
from rasid.runtime import cpu_quota


@dataclass(frozen=True)
class Page:
    """A sample page, its classification, and what it must and may be labelled."""

    name: str
    answer: Classification
    must: tuple[str, ...]
    may: tuple[str, ...]

    @property
    def missed(self) -> list[str]:
        """Labels it must get and did not."""
        return [label for label in self.must if label not in self.answer.labels]

    @property
    def surplus(self) -> list[str]:
        """Labels it got and may not."""
        return [label for label in self.answer.labels if label not in self.must + self.may]


def classify_pages(classifier: Classifier, folder: Path, *, evidence: bool) -> Iterator[Page]:
    """Classify each page that `folder`/labels.json names."""
    for name, gold in json.loads((folder / "labels.json").read_text("utf-8")).items():
        text = (folder / name).read_bytes().decode("utf-8")
        answer = classifier.classify(Article(text), evidence=evidence)
        yield Page(name, answer, tuple(gold["must"]), tuple(gold["may"]))


def main() -> None:
    """Print assigned, missed and surplus labels for each page, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--model", type=Path, default=Path("models/bundled"))
    parser.add_argument("--evidence", action="store_true", help="print the evidence as well")
    options = parser.parse_args()
    classifier = Classifier.load(options.model, threads=cpu_quota())
    wanted = missed = surplus = 0
    for page in classify_pages(classifier, options.shared / "seeds", evidence=options.evidence):
        report(page)
        wanted += len(page.must)
        missed += len(page.missed)
        surplus += len(page.surplus)
    print(f"{wanted - missed} of {wanted} must labels assigned, {surplus} outside must and may")


def report(page: Page) -> None:
    """Print one page: what is missing, what is too much, and the evidence if there is any."""
    decisions = {topic.label: topic for topic in page.answer.topics}
    missed = [
        f"{label} ({decisions[label].decision}, {decisions[label].score:.2f})"
        for label in page.missed
    ]
    coverage = page.answer.coverage
    print(f"{page.name}: {len(page.must) - len(missed)}/{len(page.must)}")
    print(f"  missed: {', '.join(missed) or '-'}; surplus: {', '.join(page.surplus) or '-'}")
    print(f"  {coverage.windows} windows, {len(coverage.furniture)} furniture")
    for topic in page.answer.topics:
        for passage in topic.evidence:
            print(f"  {topic.label} {topic.score:.2f} {topic.decision}: {passage.text}")


if __name__ == "__main__":
    main()
