"""Near-duplicates: the same report in other words, titles or furniture."""

import re
from collections.abc import Iterable

from datasketch import MinHash, MinHashLSH
from tokenizers import Tokenizer

_WORD = re.compile(r"\w+")
_SHINGLE = 3
_PERMUTATIONS = 128


class NearDuplicates:
    """An index of articles that finds those sharing half of their word 3-grams with a text.

    MinHash with locality-sensitive hashing (Broder 1997, 'On the resemblance and containment
    of documents') over texts in the tokenizer's own normal form.
    """

    def __init__(self, tokenizer: Tokenizer, *, similarity: float = 0.5) -> None:
        self._normalizer = tokenizer.normalizer
        self._similarity = similarity
        self._signatures: dict[str, MinHash] = {}
        # Looser than what is asked for: candidates are compared in full afterwards.
        self._index = MinHashLSH(threshold=similarity * 0.8, num_perm=_PERMUTATIONS)

    def add(self, name: str, text: str) -> None:
        """Put `text` into the index as `name`; a text without a word has no duplicates."""
        signature = self._signature(text)
        if signature is not None:
            self._signatures[name] = signature
            self._index.insert(name, signature)

    def find(self, text: str) -> list[str]:
        """Names of the indexed texts that `text` is a near-duplicate of, most similar first."""
        signature = self._signature(text)
        if signature is None:
            return []
        likeness = {
            name: signature.jaccard(self._signatures[name]) for name in self._index.query(signature)
        }
        found = (name for name in likeness if likeness[name] >= self._similarity)
        return sorted(found, key=lambda name: -likeness[name])

    def _signature(self, text: str) -> MinHash | None:
        normal = self._normalizer.normalize_str(text) if self._normalizer else text
        shingles = set(_shingles(_WORD.findall(normal)))
        if not shingles:
            return None
        signature = MinHash(num_perm=_PERMUTATIONS)
        signature.update_batch(shingles)
        return signature


def _shingles(words: list[str]) -> Iterable[bytes]:
    # A text of fewer words is one shingle.
    for first in range(max(1, len(words) - _SHINGLE + 1) if words else 0):
        yield " ".join(words[first : first + _SHINGLE]).encode()
