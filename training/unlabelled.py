"""The unlabelled articles that are learned from: none of them is a labelled one, or nearly so."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer
from tqdm import tqdm

from rasid.article import Article
from rasid.reading import read_article
from training.archive import ArchiveArticle, BadInput, read_archive
from training.articles import DataError, LabelledArticle
from training.duplicates import NearDuplicates


class KnownArticles:
    """Labelled articles; `article in known` says whether an archive's is one, or nearly one.

    Articles are compared by id and by what is read of them, without the page's furniture:
    articles of the same site share that.
    """

    def __init__(self, known: Iterable[LabelledArticle], tokenizer: Tokenizer) -> None:
        self._ids: set[str] = set()
        self._texts = NearDuplicates(tokenizer)
        for article in tqdm(known, desc="labelled articles", disable=None):
            self._ids.add(article.id)
            self._texts.add(article.id, read_article(article.article).text)

    def __contains__(self, found: ArchiveArticle) -> bool:
        return found.id in self._ids or bool(self._texts.find(read_article(found.article).text))


def read_pool(
    shards: Sequence[Path],
    known: Iterable[LabelledArticle],
    tokenizer: Tokenizer,
    *,
    count: int,
    bad_input: BadInput,
    leave_out: Iterable[str] = (),
) -> list[Article]:
    """The first `count` articles of the archive that are not among the known ones.

    Raises `DataError` where none is left, and as `read_archive` does.
    """
    found = read_archive(
        shards, bad_input=bad_input, report=tqdm.write, leave_out=frozenset(leave_out)
    )
    labelled = KnownArticles(known, tokenizer)
    fresh = (article.article for article in found if article not in labelled)
    pool = list(islice(tqdm(fresh, desc="reading", total=count, disable=None), count))
    if not pool:
        raise DataError(["no article of the archive is left to learn from"])
    return pool
