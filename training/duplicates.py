"""Near-duplicates: the same report in other words, titles or furniture."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import FeatureHasher
from tokenizers import Tokenizer

_WORD = re.compile(r"\w+")
_SHINGLE = 3
# Two articles of 400 shingles share 0.04 of them by chance alone.
_BUCKETS = 2**22
_CONTAINED = 0.8
# Of two very short texts one easily lies within the other.
_MIN_CONTAINED = 30


class NearDuplicates:
    """An index of texts that finds those that a text has much in common with.

    Near-duplicates share half of all their word 3-grams, or four fifths of those of the shorter
    text, where that has 30 at least (resemblance and containment: Broder 1997, 'On the
    resemblance and containment of documents'). The sets are compared as they are, not their
    sketches: for each 3-gram, as a bucket of a hash, the index has the texts that it is in,
    8 bytes for each of them. It is made anew when texts were added: add all of them first.
    """

    def __init__(self, tokenizer: Tokenizer, *, similarity: float = 0.5) -> None:
        self._normalizer = tokenizer.normalizer
        self._similarity = similarity
        self._hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
        self._names: list[str] = []
        self._shingles: list[NDArray[np.int32]] = []
        self._sizes = np.zeros(0, np.int64)
        self._index: Any = None

    def add(self, name: str, text: str) -> None:
        """Put `text` into the index as `name`; a text without a word has no duplicates."""
        self._names.append(name)
        self._shingles.append(self._hashed(text))
        self._index = None

    def find(self, text: str) -> list[str]:
        """Names of the indexed texts that `text` is a near-duplicate of, most similar first."""
        if self._index is None:
            self._sizes = np.array([len(shingles) for shingles in self._shingles], np.int64)
            # (shingles, texts): a row has the texts that a shingle is in.
            self._index = _matrix(self._shingles).T.tocsr()
        own = self._hashed(text)
        row = (_matrix([own]) @ self._index).tocsr()
        places, shared = row.indices, row.data
        sizes = self._sizes[places]
        smaller = np.minimum(sizes, len(own))
        likeness = shared / (sizes + len(own) - shared)
        contained = (smaller >= _MIN_CONTAINED) & (shared >= _CONTAINED * smaller)
        found = np.flatnonzero((likeness >= self._similarity) | contained)
        order = found[np.argsort(-likeness[found], kind="stable")]
        return [self._names[place] for place in places[order]]

    def _hashed(self, text: str) -> NDArray[np.int32]:
        normal = self._normalizer.normalize_str(text) if self._normalizer else text
        words = _WORD.findall(normal)
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
