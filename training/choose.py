"""Choose from an archive the articles that matter for the topics, without known ones.

python training/choose.py ARCHIVE… --labelled FILE… --out CHOSEN.jsonl.zst [--count 20000]
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_args

if __name__ == "__main__":
    # As a script, Python puts training/ itself on the path, not the folder above it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import zstandard
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.errors import RasidError, SettingError
from rasid.normalization import normalize_tokenizer
from rasid.taxonomy import read_taxonomy
from training.archive import ArchiveArticle, BadInput, find_shards, read_archive
from training.articles import LabelledArticle, articles_of, read_labelled
from training.baseline import LinearModel, fit_linear
from training.encoders import find_encoder
from training.metrics import gold_of
from training.options import ENVIRONMENT_NOTE, ROOT, natural, parse_with_environment
from training.turns import take_turns
from training.unlabelled import KnownArticles

_BATCH = 512
_LEVEL = 10


@dataclass(frozen=True)
class ChooseOptions:
    """Everything `choose.py` is told."""

    archive: tuple[Path, ...]
    labelled: tuple[Path, ...]
    out: Path
    count: int
    random_share: float
    taxonomy: Path
    leave_out: tuple[str, ...]
    bad_input: BadInput
    seed: int


def main(options: ChooseOptions) -> Path:
    """Run every step in order and return the file of the chosen articles."""
    if options.out.exists():
        raise SettingError(f"--out: {options.out} is already there")
    shards = find_shards(options.archive)
    taxonomy = read_taxonomy(options.taxonomy)
    topics = taxonomy.labels
    known = read_labelled(options.labelled, topics, earlier=taxonomy.earlier)
    # There is nothing to sort by for a topic that no article has.
    labels = [label for label in topics if any(label in article.labels for article in known)]
    checkpoint = find_encoder("compact")
    normaliser = Tokenizer.from_str(normalize_tokenizer(checkpoint.tokenizer_json, "light"))
    linear = fit_linear(
        articles_of(known), gold_of(known, labels), normaliser, seed=options.seed, characters=False
    )
    archive = list(read_archive_once(shards, options))
    scores = score(linear, archive)
    fresh = without_known(archive, known, normaliser)
    chosen = choose(
        scores, fresh, options.count, random_share=options.random_share, seed=options.seed
    )
    write(options.out, [archive[row] for row in chosen], scores[chosen], labels)
    print(f"{len(archive)} articles read, {len(archive) - int(fresh.sum())} known or doubled,")
    print(f"{len(chosen)} chosen into {options.out}")
    return options.out


def read_archive_once(shards: Sequence[Path], options: ChooseOptions) -> Iterator[ArchiveArticle]:
    """Articles of the archive; of those with the same text only the first."""
    seen: set[str] = set()
    found = read_archive(
        shards,
        bad_input=options.bad_input,
        report=lambda problem: tqdm.write(problem, file=sys.stderr),
        leave_out=frozenset(options.leave_out),
    )
    for article in tqdm(found, desc="reading", unit=" articles"):
        if article.article.text not in seen:
            seen.add(article.article.text)
            yield article


def score(linear: LinearModel, articles: Sequence[ArchiveArticle]) -> NDArray[np.float32]:
    """Scores of shape (articles, labels), in batches: the features of all would not fit."""
    rows = iter(tqdm(articles, desc="scoring"))
    parts = []
    while group := [part.article for part in islice(rows, _BATCH)]:
        parts.append(linear.scores(group))
    return np.concatenate(parts).astype(np.float32)


def without_known(
    archive: Sequence[ArchiveArticle], known: Sequence[LabelledArticle], normaliser: Tokenizer
) -> NDArray[np.bool_]:
    """Which articles are neither labelled ones, by id, nor near-duplicates of one."""
    labelled = KnownArticles(known, normaliser)
    return np.array([article not in labelled for article in tqdm(archive, desc="comparing")])


def choose(
    scores: NDArray[np.float32],
    fresh: NDArray[np.bool_],
    count: int,
    *,
    random_share: float,
    seed: int,
) -> list[int]:
    """Rows in the order of relevance: every label's best in turn, and between them some at random.

    In turn, because by score alone the frequent topics would crowd out the rare ones. Those at
    random stand at even distances, so that the first articles of a file are a choice like it.
    """
    free = np.flatnonzero(fresh)
    wanted = min(count, len(free))
    some = min(wanted, round(random_share * wanted))
    at_random = np.random.default_rng(seed).permutation(free)[:some]
    left = np.setdiff1d(free, at_random)
    rankings = [left[np.argsort(-column[left], kind="stable")] for column in scores.T]
    best = np.array(take_turns(rankings, wanted - some), np.int64)
    places = (np.arange(some) + 0.5) * (len(best) / max(1, some))
    chosen: list[int] = np.insert(best, places.astype(np.int64), at_random).tolist()
    return chosen


def write(
    file: Path,
    articles: Sequence[ArchiveArticle],
    scores: NDArray[np.float32],
    labels: Sequence[str],
) -> None:
    """Write the articles with their linear scores, beside `file` first, then in its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}.{os.getpid()}")
    with zstandard.open(staging, "wb", cctx=zstandard.ZstdCompressor(level=_LEVEL)) as target:
        for article, row in zip(articles, scores, strict=True):
            line: dict[str, Any] = {"id": article.id, "source": article.source}
            if article.article.title:
                line["title"] = article.article.title
            line["text"] = article.article.text
            line["linear"] = {
                label: round(float(value), 4) for label, value in zip(labels, row, strict=True)
            }
            target.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
    staging.replace(file)


def parse_options(arguments: Sequence[str] | None = None) -> ChooseOptions:
    """Read the options; a bad value ends the program with the name of its option."""
    parser = argparse.ArgumentParser(
        prog="choose.py",
        description="Choose the articles of an archive that matter for the topics.",
        epilog=ENVIRONMENT_NOTE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("archive", nargs="+", type=Path, help="JSONL files, also .zst or .gz, or folders of them")
    add("--labelled", nargs="+", type=Path, required=True, help="labelled articles; none is chosen")
    add("--out", type=Path, required=True, help="file to write, .jsonl.zst")
    add("--count", type=natural, default=20_000, help="articles to choose")
    add("--random-share", type=float, default=0.1, help="share of them chosen at random")
    add("--taxonomy", type=Path, default=ROOT / "data" / "taxonomy.toml", help="topics (TOML)")
    add("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources to leave out")
    add("--bad-input", choices=get_args(BadInput), default="refuse", help="what to do with it")
    add("--seed", type=natural, default=17, help="seed of the random share")
    given = vars(parse_with_environment(parser, arguments))
    several = {name: tuple(given[name]) for name in ("archive", "labelled", "leave_out")}
    return ChooseOptions(**given | several)


if __name__ == "__main__":
    try:
        main(parse_options())
    except RasidError as error:
        sys.exit(f"{error}")
