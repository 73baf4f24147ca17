"""The run: from sources to entries, in one straight line."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from rasid.answer import Answer, make_answer
from rasid.article import check_article
from rasid.classifier import Classifier
from rasid.errors import ArticleError, HtmlNotInstalled, SettingError
from rasid.page import extract_article
from serving.bulk import parquet
from serving.bulk.entries import CsvTable, Entry, read_entries
from serving.bulk.options import BulkOptions
from serving.bulk.part import open_part
from serving.bulk.reading import Submitted, count_articles, read_source
from serving.bulk.sources import Source


@dataclass(frozen=True, slots=True)
class Tally:
    """How many articles the output has, and how many of them have a problem."""

    articles: int
    problems: int


def run(options: BulkOptions, sources: Sequence[Source]) -> Tally:
    """Classify everything in `sources` and return what was written.

    Raises `SettingError` for what cannot be done as it is asked for, `ThresholdError` for labels
    that the model does not have, `ArtifactError` and
    `EngineError` for a model that does not work, `OSError` where the output cannot be written.
    """
    _check(options, sources)
    classifier = Classifier.load(options.model, threads=options.threads)
    classifier = classifier.with_thresholds(options.thresholds, by="deployment")
    submitted = (each for source in sources for each in read_source(source))
    if options.out is None:
        return _print(options, classifier, _shown(options, sources, submitted, 0))
    manifest = classifier.manifest
    key = {
        # With its thresholds; its files are in there by their hashes.
        "--model": hashlib.sha256(manifest.model_dump_json().encode()).hexdigest(),
        "--max-chars": options.max_chars,
        "--no-evidence or the format": options.evidence,
    }
    with open_part(options.out, key, submitted, restart=options.restart) as part:
        for each in _shown(options, sources, submitted, part.entries):
            entry = _classify(classifier, each, options)
            part.add(each, entry.to_json(), problem=entry.problem is not None)
        tables = {"csv": _write_csv, "parquet": _write_parquet}
        write = tables.get(options.format)
        part.finish(partial(write, manifest.taxonomy.labels) if write else None)
        return Tally(part.entries, part.problems)


def _check(options: BulkOptions, sources: Sequence[Source]) -> None:
    if options.format == "parquet" or any(source.kind == "parquet" for source in sources):
        parquet.check_installed()
    if options.out is None or not options.out.exists():
        return
    for source in sources:
        if source.path is not None and options.out.samefile(source.path):
            raise SettingError(f"--out: {options.out} is one of the inputs")


def _print(options: BulkOptions, classifier: Classifier, submitted: Iterator[Submitted]) -> Tally:
    articles = problems = 0
    table = None
    if options.format == "csv":
        table = CsvTable(sys.stdout, classifier.manifest.taxonomy.labels)
    for each in submitted:
        entry = _classify(classifier, each, options)
        articles, problems = articles + 1, problems + (entry.problem is not None)
        if table is None:
            sys.stdout.write(entry.to_json().decode())
        else:
            table.write(entry)
        # Whoever reads along sees each answer as soon as it is there.
        sys.stdout.flush()
    return Tally(articles, problems)


def _classify(classifier: Classifier, submitted: Submitted, options: BulkOptions) -> Entry:
    if submitted.article is None:
        return _entry(submitted, submitted.problem or "")
    article = submitted.article
    try:
        if submitted.html:
            article = extract_article(article)
        check_article(article, options.max_chars)
    except HtmlNotInstalled:
        # No fault of the article's, and the same for every other page.
        raise
    except ArticleError as error:
        return _entry(submitted, str(error))
    classification = classifier.classify(article, evidence=options.evidence)
    answer = make_answer(article, classification, classifier.manifest, extracted=submitted.html)
    return _entry(submitted, answer)


def _entry(submitted: Submitted, outcome: Answer | str) -> Entry:
    if isinstance(outcome, str):
        tqdm.write(f"{submitted.source}:{submitted.line}: {outcome}", file=sys.stderr)
    return Entry.of(submitted, outcome)


def _shown(
    options: BulkOptions, sources: Sequence[Source], submitted: Iterator[Submitted], done: int
) -> Iterator[Submitted]:
    # Beside answers on the same terminal a bar would only be in the way.
    hidden = not options.progress or (options.out is None and sys.stdout.isatty())
    counts = [] if hidden or not sys.stderr.isatty() else list(map(count_articles, sources))
    known = [count for count in counts if count is not None]
    yield from tqdm(
        submitted,
        initial=done,
        total=sum(known) if known and len(known) == len(counts) else None,
        unit=" articles",
        # None: where standard error is no terminal.
        disable=True if hidden else None,
    )


def _write_csv(labels: Sequence[str], entries: BinaryIO, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = CsvTable(file, labels)
        for entry in read_entries(entries):
            table.write(entry)


def _write_parquet(labels: Sequence[str], entries: BinaryIO, path: Path) -> None:
    rows = (entry.to_row(labels) for entry in read_entries(entries))
    parquet.write_rows(path, rows, labels)
