"""Articles as one long row of token ids on disk, and the windows that are cut from it."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rasid.reading import read_article
from training.archive import ArchiveArticle
from training.articles import DataError

_BATCH = 256


@dataclass(frozen=True)
class PackedSummary:
    """What was packed: articles by source, and tokens in all."""

    articles: dict[str, int]
    tokens: int


@dataclass(frozen=True)
class PackedTokens:
    """The memory-mapped row: `ids` and, for each, whether it begins a word.

    Articles follow each other, a separator after each.
    """

    ids: NDArray[np.unsignedinteger[Any]]
    begins: NDArray[np.bool_]
    summary: PackedSummary


def pack(articles: Iterable[ArchiveArticle], tokenizer: Tokenizer, folder: Path) -> PackedTokens:
    """Tokenise `articles` once into `folder`; a folder that is complete is opened as it is.

    Furniture is left out and a title leads, as when an article is classified. The folder is
    written beside its place and moved there when it is whole.
    """
    if not folder.is_dir():
        staging = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        summary = _write(articles, tokenizer, staging)
        if not summary.tokens:
            shutil.rmtree(staging)
            raise DataError(["no article is left to train on"])
        (staging / "summary.json").write_text(json.dumps(asdict(summary)), "utf-8")
        staging.replace(folder)
    summary = PackedSummary(**json.loads((folder / "summary.json").read_text("utf-8")))
    return PackedTokens(
        np.memmap(folder / "ids", _id_type(tokenizer), mode="r"),
        np.memmap(folder / "begins", np.bool_, mode="r"),
        summary,
    )


def _write(articles: Iterable[ArchiveArticle], tokenizer: Tokenizer, folder: Path) -> PackedSummary:
    (_, separator), kind = frame_ids(tokenizer), _id_type(tokenizer)
    counts: Counter[str] = Counter()
    tokens = 0
    with (folder / "ids").open("wb") as ids_file, (folder / "begins").open("wb") as begins_file:
        for ids, begins, source in _encoded(articles, tokenizer):
            ids_file.write(np.array([*ids, separator], kind).tobytes())
            begins_file.write(np.array([*begins, True], np.bool_).tobytes())
            counts[source] += 1
            tokens += len(ids) + 1
    return PackedSummary(dict(sorted(counts.items())), tokens)


def _encoded(
    articles: Iterable[ArchiveArticle], tokenizer: Tokenizer
) -> Iterator[tuple[list[int], list[bool], str]]:
    stream = iter(articles)
    while group := list(islice(stream, _BATCH)):
        texts = [read_article(article.article).text for article in group]
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        for article, encoding in zip(group, encodings, strict=True):
            words = encoding.word_ids
            begins = [True, *(a != b for a, b in pairwise(words))][: len(words)]
            yield encoding.ids, begins, article.source


def frame_ids(tokenizer: Tokenizer) -> tuple[int, int]:
    """The tokens that the tokenizer puts before and after a text."""
    first, last = tokenizer.encode("").ids
    return first, last


def _id_type(tokenizer: Tokenizer) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if tokenizer.get_vocab_size() <= 2**16 else np.uint32
