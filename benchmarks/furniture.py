"""Site furniture: what is removed from real articles, and how much of it is running text.

python -m benchmarks.furniture [--shared ../shared] [--documents 5000] [--show 50]
"""

import argparse
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import zstandard

from rasid.furniture import find_furniture

# A line is running text with this many words, or with fewer and a full stop.
_RUNNING_WORDS = 20
_SENTENCE_WORDS = 6


def main() -> None:
    """Print the share of characters and of running lines removed, by source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--show", type=int, default=0, help="print this many removed spans")
    options = parser.parse_args()
    chance = random.Random(11)
    chars: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    touched = running = lost = documents = 0
    shown: list[str] = []
    for source, text in sample(options.shared / "corpus", options.documents, chance):
        spans = find_furniture(text)
        documents += 1
        chars[source] += len(text)
        removed[source] += sum(end - start for start, end in spans)
        touched += bool(spans)
        shown += [text[start:end] for start, end in spans]
        for start, end in _running_lines(text):
            running += 1
            lost += any(low <= start and end <= high for low, high in spans)
    for source in sorted(chars):
        print(f"{source:28}{removed[source] / chars[source]:8.3%} of {chars[source]} characters")
    print(f"{removed.total() / chars.total():.3%} of all characters removed")
    print(f"{touched} of {documents} documents have furniture")
    print(f"{lost} of {running} lines of running text removed")
    for span in chance.sample(shown, min(options.show, len(shown))):
        print("-", span.replace("\n", " ⏎ ")[:300])


def sample(folder: Path, count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """`count` documents (source, text), evenly from the files of the corpus."""
    files = sorted(folder.glob("*.jsonl.zst"))
    for file in files:
        with zstandard.open(file, "rb") as raw:
            lines = io.TextIOWrapper(raw, "utf-8").readlines()
        for line in chance.sample(lines, min(count // len(files), len(lines))):
            row = json.loads(line)
            yield row["source"], row["text"]


def _running_lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in text.split("\n"):
        words = len(line.split())
        if words >= _RUNNING_WORDS or (words >= _SENTENCE_WORDS and line.rstrip().endswith(".")):
            yield at, at + len(line)
        at += len(line) + 1


if __name__ == "__main__":
    main()
