"""Near-duplicates: the same report in other words, titles or furniture."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction import FeatureHasher
from tokenizers import Tokenizer, models
from tqdm import tqdm

from rasid.article import Article
from rasid.normalization import normalize_tokenizer
from rasid.reading import read_article

_WORD = re.compile(r"\w+")
_SHINGLE = 3
# Two articles of 400 shingles share 0.04 of them by chance alone.
_BUCKETS = 2**22
_CONTAINED = 0.8
# Of two very short texts one easily lies within the other.
_MIN_CONTAINED = 30


@dataclass(frozen=True)
class Duplicates:
    """Which of some articles are nearly the same, by their rows.

    `pairs` (pairs, 2) has the smaller row first; `same` (pairs,) says whether all words are.
    `groups` (articles,) numbers the articles so that those that are linked by pairs, directly
    or through others, have the same number.
    """

    pairs: NDArray[np.int64]
    same: NDArray[np.bool_]
    groups: NDArray[np.int64]


def find_duplicates(articles: Sequence[Article]) -> Duplicates:
    """Compare all articles by what is read of them: copies in another site's furniture, too.

    The normalisation is 'light' whatever encoder is trained, so that its data is split alike.
    """
    index, count = NearDuplicates(plain_normaliser()), len(articles)
    for article in tqdm(articles, desc="looking for duplicates", disable=None):
        index.add("", read_article(article).text)
    pairs = index.pairs()
    # As numbers: of one text that came a thousand times there are half a million pairs.
    contents = np.unique(np.array(index.contents, object), return_inverse=True)[1]
    same = contents[pairs[:, 0]] == contents[pairs[:, 1]]
    if not count:
        return Duplicates(pairs, same, np.zeros(0, np.int64))
    links = csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    groups = connected_components(links, directed=False)[1]
    return Duplicates(pairs, same, groups.astype(np.int64))


def plain_normaliser() -> Tokenizer:
    """A tokenizer of no vocabulary that normalises like every model of profile 'light'."""
    empty = Tokenizer(models.WordLevel({"": 0}, unk_token=""))
    return Tokenizer.from_str(normalize_tokenizer(empty.to_str(), "light"))


class NearDuplicates:
    """An index of texts that finds those that a text has much in common with.

    Near-duplicates share half of all their word 3-grams, or four fifths of those of the shorter
    text, where that has 30 at least (resemblance and containment: Broder 1997, 'On the
    resemblance and containment of documents'). The sets are compared as they are, not their
    sketches: for each 3-gram, as a bucket of a hash, the index has the texts that it is in,
    8 bytes for each of them. It is made anew when texts were added: add all of them first.
    `contents` has a hash of the words of each text in their order.
    """

    def __init__(self, tokenizer: Tokenizer, *, similarity: float = 0.5) -> None:
        self._normalizer = tokenizer.normalizer
        self._similarity = similarity
        self._hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
        self._names: list[str] = []
        self._shingles: list[NDArray[np.int32]] = []
        self.contents: list[bytes] = []
        self._sizes = np.zeros(0, np.int64)
        self._index: Any = None

    def add(self, name: str, text: str) -> None:
        """Put `text` into the index as `name`; a text without a word has no duplicates."""
        words = self._words(text)
        self._names.append(name)
        self._shingles.append(self._hashed(words))
        self.contents.append(hashlib.sha256(" ".join(words).encode()).digest())
        self._index = None

    def find(self, text: str) -> list[str]:
        """Names of the indexed texts that `text` is a near-duplicate of, most similar first."""
        found, likeness = self._alike(self._hashed(self._words(text)))
        return [self._names[place] for place in found[np.argsort(-likeness, kind="stable")]]

    def pairs(self) -> NDArray[np.int64]:
        """Places of all near-duplicates among the indexed texts, earlier first: (pairs, 2)."""
        found = [np.zeros((0, 2), np.int64)]
        for place, own in enumerate(self._shingles):
            later = np.sort(self._alike(own)[0])
            later = later[later > place]
            found.append(np.column_stack([np.full(len(later), place), later]).astype(np.int64))
        return np.concatenate(found)

    def _alike(self, own: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Places of the texts that one with these shingles is a near-duplicate of; resemblances."""
        if self._index is None:
            self._sizes = np.array([len(shingles) for shingles in self._shingles], np.int64)
            # (shingles, texts): a row has the texts that a shingle is in.
            self._index = _matrix(self._shingles).T.tocsr()
        row = (_matrix([own]) @ self._index).tocsr()
        places, shared = row.indices, row.data
        sizes = self._sizes[places]
        smaller = np.minimum(sizes, len(own))
        likeness = shared / (sizes + len(own) - shared)
        contained = (smaller >= _MIN_CONTAINED) & (shared >= _CONTAINED * smaller)
        found = np.flatnonzero((likeness >= self._similarity) | contained)
        return places[found], likeness[found]

    def _words(self, text: str) -> list[str]:
        normal = self._normalizer.normalize_str(text) if self._normalizer else text
        return _WORD.findall(normal)

    def _hashed(self, words: Sequence[str]) -> NDArray[np.int32]:
        # A text of fewer words is one shingle.
        starts = range(max(1, len(words) - _SHINGLE + 1) if words else 0)
        shingles = [" ".join(words[first : first + _SHINGLE]) for first in starts]
        return np.unique(self._hasher.transform([shingles]).indices).astype(np.int32)


def _matrix(rows: list[NDArray[np.int32]]) -> Any:
    """Sparse (rows, buckets) with a 1 for every bucket in a row."""
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.zeros(0, np.int32), *rows])
    ones = np.ones(len(columns), np.float32)
    return csr_matrix((ones, columns, ends), shape=(len(rows), _BUCKETS))
